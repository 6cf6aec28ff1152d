import type { DType } from "../../dtype";
import { isHalf } from "../../half";
import { allocate, release } from "../../memory/memory";
import type { Tensor } from "../../tensor";
import type { Kernels } from "../interface";
import { Activation, Binary, Compare, Conversion, Job, Reduce, Unary } from "../numbers";
import { reference } from "../reference/kernels";
import { grain, launch, launchParts, ownMetas, scratchFor, setFloats, writeMeta } from "./launch";
import { alongAxis, attentionSizes, collapse, rows } from "./layouts";
import { exports } from "./module";
import { partition } from "./partition";

/** Kernels that read weights, by how these are stored. */
const gemmJob: Partial<Record<DType, Job>> = { f32: Job.gemm, f16: Job.gemmF16, bf16: Job.gemmBf16 };
const embeddingJob: Partial<Record<DType, Job>> = {
  f32: Job.embedding,
  f16: Job.embeddingF16,
  bf16: Job.embeddingBf16,
};

/** Copies that change between 32 and 16 bits, or keep 16; `undefined` for others. */
function conversionOf(from: DType, to: DType): Conversion | undefined {
  if (from === to) return isHalf(from) ? Conversion.bits : undefined;
  return Conversion[`${from}_${to}` as keyof typeof Conversion];
}

const address = (x: Tensor) => x.address;
const lastAxis = (x: Tensor) => x.shape[x.rank - 1]!;

/** The cost of one element beside one that is only read and written. */
const cost = { plain: 1, function: 5, rows: 2, exponential: 6 };

/** Runs a kernel that walks any strides, cut along its first axis. */
function strided(job: Job, op: number, out: Tensor, operands: readonly Tensor[], a: number, b: number, c = 0, d = 0) {
  const { rank, meta } = collapse(out.shape, operands);
  const units = rank === 0 ? 1 : meta[0]!;
  const work = units === 0 ? 0 : out.size / units;
  launch(job, units, work, rank, writeMeta(meta), ownMetas(), op, a, b, c, d);
}

