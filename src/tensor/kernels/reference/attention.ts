import type { Tensor } from "../../tensor";
import type { Kernels } from "../interface";

/** Attention query by query, and rotations, in float64 whatever the dtype. */
export const referenceAttention: Pick<Kernels, "attention" | "attentionGradient" | "rotary"> = {
  rotary(x, cos, sin, out, heads) {
    const [, , vectors, d] = x.shape as [number, number, number, number];
    const half = cos.shape[2]!;
    const [c, s] = [valuesOf(cos), valuesOf(sin)];
    const result = valuesOf(x);
    for (let row = 0; row * half < c.length; row++) {
      for (let at = row * vectors * d; at < (row * vectors + heads) * d; at += d) {
        for (let i = 0; i < half; i++) {
          const [a, b] = [result[at + i]!, result[at + half + i]!];
          const [turn, lift] = [c[row * half + i]!, s[row * half + i]!];
          result[at + i] = a * turn - b * lift;
          result[at + half + i] = b * turn + a * lift;
        }
      }
    }
    fill(out, result);
  },

  attention(q, k, v, starts, out, scale) {
    const result = new Float64Array(out.size);
    const values = valuesOf(v);
    eachQuery(q, k, starts, scale, ({ query, weights, keys }) => {
      keys.forEach((key, j) => {
        addScaled(result, query, weights[j]!, values, key, q.shape[3]!);
      });
    });
    fill(out, result);
  },

  attentionGradient(q, k, v, starts, g, dq, dk, dv, scale) {
    const d = q.shape[3]!;
    const [queries, allKeys, values, slope] = [q, k, v, g].map(valuesOf) as [Values, Values, Values, Values];
    const [toQ, toK, toV] = [dq, dk, dv].map((x) => new Float64Array(x.size)) as [Values, Values, Values];
    eachQuery(q, k, starts, scale, ({ query, weights, keys }) => {
      const dp = keys.map((key) => dot(slope, query, values, key, d));
      const mean = dp.reduce((sum, value, j) => sum + weights[j]! * value, 0);
      keys.forEach((key, j) => {
        const ds = weights[j]! * (dp[j]! - mean) * scale;
        addScaled(toQ, query, ds, allKeys, key, d);
        addScaled(toK, key, ds, queries, query, d);
        addScaled(toV, key, weights[j]!, slope, query, d);
      });
    });
    fill(dq, toQ);
    fill(dk, toK);
    fill(dv, toV);
  },
};

type Values = Float64Array;

/** The elements in row-major order. */
function valuesOf(x: Tensor): Values {
  return Float64Array.from(x.toTypedArray());
}

function fill(out: Tensor, values: Values): void {
  const target = out.storage.data();
  out.layout.offsets().forEach((to, i) => {
    target[to] = values[i]!;
  });
}

/** One query of one head: where its row starts in row-major order, the rows of the keys it sees, their weights. */
interface Query {
  query: number;
  keys: number[];
  weights: number[];
}

function eachQuery(q: Tensor, k: Tensor, starts: Tensor, scale: number, visit: (query: Query) => void): void {
  const [batch, queries, heads, d] = q.shape as [number, number, number, number];
  const [, count, kvHeads] = k.shape as [number, number, number];
  const [x, y, first] = [valuesOf(q), valuesOf(k), valuesOf(starts)];
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < queries; i++) {
      for (let h = 0; h < heads; h++) {
        const query = ((b * queries + i) * heads + h) * d;
        const keyHead = Math.floor((h * kvHeads) / heads);
        const keys: number[] = [];
        for (let j = first[b]!; j <= i + count - queries; j++) keys.push(((b * count + j) * kvHeads + keyHead) * d);
        visit({ query, keys, weights: softmax(keys.map((key) => scale * dot(x, query, y, key, d))) });
      }
    }
  }
}

function softmax(scores: number[]): number[] {
  const shift = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (shift === Number.NEGATIVE_INFINITY) return scores.map(() => 0);
  const e = scores.map((v) => Math.exp(v - shift));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

function dot(x: Values, i: number, y: Values, j: number, n: number): number {
  let sum = 0;
  for (let c = 0; c < n; c++) sum += x[i + c]! * y[j + c]!;
  return sum;
}

function addScaled(out: Values, i: number, scale: number, x: Values, j: number, n: number): void {
  for (let c = 0; c < n; c++) out[i + c]! += scale * x[j + c]!;
}
