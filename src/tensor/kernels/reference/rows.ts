import type { Tensor } from "../../tensor";
import type { Kernels } from "../interface";

type RowKernels = Pick<
  Kernels,
  | "argmax"
  | "softmax"
  | "logSoftmax"
  | "causalSoftmax"
  | "softmaxGradient"
  | "logSoftmaxGradient"
  | "layerNorm"
  | "layerNormGradient"
  | "layerNormWeightGradient"
  | "rmsNorm"
  | "rmsNormGradient"
  | "rmsNormWeightGradient"
  | "crossEntropy"
  | "crossEntropyGradient"
  | "klWithout"
  | "klWithoutGradient"
>;

/** Kernels along the last axis of contiguous tensors, row by row. */
export const referenceRows: RowKernels = {
  argmax(x, out) {
    eachRow(x, (row, r) => {
      let best = 0;
      // As in NumPy, NaN counts as the largest.
      for (let j = 1; j < row.length && !Number.isNaN(row[best]); j++) if (!(row[j]! <= row[best]!)) best = j;
      rowsOf(out)[r] = best;
    });
  },
  softmax(x, out) {
    eachRow(x, (row, r) => setRow(out, r, softmaxOf(row)));
  },
  logSoftmax(x, out) {
    eachRow(x, (row, r) => {
      const shift = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      if (shift === Number.NEGATIVE_INFINITY) return setRow(out, r, row);
      const log = Math.log(row.reduce((sum, v) => sum + Math.exp(v - shift), 0));
      setRow(
        out,
        r,
        row.map((v) => v - shift - log),
      );
    });
  },
  causalSoftmax(x, out) {
    const rows = x.shape[x.rank - 2]!;
    eachRow(x, (row, r) => {
      const masked = row.map((v, column) => (column > r % rows ? Number.NEGATIVE_INFINITY : v));
      setRow(out, r, softmaxOf(masked));
    });
  },
  softmaxGradient(y, g, out) {
    eachRow(y, (row, r) => {
      const slope = rowOf(g, r);
      const dot = row.reduce((sum, v, j) => sum + v * slope[j]!, 0);
      setRow(
        out,
        r,
        row.map((v, j) => v * (slope[j]! - dot)),
      );
    });
  },
  logSoftmaxGradient(y, g, out) {
    eachRow(y, (row, r) => {
      const slope = rowOf(g, r);
      const sum = slope.reduce((a, b) => a + b, 0);
      setRow(
        out,
        r,
        row.map((v, j) => slope[j]! - Math.exp(v) * sum),
      );
    });
  },
  layerNorm(x, weight, bias, out, eps) {
    const [w, b] = [rowOf(weight, 0), rowOf(bias, 0)];
    eachRow(x, (row, r) => {
      const { hat } = standardize(row, eps);
      setRow(
        out,
        r,
        hat.map((v, j) => v * w[j]! + b[j]!),
      );
    });
  },
  layerNormGradient(x, weight, g, out, eps) {
    const w = rowOf(weight, 0);
    eachRow(x, (row, r) => {
      const { hat, scale } = standardize(row, eps);
      const slope = rowOf(g, r).map((v, j) => v * w[j]!);
      const n = row.length;
      const mean = slope.reduce((a, b) => a + b, 0) / n;
      const dot = slope.reduce((sum, v, j) => sum + v * hat[j]!, 0) / n;
      setRow(
        out,
        r,
        slope.map((v, j) => scale * (v - mean - hat[j]! * dot)),
      );
    });
  },
  layerNormWeightGradient(x, g, out, eps) {
    sumOverRows(x, g, out, (row) => standardize(row, eps).hat);
  },
  rmsNorm(x, weight, out, eps) {
    const w = rowOf(weight, 0);
    eachRow(x, (row, r) => {
      const scale = inverseRms(row, eps);
      setRow(
        out,
        r,
        row.map((v, j) => v * scale * w[j]!),
      );
    });
  },
  rmsNormGradient(x, weight, g, out, eps) {
    const w = rowOf(weight, 0);
    eachRow(x, (row, r) => {
      const scale = inverseRms(row, eps);
      const slope = rowOf(g, r).map((v, j) => v * w[j]!);
      const dot = slope.reduce((sum, v, j) => sum + v * row[j]! * scale, 0) / row.length;
      setRow(
        out,
        r,
        slope.map((v, j) => scale * (v - row[j]! * scale * dot)),
      );
    });
  },
  rmsNormWeightGradient(x, g, out, eps) {
    sumOverRows(x, g, out, (row) => {
      const scale = inverseRms(row, eps);
      return row.map((v) => v * scale);
    });
  },
  crossEntropy(logits, target, out, ignore) {
    const ids = rowsOf(target);
    rowsOf(out).fill(0);
    eachRow(logits, (row, r) => {
      const shift = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      const log = Math.log(row.reduce((sum, v) => sum + Math.exp(v - shift), 0));
      rowsOf(out)[r] = ids[r] === ignore ? 0 : log - (row[ids[r]!]! - shift);
    });
  },
  crossEntropyGradient(logits, target, g, out, ignore) {
    const ids = rowsOf(target);
    const slope = rowsOf(g);
    eachRow(logits, (row, r) => {
      if (ids[r] === ignore) return setRow(out, r, row.fill(0));
      const p = softmaxOf(row);
      p[ids[r]!]! -= 1;
      setRow(
        out,
        r,
        p.map((v) => v * slope[r]!),
      );
    });
  },
  klWithout(clean, edited, index, out) {
    rowsOf(out).fill(0);
    eachRow(clean, (row, r) => {
      const [p, q] = [softmaxOf(without(row, index, r)), softmaxOf(without(rowOf(edited, r), index, r))];
      rowsOf(out)[r] = p.reduce((sum, v, j) => (v === 0 ? sum : sum + v * Math.log(v / q[j]!)), 0);
    });
  },
  klWithoutGradient(clean, edited, index, g, out) {
    const slope = rowsOf(g);
    eachRow(clean, (row, r) => {
      const [p, q] = [softmaxOf(without(row, index, r)), softmaxOf(without(rowOf(edited, r), index, r))];
      setRow(
        out,
        r,
        q.map((v, j) => slope[r]! * (v - p[j]!)),
      );
    });
  },
};

