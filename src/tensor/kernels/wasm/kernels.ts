import type { Tensor } from "../../tensor";
import type { ActivationGradient, BinaryKernel, CompareKernel, Kernels, ReduceKernel, UnaryKernel } from "../interface";
import { reference } from "../reference";
import { attentionSizes, batchStep, collapse, rows } from "./layouts";
import { exports, scratch, writeMeta } from "./module";

/** Op numbers of the WASM module, in the order of `assembly/ops.ts`. */
const numbered = <K extends string>(names: readonly K[]) =>
  Object.fromEntries(names.map((name, i) => [name, i])) as Record<K, number>;
const unaryNumber = numbered<UnaryKernel>([
  ...(["neg", "exp", "log", "sqrt", "rsqrt", "tanh", "erf", "sigmoid", "silu", "relu", "softplus", "abs"] as const),
  ...(["sin", "cos", "gelu_tanh", "gelu_erf", "sign", "square", "reciprocal"] as const),
]);
const activationNumber = numbered<ActivationGradient>(["gelu_tanh", "gelu_erf", "silu"]);
const binaryNumber = numbered<BinaryKernel>(["add", "sub", "mul", "div", "maximum", "minimum", "pow"]);
const compareNumber = numbered<CompareKernel>(["eq", "ne", "lt", "le", "gt", "ge"]);
const reduceNumber = numbered<ReduceKernel>(["sum", "max", "min"]);

const address = (x: Tensor) => x.address;
type Addresses = [number, number, number, number, number];
const lastAxis = (x: Tensor) => x.shape[x.rank - 1]!;

