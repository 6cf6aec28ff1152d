import type { DType } from "../../dtype";
import { allocate, release } from "../../memory/memory";
import type { Tensor } from "../../tensor";
import type { ActivationGradient, BinaryKernel, CompareKernel, Kernels, ReduceKernel, UnaryKernel } from "../interface";
import { reference } from "../reference";
import { grain, job, launch, launchParts, ownMetas, scratchFor, setFloats, writeMeta } from "./launch";
import { alongAxis, attentionSizes, collapse, rows } from "./layouts";
import { exports } from "./module";
import { partition } from "./partition";

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

/** Copies that change between 32 and 16 bits, or keep 16: numbers in the order of `assembly/convert.ts`. */
const conversionNumber: Readonly<Record<string, number>> = {
  "f16 f32": 0,
  "bf16 f32": 1,
  "f32 f16": 2,
  "f32 bf16": 3,
  "f16 f16": 4,
  "bf16 bf16": 4,
};
/** Kernels that read weights, by how these are stored. */
const gemmJob: Partial<Record<DType, number>> = { f32: job.gemm, f16: job.gemmF16, bf16: job.gemmBf16 };
const embeddingJob: Partial<Record<DType, number>> = {
  f32: job.embedding,
  f16: job.embeddingF16,
  bf16: job.embeddingBf16,
};

const address = (x: Tensor) => x.address;
const lastAxis = (x: Tensor) => x.shape[x.rank - 1]!;

/** What one element costs beside one that is only read and written. */
const cost = { plain: 1, function: 5, rows: 2, exponential: 6 };

/** Runs a kernel that walks any strides, cut along its first axis. */
function strided(
  number: number,
  op: number,
  out: Tensor,
  operands: readonly Tensor[],
  a: number,
  b: number,
  c = 0,
  d = 0,
) {
  const { rank, meta } = collapse(out.shape, operands);
  const units = rank === 0 ? 1 : meta[0]!;
  const work = units === 0 ? 0 : out.size / units;
  launch(number, units, work, rank, writeMeta(meta), ownMetas(), op, a, b, c, d);
}