/** The elements of a contiguous tensor. */
function rowsOf(x: Tensor) {
  return x.storage.data().subarray(x.layout.offset, x.layout.offset + x.size);
}

/** Row `r` as float64, so that the reference adds up in full precision for any dtype. */
function rowOf(x: Tensor, r: number): Float64Array {
  const n = x.shape[x.rank - 1]!;
  return Float64Array.from(rowsOf(x).subarray(r * n, (r + 1) * n));
}

function setRow(out: Tensor, r: number, values: Float64Array): void {
  rowsOf(out).set(values, r * values.length);
}

function eachRow(x: Tensor, visit: (row: Float64Array, r: number) => void): void {
  const n = x.shape[x.rank - 1]!;
  if (n === 0) return;
  for (let r = 0; r < x.size / n; r++) visit(rowOf(x, r), r);
}

function softmaxOf(row: Float64Array): Float64Array {
  const shift = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (shift === Number.NEGATIVE_INFINITY) return row.map(() => 0);
  const e = row.map((v) => Math.exp(v - shift));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

function standardize(row: Float64Array, eps: number) {
  const mean = row.reduce((a, b) => a + b, 0) / row.length;
  const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / row.length;
  const scale = 1 / Math.sqrt(variance + eps);
  return { hat: row.map((v) => (v - mean) * scale), scale };
}

function inverseRms(row: Float64Array, eps: number): number {
  return 1 / Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / row.length + eps);
}

function sumOverRows(x: Tensor, g: Tensor, out: Tensor, hat: (row: Float64Array) => Float64Array): void {
  const sums = new Float64Array(out.size);
  eachRow(x, (row, r) => {
    const slope = rowOf(g, r);
    hat(row).forEach((v, j) => {
      sums[j]! += v * slope[j]!;
    });
  });
  rowsOf(out).set(sums);
}

/** Row `r` of an index names columns: those become -inf. */
function without(row: Float64Array, index: Tensor, r: number): Float64Array {
  const count = index.shape[1]!;
  for (const j of rowsOf(index).subarray(r * count, (r + 1) * count)) row[j] = Number.NEGATIVE_INFINITY;
  return row;
}
