import {
  type Random as Numbers,
  Random,
  type Shape,
  setBackend,
  sizeOf,
  step,
  type Tensor,
  tensor,
  zeros,
} from "fader/tensor";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kernelsFor } from "../../src/tensor/kernels";
import type { BinaryKernel, CompareKernel, UnaryKernel } from "../../src/tensor/kernels/interface";
import { reference } from "../../src/tensor/kernels/reference";

/** The interface on every backend, against plain float64 formulas on the same float32 inputs. */
const backends = ["reference", "wasm"] as const;
const { exp, log, abs, sqrt, max, min } = Math;
const [inf, nan] = [Number.POSITIVE_INFINITY, Number.NaN];
const covered = new Set<string>();

const erf = (x: number) => {
  if (abs(x) > 6) return Math.sign(x);
  let sum = 0; // Simpson's rule on the definition
  for (let i = 0; i <= 2000; i++) sum += (i % 2000 === 0 ? 1 : i % 2 ? 4 : 2) * exp(-(((x * i) / 2000) ** 2));
  return ((2 / sqrt(Math.PI)) * x * sum) / 6000;
};
const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)));
const phi = (x: number) => exp((-x * x) / 2) / sqrt(2 * Math.PI);
const inner = (x: number) => sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const unary: Record<UnaryKernel, (x: number) => number> = {
  neg: (x) => -x,
  exp,
  log,
  sqrt,
  rsqrt: (x) => 1 / sqrt(x),
  tanh: Math.tanh,
  erf,
  sigmoid,
  silu: (x) => x * sigmoid(x),
  relu: (x) => (x < 0 ? 0 : x),
  softplus: (x) => max(x, 0) + Math.log1p(exp(-abs(x))),
  abs,
  sin: Math.sin,
  cos: Math.cos,
  gelu_tanh: (x) => x * sigmoid(2 * inner(x)),
  gelu_erf: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  sign: Math.sign,
  square: (x) => x * x,
  reciprocal: (x) => 1 / x,
}; // prettier-ignore
const binary: Record<BinaryKernel, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: (a, b) => a ** b,
  maximum: max,
  minimum: min,
};
const compare: Record<CompareKernel, (a: number, b: number) => boolean> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};
const slopes = {
  gelu_tanh: (x: number) => {
    const s = sigmoid(2 * inner(x));
    return s + x * s * (1 - s) * 2 * sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
  },
  gelu_erf: (x: number) => 0.5 * (1 + erf(x / Math.SQRT2)) + x * phi(x),
  silu: (x: number) => sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x)),
};

const sum = (row: number[]) => row.reduce((a, b) => a + b, 0);
const mean = (row: number[]) => sum(row) / row.length;
const dot = (a: number[], b: number[]) => sum(a.map((v, i) => v * b[i]!));
const softmax = (row: number[]) => {
  const e = row.map((v) => exp(v - max(...row)));
  return row.every((v) => v === -inf) ? row.map(() => 0) : e.map((v) => v / sum(e));
};
const logsumexp = (row: number[]) => max(...row) + log(sum(row.map((v) => exp(v - max(...row)))));
const layerHat = (row: number[], eps: number) => {
  const centred = row.map((v) => v - mean(row));
  return centred.map((v) => v / sqrt(mean(centred.map((c) => c * c)) + eps));
};
const rmsHat = (row: number[], eps: number) => row.map((v) => v / sqrt(mean(row.map((x) => x * x)) + eps));

const values = (x: Tensor) => Array.from(x.toTypedArray());
const rowsOf = (x: Tensor): number[][] => {
  const n = x.shape.at(-1)!;
  return Array.from({ length: n === 0 ? 0 : x.size / n }, (_, r) => values(x).slice(r * n, (r + 1) * n));
};
const views = ["plain", "shifted", "transposed", "backwards", "expanded"] as const;
type View = (typeof views)[number];
const normal = (random: Numbers) => 2 * random.normal();

