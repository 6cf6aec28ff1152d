import { step, type Tensor, tensor } from "fader/tensor";
import fc from "fast-check";
import { sizeOf } from "../../src/tensor/internal";
import { isTrue, same } from "./check";
import { dot, nan, softmax, sum } from "./formulas";
import {
  blank,
  chosenKernels,
  close,
  covered,
  type Draw,
  edge,
  make,
  rowKernel,
  rowsOf,
  seeds,
  single,
  values,
} from "./support";

const { sqrt, max, floor } = Math;
const k = chosenKernels;

interface Sizes {
  batch: number;
  queries: number;
  keys: number;
  heads: number;
  kvHeads: number;
  d: number;
}
interface Operands {
  q: Tensor;
  k: Tensor;
  v: Tensor;
  starts: Tensor;
  g: Tensor;
}

/** Attention and its gradient in float64, straight from the definition; all in row-major order. */
function formula({ q, k, v, starts, g }: Operands, sizes: Sizes, scale: number) {
  const { batch, queries, keys, heads, kvHeads, d } = sizes;
  const rows = (t: Tensor) => {
    const data = values(t);
    return Array.from({ length: sizeOf(t.shape.slice(0, 3)) }, (_, r) => data.slice(r * d, (r + 1) * d));
  };
  const [x, y, z, slope] = [rows(q), rows(k), rows(v), rows(g)];
  const first = values(starts);
  const zeros = (rows: number) => Array.from({ length: rows }, () => new Array<number>(d).fill(0));
  const result = { out: zeros(x.length), dq: zeros(x.length), dk: zeros(y.length), dv: zeros(y.length) };
  const add = (to: number[], factor: number, row: number[]) => {
    for (let c = 0; c < d; c++) to[c]! += factor * row[c]!;
  };
  for (let b = 0; b < batch; b++) {
    for (let i = 0; i < queries; i++) {
      for (let h = 0; h < heads; h++) {
        const row = (b * queries + i) * heads + h;
        const seen: number[] = [];
        for (let j = first[b]!; j <= i + keys - queries; j++) {
          seen.push((b * keys + j) * kvHeads + floor(h / (heads / kvHeads)));
        }
        const p = softmax(seen.map((at) => scale * dot(x[row]!, y[at]!)));
        const dp = seen.map((at) => dot(slope[row]!, z[at]!));
        const mean = sum(dp.map((value, j) => value * p[j]!));
        seen.forEach((at, j) => {
          const ds = scale * p[j]! * (dp[j]! - mean);
          add(result.out[row]!, p[j]!, z[at]!);
          add(result.dq[row]!, ds, y[at]!);
          add(result.dk[at]!, ds, x[row]!);
          add(result.dv[at]!, p[j]!, slope[row]!);
        });
      }
    }
  }
  return result;
}

const small: Draw = (random) => random.normal();

/** Views of one projection, as the op makes them. */
function fused({ batch, queries, heads, kvHeads, d }: Sizes, seed: number, draw = small) {
  const parts = (x: Tensor) =>
    [
      [0, heads],
      [heads, heads + kvHeads],
      [heads + kvHeads, heads + 2 * kvHeads],
    ].map(([from, to]) => x.slice([null, null, [from!, to!]])) as [Tensor, Tensor, Tensor];
  const shape = [batch, queries, heads + 2 * kvHeads, d];
  const [q, key, v] = parts(make(shape, seed, "shifted", draw));
  const out = blank(shape);
  return { q, k: key, v, gradient: out, parts: parts(out) };
}

function check(sizes: Sizes, operands: Operands, scale: number): void {
  const want = formula(operands, sizes, scale);
  const { q, k: key, v, starts } = operands;
  const out = blank([sizes.batch, sizes.queries, sizes.heads, sizes.d]);
  k().attention(q, key, v, starts, out, scale);
  close(out, want.out.flat(), 1e-5, 2);
}

const startsOf = (batch: number, high: number, seed: number) =>
  make([batch], seed, "shifted", (random) => random.integer(0, high + 1), "i32");

const grouped = fc.constantFrom([1, 1], [2, 2], [4, 2], [6, 1]);
const widths = fc.constantFrom(0, 1, 3, 4, 5, 8, 12, 33);

