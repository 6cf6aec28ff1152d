import { attachMethods } from "./methods";

attachMethods();

export {
  arange,
  type CreateOptions,
  eye,
  full,
  linspace,
  ones,
  parameter,
  type RandomOptions,
  rand,
  randint,
  randn,
  tensor,
  zeros,
} from "./create";
export type { DType, TypedArray, TypedArrays } from "./dtype";
export {
  ArgumentError,
  DtypeError,
  type ErrorParts,
  FaderError,
  LifetimeError,
  NumericsError,
  OutOfMemoryError,
  ShapeError,
  ThreadError,
} from "./errors";
export { engineInfo, setBackend, setRelaxedSimd, setThreads } from "./kernels";
export type { Axis, Layout, Range, Ranges, Shape } from "./layout";
export { memoryUse } from "./memory/memory";
export { step } from "./memory/step";
export {
  add,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  minimum,
  mul,
  notEqual,
  pow,
  sub,
} from "./ops/arithmetic";
export { type AttentionOptions, causalAttention } from "./ops/attention";
export {
  abs,
  cos,
  erf,
  exp,
  geluErf,
  geluTanh,
  log,
  neg,
  reciprocal,
  relu,
  rsqrt,
  sigmoid,
  sign,
  silu,
  sin,
  softplus,
  sqrt,
  square,
  tanh,
} from "./ops/elementwise";
export { embedding, gather, indexSelect, scatterAdd } from "./ops/indexing";
export { concat, stack } from "./ops/join";
export { klWithout } from "./ops/kl";
export { linear } from "./ops/linear";
export { type CrossEntropyOptions, crossEntropy } from "./ops/loss";
export { matmul } from "./ops/matmul";
export { layerNorm, rmsNorm } from "./ops/norm";
export { argmax, logsumexp, max, mean, min, sum, variance } from "./ops/reduce";
export { rotary } from "./ops/rotary";
export { cast, maskedFill, tril, where } from "./ops/select";
export { causalSoftmax, logSoftmax, softmax } from "./ops/softmax";
export { swiglu } from "./ops/swiglu";
export {
  expand,
  flip,
  pad,
  permute,
  repeatInterleave,
  reshape,
  slice,
  split,
  squeeze,
  transpose,
  unsqueeze,
} from "./ops/views";
export {
  type ProfileRow,
  printProfile,
  profile,
  profileRows,
  profileTable,
  resetProfile,
  setProfile,
} from "./profile";
export { Random } from "./random";
export { isTensor, type Nested, Tensor, type TensorLike, type TensorMethods, type UnaryMethod } from "./tensor";