/** A tensor of a shape, contiguous (with an offset if `shifted`) or a strided view. */
function make(
  shape: Shape,
  seed: number,
  view: View = "shifted",
  draw = normal,
  dtype: "f32" | "bool" | "i32" = "f32",
): Tensor {
  const random = new Random(seed);
  const fresh = (s: Shape) =>
    tensor(
      Float64Array.from({ length: sizeOf(s) }, () => draw(random)),
      { dtype, shape: s },
    );
  if (shape.length === 0 || view === "plain") return fresh(shape);
  if (view === "shifted") return fresh([shape[0]! + 1, ...shape.slice(1)]).slice([[1]]);
  if (view === "transposed") return fresh(shape.toReversed()).permute(shape.map((_, i) => shape.length - 1 - i));
  if (view === "backwards") return fresh(shape.map((n) => 2 * n)).slice(shape.map(() => [null, null, -2]));
  return fresh([1, ...shape.slice(1)]).expand(shape);
}
/** An output full of NaN, so that what a kernel leaves out shows. */
const blank = (shape: Shape, dtype: "f32" | "i32" | "bool" = "f32") =>
  zeros(shape, { dtype }).add(dtype === "f32" ? nan : 0);

function close(got: Tensor, want: readonly (number | boolean)[], tolerance = 1e-6, floor = 1): void {
  const data = values(got);
  expect(data.length).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    const [g, w] = [data[i]!, Number(want[i])];
    if (!(Object.is(g, w) || g === w || abs(g - w) <= tolerance * max(floor, abs(w))))
      expect.fail(`element ${i}: got ${g}, want ${w}`);
  }
}

const lengths = fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 8, 11, 16, 17, 33, 64, 67, 130, 259, 1027);
const shapes = fc.oneof(
  fc.array(fc.nat({ max: 5 }), { maxLength: 4 }),
  fc.tuple(fc.integer({ min: 1, max: 3 }), lengths),
);
const seeds = fc.nat({ max: 1e6 });
const view = fc.constantFrom(...views);
type Draw = (random: Numbers) => number;