/** SIMD kernels for `f32`. What is rare and no hot spot stays with the reference. */
export const wasm: Kernels = {
  ...reference,
  name: "wasm",

  unary(op, x, out) {
    // Elementwise kernels want one block; a strided input is laid out in the output first.
    if (!x.layout.isContiguous) wasm.copy(x, out);
    const from = x.layout.isContiguous ? address(x) : address(out);
    launch(job.unary, out.size, cost.function, unaryNumber[op], from, address(out));
  },
  binary(op, a, b, out) {
    strided(job.binary, binaryNumber[op], out, [a, b], address(a), address(b), address(out));
  },
  compare(op, a, b, out) {
    if (a.dtype !== "f32") return reference.compare(op, a, b, out);
    strided(job.compare, compareNumber[op], out, [a, b], address(a), address(b), address(out));
  },
  where(condition, a, b, out) {
    strided(job.where, 0, out, [condition, a, b], address(condition), address(a), address(b), address(out));
  },
  copy(x, out) {
    if (x.dtype === out.dtype && (x.dtype === "f32" || x.dtype === "i32")) {
      return strided(job.copy, 0, out, [x, out], address(x), address(out));
    }
    const conversion = conversionNumber[`${x.dtype} ${out.dtype}`];
    if (conversion === undefined) return reference.copy(x, out);
    strided(job.convert, conversion, out, [x, out], address(x), address(out));
  },
  fill(out, value) {
    if (out.dtype !== "f32" || !out.layout.isContiguous) return reference.fill(out, value);
    setFloats(value);
    launch(job.fill, out.size, cost.plain, address(out));
  },
  activationGradient(op, x, g, out) {
    launch(job.unaryBackward, out.size, cost.function, activationNumber[op], address(x), address(g), address(out));
  },
  reduce(op, x, out) {
    const [outer, n, inner] = x.shape as [number, number, number];
    if (inner === 1) launch(job.reduceLast, outer, n, n, address(x), address(out), reduceNumber[op]);
    else launch(job.reduceDown, inner, outer * n, address(x), address(out), inner, reduceNumber[op], n, outer);
  },
  argmax(x, out) {
    launch(job.argmax, out.size, lastAxis(x), lastAxis(x), address(x), address(out));
  },

  softmax(x, out) {
    overRows(job.softmax, cost.exponential, x, address(x), address(out));
  },
  logSoftmax(x, out) {
    overRows(job.logSoftmax, cost.exponential, x, address(x), address(out));
  },
  causalSoftmax(x, out) {
    const [queries, keys] = [x.shape[x.rank - 2]!, lastAxis(x)];
    const matrices = x.size === 0 ? 0 : x.size / (queries * keys);
    launch(job.causalSoftmax, matrices, queries * keys * 3, address(x), address(out), queries, keys);
  },
  softmaxGradient(y, g, out) {
    overRows(job.softmaxBackward, cost.rows, y, address(y), address(g), address(out));
  },
  logSoftmaxGradient(y, g, out) {
    overRows(job.logSoftmaxBackward, cost.exponential, y, address(y), address(g), address(out));
  },

  matmul(a, b, out, bias) {
    const [batch, m, k] = a.shape as [number, number, number];
    const n = b.shape[2]!;
    const [, aRow, aColumn] = a.layout.strides as [number, number, number];
    const [, bRow, bColumn] = b.layout.strides as [number, number, number];
    const { height, width, parts, size } = partition(batch, m, n, k);
    launchParts(gemmJob[b.dtype]!, parts, size, [
      ...[m, n, k, height, width, address(a), aRow, aColumn, a.layout.strides[0]!],
      ...[
        address(b),
        bRow,
        bColumn,
        b.layout.strides[0]!,
        address(out),
        bias ? address(bias) : 0,
        scratchFor(exports.gemmScratchBytes()),
      ],
    ]);
  },

  attention(q, k, v, starts, out, scale) {
    if (out.size === 0) return;
    const sizes = writeMeta(attentionSizes(q, k, v, out));
    const bytes = exports.attentionScratchBytes(sizes);
    setFloats(scale);
    attend(job.attention, q, k, 1, [
      ...[sizes, address(q), address(k), address(v), address(starts), address(out)],
      ...[scratchFor(bytes), bytes],
    ]);
  },
  attentionGradient(q, k, v, starts, g, dq, dk, dv, scale) {
    if (g.size === 0) return;
    const sizes = writeMeta(attentionSizes(q, k, v, g));
    const bytes = exports.attentionGradientScratchBytes(sizes);
    setFloats(scale);
    attend(job.attentionGradient, q, k, 3, [
      ...[sizes, address(q), address(k), address(v), address(starts), address(g)],
      ...[address(dq), address(dk), address(dv), scratchFor(bytes), bytes],
    ]);
  },

  layerNorm(x, weight, bias, out, eps) {
    setFloats(eps);
    overRows(job.layerNorm, cost.rows, x, address(x), address(weight), address(bias), address(out));
  },
  layerNormGradient(x, weight, g, out, eps) {
    setFloats(eps);
    overRows(job.layerNormBackwardX, cost.rows, x, address(x), address(weight), address(g), address(out));
  },
  layerNormWeightGradient(x, g, out, eps) {
    normWeightGradient(job.layerNormStatistics, x, g, out, eps);
  },
  rmsNorm(x, weight, out, eps) {
    setFloats(eps);
    overRows(job.rmsNorm, cost.rows, x, address(x), address(weight), address(out));
  },
  rmsNormGradient(x, weight, g, out, eps) {
    setFloats(eps);
    overRows(job.rmsNormBackwardX, cost.rows, x, address(x), address(weight), address(g), address(out));
  },
  rmsNormWeightGradient(x, g, out, eps) {
    normWeightGradient(job.rmsNormStatistics, x, g, out, eps);
  },

  embedding(weight, index, out) {
    const d = weight.shape[1]!;
    launch(embeddingJob[weight.dtype]!, index.size, d, d, address(weight), address(index), address(out));
  },
  embeddingGradient(index, g, out) {
    wasm.fill(out, 0);
    const d = out.shape[1]!;
    launch(job.scatterAddRows, d, index.size, address(index), address(g), address(out), index.size, d);
  },
  crossEntropy(logits, target, out, ignore) {
    // Rows of no classes still have a loss: 0.
    const n = lastAxis(logits);
    launch(job.crossEntropy, out.size, n * cost.exponential, n, address(logits), address(target), address(out), ignore);
  },
  crossEntropyGradient(logits, target, g, out, ignore) {
    const from = [address(logits), address(target), address(g)] as const;
    overRows(job.crossEntropyBackward, 2 * cost.exponential, logits, ...from, address(out), ignore);
  },
  rotary(x, cos, sin, out, heads) {
    const [batch, length, vectors, d] = x.shape as [number, number, number, number];
    const inputs = [address(x), address(cos), address(sin)] as const;
    launch(job.rotary, batch * length, 2 * vectors * d, ...inputs, address(out), heads, vectors, d, lastAxis(cos));
  },
  swiglu(gate, up, out) {
    launch(job.swiglu, out.size, cost.function, address(gate), address(up), address(out));
  },
  swigluGateGradient(gate, up, g, out) {
    const inputs = [address(gate), address(up), address(g)] as const;
    launch(job.swigluBackwardGate, out.size, cost.function, ...inputs, address(out));
  },
  klWithout(clean, edited, index, out) {
    const n = lastAxis(clean);
    const inputs = [address(clean), address(edited), address(index)] as const;
    launch(job.klWithout, out.size, n * cost.exponential, n, ...inputs, address(out), lastAxis(index));
  },
  klWithoutGradient(clean, edited, index, g, out) {
    const n = lastAxis(clean);
    const inputs = [address(clean), address(edited), address(index), address(g)] as const;
    launch(job.klWithoutBackward, g.size, n * cost.exponential, n, ...inputs, address(out), lastAxis(index));
  },
  gather(x, index, out, axis) {
    const sizes = alongAxis(x, index, axis);
    if (sizes === undefined) return reference.gather(x, index, out, axis);
    launch(job.gatherAlong, 1, 0, address(x), address(index), address(out), ...sizes);
  },
  scatterAdd(out, index, source, axis) {
    const sizes = alongAxis(out, index, axis);
    if (sizes === undefined) return reference.scatterAdd(out, index, source, axis);
    launch(job.scatterAddAlong, 1, 0, address(out), address(index), address(source), ...sizes);
  },
  adam(p, g, m, v, { lr, beta1, beta2, eps, weightDecay, correction1, correction2 }) {
    setFloats(lr, beta1, beta2, eps, weightDecay, correction1, correction2);
    launch(job.adam, p.size, 2 * cost.rows, address(p), address(g), address(m), address(v));
  },
};

/** Runs a kernel on the rows of `x`. */
function overRows(number: number, perElement: number, x: Tensor, a: number, b: number, c = 0, d = 0, e = 0): void {
  const n = lastAxis(x);
  launch(number, rows(x), n * perElement, n, a, b, c, d, e);
}

/** Statistics of each row first; then the sum over rows can go column by column. */
function normWeightGradient(statistics: number, x: Tensor, g: Tensor, out: Tensor, eps: number): void {
  const [count, n] = [rows(x), lastAxis(x)];
  const bytes = 8 * count;
  const stats = allocate(bytes);
  setFloats(eps);
  overRows(statistics, cost.rows, x, address(x), stats);
  launch(job.normBackwardW, n, 2 * count, address(x), address(g), stats, address(out), count, n);
  release(stats, bytes);
}

/** Units are pairs of batch entry and key head. */
function attend(number: number, q: Tensor, k: Tensor, passes: number, values: readonly number[]): void {
  const units = k.shape[0]! * k.shape[2]!;
  const perUnit = (passes * q.size * k.shape[1]!) / units / 4;
  launchParts(number, units, grain(units, perUnit), values);
}
