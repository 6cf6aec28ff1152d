/**
 * Names of kernels, and the numbers by which the WASM module knows them. Compiled twice, by TypeScript and by
 * AssemblyScript, so that both sides agree: only what both languages have stands here.
 */

/** Functions of one number. Each is a method of `Tensor`. */
export enum Unary {
  neg,
  exp,
  log,
  sqrt,
  rsqrt,
  tanh,
  erf,
  sigmoid,
  silu,
  relu,
  softplus,
  abs,
  sin,
  cos,
  gelu_tanh,
  gelu_erf,
  sign,
  square,
  reciprocal,
}

/** Functions of one number whose gradient `g · f′(x)` is one kernel. */
export enum Activation {
  gelu_tanh,
  gelu_erf,
  silu,
}

/** Functions of two numbers. */
export enum Binary {
  add,
  sub,
  mul,
  div,
  maximum,
  minimum,
  pow,
}

/** Comparisons of two numbers. */
export enum Compare {
  eq,
  ne,
  lt,
  le,
  gt,
  ge,
}

/** Functions of many numbers. */
export enum Reduce {
  sum,
  max,
  min,
}

/** Copies from and to 16 bits; `bits`: between tensors of the same dtype. */
export enum Conversion {
  f16_f32,
  bf16_f32,
  f32_f16,
  f32_bf16,
  bits,
}

/** Kernels that the WASM module runs over units: see `wasm/assembly/jobs.ts`. */
export enum Job {
  unary,
  activationGradient,
  binary,
  compare,
  where,
  copy,
  fill,
  reduceLast,
  reduceDown,
  argmax,
  softmax,
  logSoftmax,
  causalSoftmax,
  softmaxGradient,
  logSoftmaxGradient,
  gemm,
  layerNorm,
  layerNormGradient,
  layerNormStatistics,
  rmsNorm,
  rmsNormGradient,
  rmsNormStatistics,
  normWeightGradient,
  embedding,
  embeddingGradient,
  crossEntropy,
  crossEntropyGradient,
  adam,
  swiglu,
  swigluGateGradient,
  klWithout,
  klWithoutGradient,
  gather,
  scatterAdd,
  attention,
  attentionGradient,
  rotary,
  convert,
  gemmF16,
  gemmBf16,
  embeddingF16,
  embeddingBf16,
}

/** Address of the arguments of a job: 16 integers. */
export const integersAt = 640;
/** Address of 8 floats behind them. */
export const floatsAt = 704;