/** SIMD kernels for `f32`. What is rare and no hot spot (`gather`, `scatterAdd`) stays with the reference. */
export const wasm: Kernels = {
  ...reference,
  name: "wasm",

  unary(op, x, out) {
    // Elementwise kernels want one block; a strided input is laid out in the output first.
    if (!x.layout.isContiguous) wasm.copy(x, out);
    exports.unary(unaryNumber[op], x.layout.isContiguous ? address(x) : address(out), address(out), out.size);
  },
  binary(op, a, b, out) {
    const { rank, meta } = collapse(out.shape, [a, b]);
    writeMeta(meta);
    exports.binary(binaryNumber[op], rank, scratch.meta, address(a), address(b), address(out));
  },
  compare(op, a, b, out) {
    if (a.dtype !== "f32") return reference.compare(op, a, b, out);
    const { rank, meta } = collapse(out.shape, [a, b]);
    writeMeta(meta);
    exports.compare(compareNumber[op], rank, scratch.meta, address(a), address(b), address(out));
  },
  where(condition, a, b, out) {
    const { rank, meta } = collapse(out.shape, [condition, a, b]);
    writeMeta(meta);
    exports.where_(rank, scratch.meta, address(condition), address(a), address(b), address(out));
  },
  copy(x, out) {
    if (x.dtype !== out.dtype || (x.dtype !== "f32" && x.dtype !== "i32")) return reference.copy(x, out);
    const { rank, meta } = collapse(out.shape, [x, out]);
    writeMeta(meta);
    exports.copyStrided(rank, scratch.meta, address(x), address(out));
  },
  fill(out, value) {
    if (out.dtype === "f32" && out.layout.isContiguous) exports.fill(address(out), out.size, value);
    else reference.fill(out, value);
  },
  activationGradient(op, x, g, out) {
    exports.unaryBackward(activationNumber[op], address(x), address(g), address(out), out.size);
  },
  reduce(op, x, out) {
    const [outer, n, inner] = x.shape as [number, number, number];
    exports.reduce(reduceNumber[op], address(x), address(out), outer, n, inner);
  },
  argmax(x, out) {
    exports.argmax(address(x), address(out), out.size, lastAxis(x));
  },

  softmax(x, out) {
    exports.softmax(address(x), address(out), rows(x), lastAxis(x));
  },
  logSoftmax(x, out) {
    exports.logSoftmax(address(x), address(out), rows(x), lastAxis(x));
  },
  causalSoftmax(x, out) {
    const [queries, keys] = [x.shape[x.rank - 2]!, lastAxis(x)];
    const matrices = x.size === 0 ? 0 : x.size / (queries * keys);
    exports.causalSoftmax(address(x), address(out), matrices, queries, keys);
  },
  softmaxGradient(y, g, out) {
    exports.softmaxBackward(address(y), address(g), address(out), rows(y), lastAxis(y));
  },
  logSoftmaxGradient(y, g, out) {
    exports.logSoftmaxBackward(address(y), address(g), address(out), rows(y), lastAxis(y));
  },

  matmul(a, b, out) {
    const [batch, m, k] = a.shape as [number, number, number];
    const n = b.shape[2]!;
    const room = scratch.forGemm(exports.gemmScratchBytes(m, n, k));
    const [, aRow, aColumn] = a.layout.strides as [number, number, number];
    const [, bRow, bColumn] = b.layout.strides as [number, number, number];
    const [aStep, bStep] = [batchStep(a), batchStep(b)];
    let [at, bt, to] = [address(a), address(b), address(out)];
    for (let i = 0; i < batch; i++) {
      exports.gemm(m, n, k, at, aRow, aColumn, bt, bRow, bColumn, to, n, 0, 0, room);
      at += aStep;
      bt += bStep;
      to += 4 * m * n;
    }
  },

  attention(q, k, v, starts, out, scale) {
    if (out.size === 0) return;
    writeMeta(attentionSizes(q, k, v, out));
    const room = scratch.forGemm(exports.attentionScratchBytes(scratch.meta));
    const units = k.shape[0]! * k.shape[2]!;
    const [qAt, kAt, vAt, from, to] = [q, k, v, starts, out].map(address) as Addresses;
    exports.attention(scratch.meta, qAt, kAt, vAt, from, to, scale, room, 0, units);
  },
  attentionGradient(q, k, v, starts, g, dq, dk, dv, scale) {
    if (g.size === 0) return;
    writeMeta(attentionSizes(q, k, v, g));
    const room = scratch.forGemm(exports.attentionGradientScratchBytes(scratch.meta));
    const units = k.shape[0]! * k.shape[2]!;
    const [qAt, kAt, vAt, from, slope] = [q, k, v, starts, g].map(address) as Addresses;
    const [dqAt, dkAt, dvAt] = [address(dq), address(dk), address(dv)];
    exports.attentionGradient(scratch.meta, qAt, kAt, vAt, from, slope, dqAt, dkAt, dvAt, scale, room, 0, units);
  },

  layerNorm(x, weight, bias, out, eps) {
    exports.layerNorm(address(x), address(weight), address(bias), address(out), rows(x), lastAxis(x), eps);
  },
  layerNormGradient(x, weight, g, out, eps) {
    exports.layerNormBackwardX(address(x), address(weight), address(g), address(out), rows(x), lastAxis(x), eps);
  },
  layerNormWeightGradient(x, g, out, eps) {
    exports.layerNormBackwardW(address(x), address(g), address(out), 0, rows(x), lastAxis(x), eps);
  },
  rmsNorm(x, weight, out, eps) {
    exports.rmsNorm(address(x), address(weight), address(out), rows(x), lastAxis(x), eps);
  },
  rmsNormGradient(x, weight, g, out, eps) {
    exports.rmsNormBackwardX(address(x), address(weight), address(g), address(out), rows(x), lastAxis(x), eps);
  },
  rmsNormWeightGradient(x, g, out, eps) {
    exports.rmsNormBackwardW(address(x), address(g), address(out), rows(x), lastAxis(x), eps);
  },

  embedding(weight, index, out) {
    exports.embedding(address(weight), address(index), address(out), index.size, weight.shape[1]!);
  },
  embeddingGradient(index, g, out) {
    exports.fill(address(out), out.size, 0);
    exports.scatterAddRows(address(index), address(g), address(out), index.size, out.shape[1]!);
  },
  crossEntropy(logits, target, out, ignore) {
    exports.crossEntropy(address(logits), address(target), address(out), out.size, lastAxis(logits), ignore);
  },
  crossEntropyGradient(logits, target, g, out, ignore) {
    const n = lastAxis(logits);
    exports.crossEntropyBackward(address(logits), address(target), address(g), address(out), g.size, n, ignore);
  },
  adam(p, g, m, v, { lr, beta1, beta2, eps, weightDecay, correction1, correction2 }) {
    const [values, gradient, mean, square] = [address(p), address(g), address(m), address(v)];
    exports.adam(values, gradient, mean, square, p.size, lr, beta1, beta2, eps, weightDecay, correction1, correction2);
  },
};