export function attention(): void {
  covered.add("attention").add("attentionGradient");

  rowKernel("rotary", ([length, width], seed) => {
    // Pairs up to half of a vector, and some entries behind them that stay.
    const [batch, vectors, heads] = [1 + (seed % 2), 1 + (seed % 3), seed % (2 + (seed % 3))];
    const half = floor(width! / 2);
    const d = 2 * half + (seed % 2);
    const [x, out] = [make([batch, length!, vectors, d], seed), blank([batch, length!, vectors, d])];
    const [cos, sin] = [make([batch, length!, half], seed + 1), make([batch, length!, half], seed + 2)];
    k().rotary(x, cos, sin, out, heads);
    const [v, c, s] = [values(x), values(cos), values(sin)];
    close(
      out,
      v.map((value, at) => {
        const [i, vector] = [at % d, floor(at / d)];
        const angle = floor(vector / vectors) * half + (i % half);
        if (vector % vectors >= heads || i >= 2 * half) return value;
        return i < half ? value * c[angle]! - v[at + half]! * s[angle]! : value * c[angle]! + v[at - half]! * s[angle]!;
      }),
      1e-6,
    );
  });

  const lengths = fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 33, 50);
  const cases = fc.tuple(fc.nat({ max: 2 }), lengths, grouped, widths, fc.boolean(), seeds);
  single("attention and attentionGradient of a fused projection", () => {
    const property = fc.property(cases, ([batch, length, [heads, kvHeads], d, padded, seed]) =>
      step(() => {
        const sizes = { batch, queries: length, keys: length, heads: heads!, kvHeads: kvHeads!, d };
        const { q, k: key, v, parts } = fused(sizes, seed);
        const starts = startsOf(batch, padded ? length : 0, seed);
        const g = make([batch, length, heads!, d], seed + 1, "shifted", small);
        const scale = 1 / sqrt(max(d, 1));
        const operands = { q, k: key, v, starts, g };
        check(sizes, operands, scale);
        const [dq, dk, dv] = parts;
        k().attentionGradient(q, key, v, starts, g, dq, dk, dv, scale);
        const want = formula(operands, sizes, scale);
        for (const [got, exact] of [
          [dq, want.dq],
          [dk, want.dk],
          [dv, want.dv],
        ] as const) {
          close(got, exact.flat(), 2e-5, 2 + sqrt(d));
        }
      }),
    );
    fc.assert(property, { numRuns: 100 });
  });

  single("attention of the last queries of a longer cache, of any strides", () => {
    const property = fc.property(
      cases,
      fc.nat({ max: 40 }),
      ([batch, length, [heads, kvHeads], d, padded, seed], past) =>
        step(() => {
          const sizes = { batch, queries: length, keys: length + past, heads: heads!, kvHeads: kvHeads!, d };
          const q = make([batch, length, heads!, d], seed, "shifted", small);
          // A cache with room to spare, head by head for keys and position by position for values.
          const room = length + past + 3;
          const kept = (x: Tensor) => x.slice([null, [1, 1 + length + past]]);
          const key = kept(make([batch, kvHeads!, room, d], seed + 1, "shifted", small).transpose(1, 2));
          const v = kept(make([batch, room, kvHeads!, d], seed + 2, "shifted", small));
          const starts = startsOf(batch, padded ? length + past : 0, seed);
          check(sizes, { q, k: key, v, starts, g: q }, -0.7);
        }),
    );
    fc.assert(property, { numRuns: 60 });
  });

  for (const [batch, length, heads, kvHeads, d] of [
    [1, 130, 2, 1, 20],
    [1, 259, 1, 1, 8],
    [2, 300, 2, 2, 5],
    [1, 70, 1, 1, 140],
  ] as const) {
    edge(`attention of ${batch}×${length} positions, ${heads} heads over ${kvHeads} of size ${d}`, () => {
      const sizes = { batch, queries: length, keys: length, heads, kvHeads, d };
      const { q, k: key, v, parts } = fused(sizes, 3);
      const [g, starts] = [make([batch, length, heads, d], 4, "shifted", small), startsOf(batch, 40, 5)];
      check(sizes, { q, k: key, v, starts, g }, 1 / sqrt(d));
      const [dq, dk, dv] = parts;
      k().attentionGradient(q, key, v, starts, g, dq, dk, dv, 1 / sqrt(d));
      const want = formula({ q, k: key, v, starts, g }, sizes, 1 / sqrt(d));
      close(dq, want.dq.flat(), 2e-5, 5);
      close(dk, want.dk.flat(), 2e-5, 5);
      close(dv, want.dv.flat(), 2e-5, 5);
    });
  }

  edge("attention of scores of ±10⁴ neither overflows nor vanishes", () => {
    for (const length of [1, 2, 5, 20]) {
      const sizes = { batch: 1, queries: length, keys: length, heads: 2, kvHeads: 1, d: 2 };
      const far: Draw = (random) => (random.uniform() < 0.5 ? -100 : 100);
      const { q, k: key, v, gradient, parts } = fused(sizes, length, far);
      const [starts, g] = [tensor([0], { dtype: "i32" }), make([1, length, 2, 2], 1, "plain", small)];
      for (const scale of [0.5, -0.5]) {
        check(sizes, { q, k: key, v, starts, g }, scale);
        k().attentionGradient(q, key, v, starts, g, ...parts, scale);
        isTrue(values(gradient).every(Number.isFinite), "a gradient is not finite");
      }
    }
  });

  edge("attention that sees nothing gives zeros, whatever the keys that it does not see hold", () => {
    for (const length of [1, 3, 17, 40]) {
      for (const start of [1, floor(length / 2), length]) {
        const sizes = { batch: 2, queries: length, keys: length, heads: 2, kvHeads: 1, d: 5 };
        const shape = [2, length, 4, 5];
        const rows = rowsOf(make(shape, 1, "plain", small));
        // Keys and values before the start of the second entry.
        const hidden = (r: number) => r >= 4 * length && r % 4 >= 2 && floor(r / 4) - length < start;
        const poisoned = (value: number) => rows.flatMap((row, r) => (hidden(r) ? row.map(() => value) : row));
        const starts = tensor([0, start], { dtype: "i32" });
        const g = make([2, length, 2, 5], 2, "plain", small);
        const run = (value: number) => {
          const x = tensor(Float32Array.from(poisoned(value)), { shape });
          const { gradient, parts } = fused(sizes, 1);
          const [q, key, v] = [
            [0, 2],
            [2, 3],
            [3, 4],
          ].map(([from, to]) => x.slice([null, null, [from!, to!]])) as [Tensor, Tensor, Tensor];
          const out = blank([2, length, 2, 5]);
          k().attention(q, key, v, starts, out, 1);
          k().attentionGradient(q, key, v, starts, g, ...parts, 1);
          return [values(out), values(gradient)] as const;
        };
        const [out, gradient] = run(nan);
        same([out, gradient], [...run(0)]);
        same(out.slice(length * 10, (length + start) * 10), Array(start * 10).fill(0), "output");
        same(gradient.slice(length * 20, (length + start) * 20), Array(start * 20).fill(0), "gradient");
      }
    }
  });
}