describe.each(backends)("%s", (backend) => {
  beforeAll(() => setBackend(backend));
  afterAll(() => setBackend("wasm"));
  const k = () => kernelsFor("f32");

  /** A kernel on random data: `body` gets a shape, a seed, and two kinds of views. */
  function kernel(name: string, body: (shape: number[], seed: number, a: View, b: View) => void, numRuns = 60): void {
    covered.add(name.split(" ")[0]!);
    test(name, () => {
      fc.assert(
        fc.property(shapes, seeds, view, view, (...args) => step(() => body(...args))),
        { numRuns },
      );
    });
  }
  /** The same on rows: `shape` is [rows, n]. */
  function rowKernel(name: string, body: (shape: number[], seed: number) => void, numRuns = 60): void {
    covered.add(name.split(" ")[0]!);
    test(name, () => {
      const property = fc.property(fc.nat({ max: 4 }), lengths, seeds, (r, n, seed) => step(() => body([r, n], seed)));
      fc.assert(property, { numRuns });
    });
  }
  const edge = (name: string, body: () => void) => test(name, () => step(body));

  for (const op of Object.keys(unary) as UnaryKernel[]) {
    kernel(
      `unary ${op}`,
      (shape, seed, a) => {
        const positive = ["log", "sqrt", "rsqrt"].includes(op);
        const x = make(shape, seed, a, positive ? (random) => exp(4 * random.normal()) : normal);
        const out = blank(shape);
        k().unary(op, x, out);
        close(out, values(x).map(unary[op]), 1e-6, 0.1);
      },
      25,
    );
  }
  edge("unary at infinity and nowhere", () => {
    const at: Partial<Record<UnaryKernel, number[]>> = {
      exp: [inf, 0, 1, nan],
      tanh: [1, -1, 0, nan],
      erf: [1, -1, 0, nan],
      sigmoid: [1, 0, 0.5, nan],
      log: [inf, nan, -inf, nan],
      silu: [inf, 0, 0, nan],
      relu: [inf, 0, 0, nan],
      softplus: [inf, 0, log(2), nan],
      abs: [inf, inf, 0, nan],
      sqrt: [inf, nan, 0, nan],
      gelu_tanh: [inf, 0, 0, nan],
      gelu_erf: [inf, 0, 0, nan],
      sign: [1, -1, 0, nan],
      rsqrt: [0, nan, inf, nan],
      reciprocal: [0, 0, inf, nan],
    };
    for (const [op, want] of Object.entries(at)) {
      const out = blank([4]);
      k().unary(op as UnaryKernel, tensor([inf, -inf, 0, nan]), out);
      expect(
        values(out).map((v) => (abs(v) < 1 ? +v.toFixed(6) + 0 : v)),
        op,
      ).toEqual(want.map((v) => (abs(v) < 1 ? +v.toFixed(6) : v)));
    }
  });
  edge("unary far out", () => {
    const wide = [
      -1e4, -200, -100, -88, -30, -17, -9, -5.5, 5.5, 9, 17, 30, 87, 88.5, 100, 200, 1e4, 1e-30, -1e-30, 1e-6,
    ];
    const x = tensor(wide);
    for (const op of [
      "exp",
      "tanh",
      "sigmoid",
      "silu",
      "softplus",
      "gelu_tanh",
      "gelu_erf",
      "erf",
      "sin",
      "cos",
    ] as const) {
      const out = blank([wide.length]);
      k().unary(op, x, out);
      close(
        out,
        values(x).map((v) => Math.fround(unary[op](v))),
        2e-6,
        1e-2,
      );
    }
  });

  for (const op of Object.keys(binary) as BinaryKernel[]) {
    kernel(
      `binary ${op}`,
      (shape, seed, a, b) => {
        const x = make(shape, seed, a, op === "pow" ? (random) => exp(random.normal()) : normal);
        const y = make(shape, seed + 1, b);
        const out = blank(shape);
        k().binary(op, x, y, out);
        const right = values(y);
        close(
          out,
          values(x).map((v, i) => binary[op](v, right[i]!)),
          2e-6,
          0.1,
        );
      },
      30,
    );
  }
  edge("binary maximum and minimum pass NaN on", () => {
    for (const op of ["maximum", "minimum"] as const) {
      const out = blank([5]);
      k().binary(op, tensor([nan, 1, inf, -inf, nan]), tensor([1, nan, nan, nan, nan]), out);
      expect(values(out)).toEqual([nan, nan, nan, nan, nan]);
    }
  });
  for (const op of Object.keys(compare) as CompareKernel[]) {
    kernel(
      `compare ${op}`,
      (shape, seed, a, b) => {
        const draw: Draw = (random) => [-1, 0, 1, nan, inf][random.integer(0, 5)]!;
        const [x, y] = [make(shape, seed, a, draw), make(shape, seed + 1, b, draw)];
        const out = blank(shape, "bool");
        k().compare(op, x, y, out);
        const right = values(y);
        close(
          out,
          values(x).map((v, i) => compare[op](v, right[i]!)),
        );
      },
      30,
    );
  }
  kernel("where", (shape, seed, a, b) => {
    const condition = make(shape, seed, b, (random) => random.integer(0, 2), "bool");
    const [x, y] = [make(shape, seed + 1, a), make(shape, seed + 2, b, () => nan)];
    const out = blank(shape);
    k().where(condition, x, y, out);
    const pick = values(condition);
    close(
      out,
      values(x).map((v, i) => (pick[i] ? v : nan)),
    );
  });
  kernel("copy", (shape, seed, a, b) => {
    const x = make(shape, seed, a);
    const out = make(shape, seed + 1, b === "expanded" ? "plain" : b);
    k().copy(x, out);
    close(out, values(x), 0);
    const [integers, flags] = [blank(shape, "i32"), blank(shape, "bool")];
    k().copy(x, integers);
    k().copy(x, flags);
    close(integers, values(x).map(Math.trunc), 0);
    close(
      flags,
      values(x).map((v) => v !== 0),
      0,
    );
  });
  kernel("fill", (shape, seed, a) => {
    const out = make(shape, seed, a === "expanded" ? "plain" : a);
    k().fill(out, 2.5);
    close(out, Array(out.size).fill(2.5), 0);
    expect(
      values(new (out.constructor as typeof Tensor)(out.storage, out.layout.slice([]))).every((v) => v === 2.5),
    ).toBe(true);
  });
  for (const op of ["gelu_tanh", "gelu_erf", "silu"] as const) {
    kernel(
      `activationGradient ${op}`,
      (shape, seed) => {
        const [x, g] = [make(shape, seed, "shifted", (random) => 3 * random.normal()), make(shape, seed + 1)];
        const out = blank(shape);
        k().activationGradient(op, x, g, out);
        const slope = values(g);
        close(
          out,
          values(x).map((v, i) => slope[i]! * slopes[op](v)),
          2e-6,
        );
      },
      30,
    );
  }

  for (const op of ["sum", "max", "min"] as const) {
    rowKernel(`reduce ${op}`, ([outer, n], seed) => {
      const inners = [0, 1, 2, 3, 4, 5, 15, 16, 17, 23];
      const innerSize = inners[seed % inners.length]!;
      const x = make([outer!, n!, innerSize], seed);
      const out = blank([outer!, innerSize]);
      k().reduce(op, x, out);
      const data = values(x);
      const column = (o: number, i: number) =>
        Array.from({ length: n! }, (_, j) => data[(o * n! + j) * innerSize + i]!);
      const f = { sum, max: (row: number[]) => max(...row), min: (row: number[]) => min(...row) }[op];
      close(
        out,
        Array.from({ length: outer! * innerSize }, (_, i) => f(column(Math.floor(i / innerSize), i % innerSize))),
        1e-5,
      );
    });
  }
  edge("reduce max and min pass NaN on", () => {
    for (const op of ["max", "min", "sum"] as const) {
      for (const at of [0, 6, 17]) {
        const x = tensor(Array.from({ length: 18 }, (_, i) => (i === at ? nan : i)));
        for (const shape of [
          [1, 18, 1],
          [1, 9, 2],
        ]) {
          const out = blank([1, shape[2]!]);
          k().reduce(op, x.reshape(shape), out);
          expect(values(out)[shape[2] === 2 ? at % 2 : 0], op).toBe(nan);
        }
      }
    }
  });
  rowKernel("argmax", ([rows, n], seed) => {
    const x = make([rows!, max(n!, 1)], seed, "shifted", (random) => random.integer(-9, 9));
    const out = blank([rows!], "i32");
    k().argmax(x, out);
    close(
      out,
      rowsOf(x).map((row) => row.indexOf(max(...row))),
      0,
    );
  });
  edge("argmax of a row with NaN is where the first one is", () => {
    const out = blank([4], "i32");
    k().argmax(
      tensor([
        [1, nan, 9, nan],
        [nan, 5, 1, 1],
        [1, 2, 3, nan],
        [-inf, -inf, -inf, -inf],
      ]),
      out,
    );
    expect(values(out)).toEqual([1, 0, 3, 0]);
  });

  const masked: Draw = (random) => (random.uniform() < 0.2 ? -inf : 4 * random.normal());
  rowKernel("softmax", (shape, seed) => {
    const [x, out] = [make(shape, seed, "shifted", masked), blank(shape)];
    k().softmax(x, out);
    close(out, rowsOf(x).flatMap(softmax), 1e-6, 1e-2);
  });
  rowKernel("logSoftmax", (shape, seed) => {
    const [x, out] = [make(shape, seed, "shifted", (random) => 50 + 4 * random.normal()), blank(shape)];
    k().logSoftmax(x, out);
    close(
      out,
      rowsOf(x).flatMap((row) => row.map((v) => v - logsumexp(row))),
      2e-6,
    );
  });
  edge("softmax of a row of -inf is zeros, of its logarithm -inf, of a row with NaN or inf NaN", () => {
    const x = tensor([
      [-inf, -inf, -inf, -inf, -inf],
      [1, nan, 2, 3, 4],
      [1, 2, 3, 4, inf],
      [0, -inf, -inf, -inf, -inf],
    ]);
    const [y, logs] = [blank([4, 5]), blank([4, 5])];
    k().softmax(x, y);
    k().logSoftmax(x, logs);
    const nans = [nan, nan, nan, nan, nan];
    const rows = (out: Tensor) => rowsOf(out).map((row) => (row.some(Number.isNaN) ? nans : row));
    expect(rows(y)).toEqual([[0, 0, 0, 0, 0], nans, nans, [1, 0, 0, 0, 0]]);
    expect(rows(logs)).toEqual([[-inf, -inf, -inf, -inf, -inf], nans, nans, [0, -inf, -inf, -inf, -inf]]);
  });
  rowKernel("causalSoftmax", ([queries, keys], seed) => {
    const x = make([2, queries!, keys!], seed, "shifted", masked);
    const out = blank(x.shape);
    k().causalSoftmax(x, out);
    close(
      out,
      rowsOf(x).flatMap((row, r) => softmax(row.map((v, j) => (j > r % queries! ? -inf : v)))),
      1e-6,
      1e-2,
    );
  });
  edge("causalSoftmax does not look at what it masks", () => {
    const out = blank([2, 6]);
    k().causalSoftmax(
      tensor([
        [1, nan, inf, nan, 1e38, 0],
        [1, 1, nan, nan, nan, inf],
      ]),
      out,
    );
    expect(values(out)).toEqual([1, 0, 0, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0]);
  });
  rowKernel("softmaxGradient", (shape, seed) => {
    const [y, g, out] = [make(shape, seed), make(shape, seed + 1), blank(shape)];
    k().softmaxGradient(y, g, out);
    const slope = rowsOf(g);
    const size = max(1, ...rowsOf(y).map((row, r) => sum(row.map((v, j) => abs(v * slope[r]![j]!)))));
    close(
      out,
      rowsOf(y).flatMap((row, r) => row.map((v, j) => v * (slope[r]![j]! - dot(row, slope[r]!)))),
      2e-6,
      size * 10,
    );
  });
  rowKernel("logSoftmaxGradient", (shape, seed) => {
    const [y, g, out] = [
      make(shape, seed, "shifted", (random) => -abs(random.normal())),
      make(shape, seed + 1),
      blank(shape),
    ];
    k().logSoftmaxGradient(y, g, out);
    const slope = rowsOf(g);
    close(
      out,
      rowsOf(y).flatMap((row, r) => row.map((v, j) => slope[r]![j]! - exp(v) * sum(slope[r]!))),
      1e-5,
      10,
    );
  });

  /** a [batch, m, k] @ b [batch, k, n] for some strides. */
  function product(batch: number, m: number, inside: number, n: number, seed: number, a: View, b: View): void {
    const small: Draw = (random) => random.normal();
    const [x, y] = [make([batch, m, inside], seed, a, small), make([batch, inside, n], seed + 1, b, small)];
    const out = blank([batch, m, n]);
    k().matmul(x, y, out);
    const [left, right] = [values(x), values(y)];
    const want = new Float64Array(batch * m * n);
    for (let s = 0; s < batch * m; s++) {
      for (let p = 0; p < inside; p++) {
        const from = (Math.floor(s / m) * inside + p) * n;
        for (let j = 0; j < n; j++) want[s * n + j]! += left[s * inside + p]! * right[from + j]!;
      }
    }
    close(out, Array.from(want), 1e-5, sqrt(inside) + 1);
  }
  covered.add("matmul");
  test("matmul", () => {
    const sizes = fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 9, 16, 17, 33);
    const all = fc.property(fc.nat({ max: 3 }), sizes, sizes, sizes, seeds, view, view, (...args) =>
      step(() => product(...args)),
    );
    fc.assert(all, { numRuns: 200 });
  });
  const large = [
    [65, 130, 70],
    [1, 300, 257],
    [3, 520, 9],
    [7, 513, 13],
    [100, 260, 517],
    [130, 600, 33],
    [5, 1, 600],
  ] as const;
  test.each(large)("matmul %i×%i×%i, in every combination of strides", (m, inside, n) => {
    for (const a of ["plain", "transposed", "backwards"] as const) {
      for (const b of ["plain", "transposed", "backwards"] as const) step(() => product(1, m, inside, n, 7, a, b));
    }
  });
  edge("matmul passes NaN and inf on", () => {
    for (const m of [1, 2, 6]) {
      const out = blank([1, m, 2]);
      k().matmul(
        zeros([1, m, 2]),
        tensor([
          [
            [nan, 0],
            [0, inf],
          ],
        ]),
        out,
      );
      expect(values(out)).toEqual(Array(2 * m).fill(nan));
    }
  });

  const eps = 1e-5;
  for (const [name, hat, withBias] of [
    ["layerNorm", layerHat, true],
    ["rmsNorm", rmsHat, false],
  ] as const) {
    const offset: Draw = (random) => 3 + random.normal();
    const wide = (shape: number[]) => [shape[0]!, shape[1]! === 1 ? 2 : shape[1]!];
    rowKernel(name, (given, seed) => {
      const shape = wide(given);
      const [x, w, b, out] = [
        make(shape, seed, "shifted", offset),
        make(shape.slice(1), seed + 1),
        make(shape.slice(1), seed + 2),
        blank(shape),
      ];
      if (withBias) k().layerNorm(x, w, b, out, eps);
      else k().rmsNorm(x, w, out, eps);
      const [weights, biases] = [values(w), values(b)];
      close(
        out,
        rowsOf(x).flatMap((row) => hat(row, eps).map((v, j) => v * weights[j]! + (withBias ? biases[j]! : 0))),
        1e-5,
      );
    });
    rowKernel(`${name}Gradient`, (given, seed) => {
      const shape = wide(given);
      const [x, w, g, out] = [
        make(shape, seed, "shifted", offset),
        make(shape.slice(1), seed + 1),
        make(shape, seed + 2),
        blank(shape),
      ];
      k()[`${name}Gradient`](x, w, g, out, 0.1);
      const [weights, slope] = [values(w), rowsOf(g)];
      const want = rowsOf(x).flatMap((row, r) => {
        const [h, unit] = [slope[r]!.map((v, j) => v * weights[j]!), hat(row, 0.1)];
        const centre = withBias ? mean(row) : 0;
        const scale = 1 / sqrt(mean(row.map((v) => (v - centre) ** 2)) + 0.1);
        return h.map((v, j) => scale * (v - (withBias ? mean(h) : 0) - unit[j]! * mean(h.map((u, i) => u * unit[i]!))));
      });
      close(out, want, 1e-5, 5);
    });
    rowKernel(`${name}WeightGradient`, (given, seed) => {
      const shape = wide(given);
      const [x, g, out] = [make(shape, seed, "shifted", offset), make(shape, seed + 1), blank(shape.slice(1))];
      k()[`${name}WeightGradient`](x, g, out, eps);
      const [hats, slope] = [rowsOf(x).map((row) => hat(row, eps)), rowsOf(g)];
      close(
        out,
        Array.from({ length: shape[1]! }, (_, j) => sum(hats.map((row, r) => row[j]! * slope[r]![j]!))),
        1e-5,
        5,
      );
    });
  }

  rowKernel("embedding", ([count, d], seed) => {
    const [weight, index] = [
      make([5, d!], seed),
      make([count!, 3], seed + 1, "shifted", (random) => random.integer(0, 5), "i32"),
    ];
    const out = blank([count!, 3, d!]);
    k().embedding(weight, index, out);
    const rows = values(weight);
    close(
      out,
      values(index).flatMap((id) => rows.slice(id * d!, (id + 1) * d!)),
      0,
    );
  });
  rowKernel("embeddingGradient", ([count, d], seed) => {
    const [g, index] = [
      make([count!, d!], seed),
      make([count!], seed + 1, "shifted", (random) => random.integer(0, 3), "i32"),
    ];
    const out = blank([4, d!]);
    k().embeddingGradient(index, g, out);
    const [ids, slope] = [values(index), values(g)];
    const want = Array.from({ length: 4 * d! }, (_, i) =>
      sum(ids.map((id, r) => (id === Math.floor(i / d!) ? slope[r * d! + (i % d!)]! : 0))),
    );
    close(out, want);
  });
  for (const name of ["gather", "scatterAdd"] as const) {
    rowKernel(
      name,
      ([rows, n], seed) => {
        for (const axis of [0, 1]) {
          const x = make([rows! + 1, n! + 1], seed);
          const indexShape = [rows!, n!];
          const index = make(indexShape, seed + 1, "shifted", (random) => random.integer(0, x.shape[axis]!), "i32");
          const source = make(indexShape, seed + 2);
          const [ids, from, want] = [values(index), values(source), values(x)];
          const at = (i: number) =>
            axis === 0 ? ids[i]! * (n! + 1) + (i % n!) : Math.floor(i / n!) * (n! + 1) + ids[i]!;
          if (name === "gather") {
            const out = blank(indexShape);
            k().gather(x, index, out, axis);
            close(
              out,
              ids.map((_, i) => want[at(i)]!),
              0,
            );
          } else {
            k().scatterAdd(x, index, source, axis);
            from.forEach((v, i) => {
              want[at(i)]! += v;
            });
            close(x, want, 2e-6);
          }
        }
      },
      30,
    );
  }

  for (const name of ["crossEntropy", "crossEntropyGradient"] as const) {
    rowKernel(name, ([rows, n], seed) => {
      const classes = max(n!, 1);
      const ignore = seed % 2 ? -100 : 0;
      const target = make(
        [rows!],
        seed + 1,
        "shifted",
        (random) => (random.uniform() < 0.3 ? ignore : random.integer(0, classes)),
        "i32",
      );
      const [logits, g] = [
        make([rows!, classes], seed, "shifted", (random) => 20 + 4 * random.normal()),
        make([rows!], seed + 2),
      ];
      const [ids, slope] = [values(target), values(g)];
      const out = blank(name === "crossEntropy" ? [rows!] : logits.shape);
      if (name === "crossEntropy") {
        k().crossEntropy(logits, target, out, ignore);
        close(
          out,
          rowsOf(logits).map((row, r) => (ids[r] === ignore ? 0 : logsumexp(row) - row[ids[r]!]!)),
          2e-6,
        );
      } else {
        k().crossEntropyGradient(logits, target, g, out, ignore);
        const row = (p: number[], r: number) =>
          softmax(p).map((v, j) => (ids[r] === ignore ? 0 : slope[r]! * (v - +(j === ids[r]))));
        close(out, rowsOf(logits).flatMap(row), 2e-6);
      }
    });
  }
  edge("crossEntropy and its gradient ignore a row whatever is in it", () => {
    const [logits, target] = [
      tensor([
        [nan, inf, 1],
        [0, 0, -inf],
      ]),
      tensor([7, 0], { dtype: "i32" }),
    ];
    const [out, slope] = [blank([2]), blank([2, 3])];
    k().crossEntropy(logits, target, out, 7);
    k().crossEntropyGradient(logits, target, tensor([nan, 2]), slope, 7);
    close(out, [0, log(2)]);
    close(slope, [0, 0, 0, -1, 1, 0]);
  });
  edge("crossEntropy over no classes fills its output", () => {
    const out = blank([2]);
    k().crossEntropy(zeros([2, 0]), tensor([7, 7], { dtype: "i32" }), out, 7);
    expect(values(out)).toEqual([0, 0]);
  });

  rowKernel("adam", (shape, seed) => {
    const settings = {
      lr: 0.1,
      beta1: 0.9,
      beta2: 0.999,
      eps: 1e-8,
      weightDecay: 0.1,
      correction1: 0.19,
      correction2: 0.002,
    };
    const [p, g, m] = [make(shape, seed), make(shape, seed + 1), make(shape, seed + 2)];
    const v = make(shape, seed + 3, "shifted", (random) => random.uniform());
    const [p0, g0, m0, v0] = [p, g, m, v].map(values) as [number[], number[], number[], number[]];
    k().adam(p, g, m, v, settings);
    const m1 = m0.map((x, i) => 0.9 * x + 0.1 * g0[i]!);
    const v1 = v0.map((x, i) => 0.999 * x + 0.001 * g0[i]! ** 2);
    close(m, m1, 2e-6);
    close(v, v1, 2e-6);
    close(g, g0, 0);
    close(
      p,
      p0.map((x, i) => x * 0.99 - (0.1 * (m1[i]! / 0.19)) / (sqrt(v1[i]! / 0.002) + 1e-8)),
      1e-5,
    );
  });
});

test("every kernel of the interface is covered", () => {
  const methods = Object.keys(reference).filter((key) => key !== "name");
  expect([...covered].sort()).toEqual(methods.sort());
});