/** SIMD kernels for `f32`. What is rare and no hot spot stays with the reference. */
export const wasm: Kernels = {
  ...reference,
  name: "wasm",

  unary(op, x, out) {
    // Elementwise kernels want one block; a strided input is laid out in the output first.
    if (!x.layout.isContiguous) wasm.copy(x, out);
    const from = x.layout.isContiguous ? address(x) : address(out);
    launch(Job.unary, out.size, cost.function, Unary[op], from, address(out));
  },
  binary(op, a, b, out) {
    strided(Job.binary, Binary[op], out, [a, b], address(a), address(b), address(out));
  },
  compare(op, a, b, out) {
    if (a.dtype !== "f32") return reference.compare(op, a, b, out);
    strided(Job.compare, Compare[op], out, [a, b], address(a), address(b), address(out));
  },
  where(condition, a, b, out) {
    strided(Job.where, 0, out, [condition, a, b], address(condition), address(a), address(b), address(out));
  },
  copy(x, out) {
    if (x.dtype === out.dtype && (x.dtype === "f32" || x.dtype === "i32")) {
      return strided(Job.copy, 0, out, [x, out], address(x), address(out));
    }
    const conversion = conversionOf(x.dtype, out.dtype);
    if (conversion === undefined) return reference.copy(x, out);
    strided(Job.convert, conversion, out, [x, out], address(x), address(out));
  },
  fill(out, value) {
    if (out.dtype !== "f32" || !out.layout.isContiguous) return reference.fill(out, value);
    setFloats(value);
    launch(Job.fill, out.size, cost.plain, address(out));
  },
  activationGradient(op, x, g, out) {
    launch(Job.activationGradient, out.size, cost.function, Activation[op], address(x), address(g), address(out));
  },
  reduce(op, x, out) {
    const [outer, n, inner] = x.shape as [number, number, number];
    if (inner === 1) launch(Job.reduceLast, outer, n, n, address(x), address(out), Reduce[op]);
    else launch(Job.reduceDown, inner, outer * n, address(x), address(out), inner, Reduce[op], n, outer);
  },
  argmax(x, out) {
    launch(Job.argmax, out.size, lastAxis(x), lastAxis(x), address(x), address(out));
  },

  softmax(x, out) {
    overRows(Job.softmax, cost.exponential, x, address(x), address(out));
  },
  logSoftmax(x, out) {
    overRows(Job.logSoftmax, cost.exponential, x, address(x), address(out));
  },
  causalSoftmax(x, out) {
    const [queries, keys] = [x.shape[x.rank - 2]!, lastAxis(x)];
    const matrices = x.size === 0 ? 0 : x.size / (queries * keys);
    launch(Job.causalSoftmax, matrices, queries * keys * 3, address(x), address(out), queries, keys);
  },
  softmaxGradient(y, g, out) {
    overRows(Job.softmaxGradient, cost.rows, y, address(y), address(g), address(out));
  },
  logSoftmaxGradient(y, g, out) {
    overRows(Job.logSoftmaxGradient, cost.exponential, y, address(y), address(g), address(out));
  },

  matmul(a, b, out, bias) {
    const [batch, m, k] = a.shape as [number, number, number];
    const n = b.shape[2]!;
    const [aBatch, aRow, aColumn] = a.layout.strides as [number, number, number];
    const [bBatch, bRow, bColumn] = b.layout.strides as [number, number, number];
    const { height, width, parts, size } = partition(batch, m, n, k);
    // In the order of `Product` in `assembly/gemm.ts`.
    launchParts(gemmJob[b.dtype]!, parts, size, [
      ...[m, n, k, height, width],
      ...[address(a), aRow, aColumn, aBatch],
      ...[address(b), bRow, bColumn, bBatch],
      ...[address(out), bias ? address(bias) : 0, scratchFor(exports.gemmScratchBytes())],
    ]);
  },

  attention(q, k, v, starts, out, scale) {
    if (out.size === 0) return;
    const sizes = writeMeta(attentionSizes(q, k, v, out));
    const bytes = exports.attentionScratchBytes(sizes);
    setFloats(scale);
    attend(Job.attention, q, k, 1, [
      ...[sizes, address(q), address(k), address(v), address(starts), address(out)],
      ...[scratchFor(bytes), bytes],
    ]);
  },
  attentionGradient(q, k, v, starts, g, dq, dk, dv, scale) {
    if (g.size === 0) return;
    const sizes = writeMeta(attentionSizes(q, k, v, g));
    const bytes = exports.attentionGradientScratchBytes(sizes);
    setFloats(scale);
    attend(Job.attentionGradient, q, k, 3, [
      ...[sizes, address(q), address(k), address(v), address(starts), address(g)],
      ...[address(dq), address(dk), address(dv), scratchFor(bytes), bytes],
    ]);
  },

  layerNorm(x, weight, bias, out, eps) {
    setFloats(eps);
    overRows(Job.layerNorm, cost.rows, x, address(x), address(weight), address(bias), address(out));
  },
  layerNormGradient(x, weight, g, out, eps) {
    setFloats(eps);
    overRows(Job.layerNormGradient, cost.rows, x, address(x), address(weight), address(g), address(out));
  },
  layerNormWeightGradient(x, g, out, eps) {
    normWeightGradient(Job.layerNormStatistics, x, g, out, eps);
  },
  rmsNorm(x, weight, out, eps) {
    setFloats(eps);
    overRows(Job.rmsNorm, cost.rows, x, address(x), address(weight), address(out));
  },
  rmsNormGradient(x, weight, g, out, eps) {
    setFloats(eps);
    overRows(Job.rmsNormGradient, cost.rows, x, address(x), address(weight), address(g), address(out));
  },
  rmsNormWeightGradient(x, g, out, eps) {
    normWeightGradient(Job.rmsNormStatistics, x, g, out, eps);
  },

  embedding(weight, index, out) {
    const d = weight.shape[1]!;
    launch(embeddingJob[weight.dtype]!, index.size, d, d, address(weight), address(index), address(out));
  },
  embeddingGradient(index, g, out) {
    wasm.fill(out, 0);
    const d = out.shape[1]!;
    launch(Job.embeddingGradient, d, index.size, address(index), address(g), address(out), index.size, d);
  },
  crossEntropy(logits, target, out, ignore) {
    // Rows of no classes still have a loss: 0.
    const n = lastAxis(logits);
    launch(Job.crossEntropy, out.size, n * cost.exponential, n, address(logits), address(target), address(out), ignore);
  },
  crossEntropyGradient(logits, target, g, out, ignore) {
    const from = [address(logits), address(target), address(g)] as const;
    overRows(Job.crossEntropyGradient, 2 * cost.exponential, logits, ...from, address(out), ignore);
  },
  rotary(x, cos, sin, out, heads) {
    const [batch, length, vectors, d] = x.shape as [number, number, number, number];
    const inputs = [address(x), address(cos), address(sin)] as const;
    launch(Job.rotary, batch * length, 2 * vectors * d, ...inputs, address(out), heads, vectors, d, lastAxis(cos));
  },
  swiglu(gate, up, out) {
    launch(Job.swiglu, out.size, cost.function, address(gate), address(up), address(out));
  },
  swigluGateGradient(gate, up, g, out) {
    const inputs = [address(gate), address(up), address(g)] as const;
    launch(Job.swigluGateGradient, out.size, cost.function, ...inputs, address(out));
  },
  klWithout(clean, edited, index, out) {
    const n = lastAxis(clean);
    const inputs = [address(clean), address(edited), address(index)] as const;
    launch(Job.klWithout, out.size, n * cost.exponential, n, ...inputs, address(out), lastAxis(index));
  },
  klWithoutGradient(clean, edited, index, g, out) {
    const n = lastAxis(clean);
    const inputs = [address(clean), address(edited), address(index), address(g)] as const;
    launch(Job.klWithoutGradient, g.size, n * cost.exponential, n, ...inputs, address(out), lastAxis(index));
  },
  gather(x, index, out, axis) {
    const sizes = alongAxis(x, index, axis);
    if (sizes === undefined) return reference.gather(x, index, out, axis);
    launch(Job.gather, 1, 0, address(x), address(index), address(out), ...sizes);
  },
  scatterAdd(out, index, source, axis) {
    const sizes = alongAxis(out, index, axis);
    if (sizes === undefined) return reference.scatterAdd(out, index, source, axis);
    launch(Job.scatterAdd, 1, 0, address(out), address(index), address(source), ...sizes);
  },
  adam(p, g, m, v, { lr, beta1, beta2, eps, weightDecay, correction1, correction2 }) {
    setFloats(lr, beta1, beta2, eps, weightDecay, correction1, correction2);
    launch(Job.adam, p.size, 2 * cost.rows, address(p), address(g), address(m), address(v));
  },
};

/** Runs a kernel on the rows of `x`. */
function overRows(job: Job, perElement: number, x: Tensor, a: number, b: number, c = 0, d = 0, e = 0): void {
  const n = lastAxis(x);
  launch(job, rows(x), n * perElement, n, a, b, c, d, e);
}

/** Statistics of each row first; then the sum over rows can go column by column. */
function normWeightGradient(statistics: Job, x: Tensor, g: Tensor, out: Tensor, eps: number): void {
  const [count, n] = [rows(x), lastAxis(x)];
  const bytes = 8 * count;
  const stats = allocate(bytes);
  setFloats(eps);
  overRows(statistics, cost.rows, x, address(x), stats);
  launch(Job.normWeightGradient, n, 2 * count, address(x), address(g), stats, address(out), count, n);
  release(stats, bytes);
}

/** Units are pairs of batch entry and key head. */
function attend(job: Job, q: Tensor, k: Tensor, passes: number, values: readonly number[]): void {
  const units = k.shape[0]! * k.shape[2]!;
  const perUnit = (passes * q.size * k.shape[1]!) / units / 4;
  launchParts(job, units, grain(units, perUnit), values);
}
