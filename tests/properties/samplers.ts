import { Random, type Shape, type Tensor, tensor } from "fader/autograd";
import fc, { type Arbitrary } from "fast-check";
import { Layout, sizeOf } from "../../src/tensor/internal";
import type { Domain } from "../../src/tensor/op";

/** Random cases for every op, as plain data, so that a failing case prints on a few lines. */
export interface Case {
  inputs: Record<string, Input>;
  attrs: unknown;
}
export type Sampler = Arbitrary<Case>;

type Kind = "float" | "distinct" | "even" | "odd" | "whole" | "bool" | "index";
type View = "plain" | "transposed" | "flipped" | "stepped" | "backwards" | "expanded";
interface Input {
  shape: number[];
  view: View;
  kind: Kind;
  seed: number;
  /** Of `index`: values below this. */
  high: number;
}

const views: View[] = ["plain", "transposed", "flipped", "stepped", "backwards", "expanded"];

/** The tensor of an input: float64 (or i32, bool), possibly a strided view of a larger one. */
export function build(input: Input, domain: Domain = {}): Tensor {
  const { shape, view, kind } = input;
  const dtype = kind === "bool" ? "bool" : kind === "index" ? "i32" : "f64";
  const make = (sizes: Shape) => tensor(Float64Array.from(valuesOf(input, sizes, domain)), { dtype, shape: sizes });
  if (view === "transposed") return make(shape.toReversed()).permute(shape.map((_, i) => shape.length - 1 - i));
  if (view === "flipped") return make(shape).flip([...shape.keys()]);
  if (view === "stepped") return make(shape.map((n) => 2 * n + 1)).slice(shape.map(() => [1, null, 2]));
  if (view === "backwards") return make(shape.map((n) => 3 * n)).slice(shape.map(() => [null, null, -3]));
  if (view === "expanded" && shape.length > 0) return make([1, ...shape.slice(1)]).expand(shape);
  return make(shape);
}

function valuesOf({ kind, seed, high }: Input, shape: Shape, domain: Domain): number[] {
  const random = new Random(seed);
  const n = sizeOf(shape);
  if (kind === "distinct") {
    return random.shuffle([...Array(n).keys()]).map((i) => (i - n / 2) * 0.5 + 0.2 * random.uniform());
  }
  const { min = -2, max = min + 4, awayFrom = [] } = domain;
  const draw: Record<Exclude<Kind, "distinct">, () => number> = {
    float: () => {
      for (;;) {
        const value = min + (max - min) * random.uniform();
        if (awayFrom.every((point) => Math.abs(value - point) > 0.3)) return value;
      }
    },
    even: () => random.integer(-3, 3) + 0.3 * random.uniform(),
    odd: () => random.integer(-3, 3) + 0.5 + 0.3 * random.uniform(),
    whole: () => random.integer(-2, 3),
    bool: () => random.integer(0, 2),
    index: () => random.integer(0, high),
  };
  return Array.from({ length: n }, draw[kind]);
}

const dim = fc.oneof(
  { arbitrary: fc.constant(0), weight: 1 },
  { arbitrary: fc.constant(1), weight: 3 },
  { arbitrary: fc.integer({ min: 2, max: 4 }), weight: 8 },
);
const someDim = fc.integer({ min: 1, max: 4 });
const shapeOf = (minLength = 0, maxLength = 4, size = dim) => fc.array(size, { minLength, maxLength });
const from = fc.constantFrom;

function input(shape: readonly number[], kind: Kind = "float", high = 1): Arbitrary<Input> {
  const seed = fc.nat({ max: 1e6 });
  const view = from(...(kind === "distinct" ? views.slice(0, -1) : views));
  return fc.record({ shape: from([...shape]), view, kind: from(kind), seed, high: from(high) });
}

function make(inputs: Record<string, Arbitrary<Input>>, attrs: Arbitrary<unknown> = from(undefined)): Sampler {
  return fc.record({ inputs: fc.record(inputs), attrs });
}

/** Axes left out from the left and made 1, so that it broadcasts to `shape`. */
const part = (shape: number[]) =>
  fc
    .tuple(fc.nat({ max: shape.length }), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
    .map(([drop, stretch]) => shape.map((n, i) => (stretch[i] ? 1 : n)).slice(drop));

function broadcast(kinds: Record<string, Kind>, attrs?: Arbitrary<unknown>): Sampler {
  return shapeOf().chain((shape) =>
    fc
      .tuple(...Object.keys(kinds).map(() => part(shape)))
      .chain((parts) =>
        make(Object.fromEntries(Object.entries(kinds).map(([key, kind], i) => [key, input(parts[i]!, kind)])), attrs),
      ),
  );
}

/** Inputs that all have one shape. */
function alike(keys: string[], minRank = 0, attrs?: Arbitrary<unknown>): Sampler {
  return shapeOf(minRank).chain((shape) => make(Object.fromEntries(keys.map((key) => [key, input(shape)])), attrs));
}

const axisOf = (rank: number) => fc.integer({ min: -rank, max: rank - 1 });
const axesOf = (rank: number): Arbitrary<number | number[] | null> =>
  rank === 0
    ? from(null, [])
    : fc.oneof(
        from(null),
        axisOf(rank),
        fc.subarray([...Array(rank).keys()]).map((axes) => axes.map((a) => (a % 2 ? a : a - rank))),
      );

function reduction(kind: Kind = "float", more: Record<string, Arbitrary<unknown>> = {}, size = dim): Sampler {
  return shapeOf(0, 4, size).chain((shape) =>
    make({ x: input(shape, kind) }, fc.record({ axis: axesOf(shape.length), keepdims: fc.boolean(), ...more })),
  );
}

/** A view op: its attributes depend on the shape. */
function view(attrs: (shape: number[]) => Arbitrary<unknown>, minRank = 0, maxRank = 4): Sampler {
  return shapeOf(minRank, maxRank).chain((shape) => make({ x: input(shape) }, attrs(shape)));
}

export const rangesOf = (shape: Shape) => {
  const bound = fc.option(fc.integer({ min: -5, max: 5 }));
  const range = fc.option(fc.tuple(bound, bound, from(null, 1, 2, 3, -1, -2)));
  return fc.array(range, { maxLength: shape.length });
};

const reshaped = (shape: number[]) =>
  fc
    .tuple(fc.shuffledSubarray(shape, { minLength: shape.length }), fc.boolean(), fc.boolean())
    .map(([to, merge, one]) => ({
      shape: [...(one ? [1] : []), ...(merge && to.length > 1 ? [to[0]! * to[1]!, ...to.slice(2)] : to)],
    }));

const matmul = shapeOf(0, 2).chain((batch) =>
  fc
    .tuple(part(batch), part(batch), dim, dim, dim)
    .chain(([a, b, m, k, n]) => make({ a: input([...a, m, k]), b: input([...b, k, n]) })),
);

const linear = fc
  .tuple(shapeOf(0, 2), dim, dim)
  .chain(([batch, k, n]) => make({ x: input([...batch, k]), weight: input([k, n]), bias: input([n]) }));

/** `x` and an index along one axis; the index is no longer than `x` on the others. */
function along(build: (shape: number[], index: number[], axis: number) => Sampler): Sampler {
  return shapeOf(1, 3, someDim).chain((shape) =>
    fc.tuple(fc.nat({ max: shape.length - 1 }), dim, fc.boolean()).chain(([axis, count, shorter]) => {
      const index = shape.map((n, i) => (i === axis ? count : shorter ? Math.ceil(n / 2) : n));
      return build(shape, index, axis);
    }),
  );
}

function norm(keys: string[]): Sampler {
  return shapeOf(1, 3).chain((shape) => {
    const isVector = (key: string) => key === "weight" || key === "bias";
    const entries = keys.map((key) => [key, input(isVector(key) ? shape.slice(-1) : shape)]);
    return make(Object.fromEntries(entries), from({ eps: 0.3 }, { eps: 0.1 }));
  });
}

function crossEntropy(withGradient: boolean): Sampler {
  return fc.tuple(shapeOf(0, 2), someDim).chain(([rows, classes]) => {
    const more: Record<string, Arbitrary<Input>> = withGradient ? { g: input(rows) } : {};
    const inputs = { logits: input([...rows, classes]), target: input(rows, "index", classes), ...more };
    return make(inputs, from({ ignore: -100 }, { ignore: 0 }));
  });
}

function klWithout(withGradient: boolean): Sampler {
  return fc.tuple(dim, someDim, fc.nat({ max: 3 })).chain(([rows, n, k]) => {
    const more: Record<string, Arbitrary<Input>> = withGradient ? { g: input([rows]) } : {};
    const logits = { clean: input([rows, n]), edited: input([rows, n]) };
    return make({ ...logits, index: input([rows, k], "index", n), ...more });
  });
}

/** Grouped heads of any number; every entry of the batch starts where it likes, also behind its end. */
function attention(withGradient: boolean): Sampler {
  const counts = from([1, 1], [2, 2], [2, 1], [4, 2], [3, 1]);
  return fc.tuple(fc.nat({ max: 2 }), dim, dim, counts).chain(([batch, length, d, [heads, kvHeads]]) => {
    const qkv = input([batch, length, heads! + 2 * kvHeads!, d]);
    const starts = from(1, length + 1).chain((high) => input([batch], "index", high));
    const more: Record<string, Arbitrary<Input>> = withGradient ? { g: input([batch, length, heads!, d]) } : {};
    return make({ qkv, starts, ...more }, from(...[0.7, 1.3, -0.5].map((scale) => ({ heads, kvHeads, scale }))));
  });
}

const rotary = fc.tuple(fc.nat({ max: 2 }), dim, dim, dim, dim).chain(([batch, length, vectors, half, rest]) => {
  const angles = input([batch, length, half]);
  const x = input([batch, length, vectors, 2 * half + rest]);
  return make({ x, cos: angles, sin: angles }, fc.record({ heads: fc.nat({ max: vectors }) }));
});

const embedding = fc.tuple(someDim, dim, shapeOf(0, 2));
const elementwise =
  "neg exp log sqrt rsqrt tanh erf sigmoid relu softplus abs sin cos sign square reciprocal silu gelu_erf gelu_tanh";
const each = (names: string, sampler: Sampler) => Object.fromEntries(names.split(" ").map((name) => [name, sampler]));
const exponents = from(...[-1, 0, 0.5, 1, 2, 3].map((exponent) => ({ exponent })));
const dtypes = from(...["f64", "f64", "f64", "f64", "f32", "i32", "bool"].map((dtype) => ({ dtype })));

export const samplers: Record<string, Sampler> = {
  ...each(elementwise, alike(["x"])),
  ...each("silu_gradient gelu_erf_gradient gelu_tanh_gradient", alike(["x", "g"])),
  pow_scalar: alike(["x"], 0, exponents),
  ...each("add sub mul div pow", broadcast({ a: "float", b: "float" })),
  ...each("maximum minimum", broadcast({ a: "even", b: "odd" })),
  ...each("eq ne lt le gt ge", broadcast({ a: "whole", b: "whole" })),
  where: broadcast({ condition: "bool", a: "float", b: "float" }),
  masked_fill: broadcast({ condition: "bool", x: "float" }, from({ value: 0.5 }, { value: -3 })),
  cast: alike(["x"], 0, dtypes),
  tril: view(() => fc.record({ diagonal: fc.integer({ min: -3, max: 3 }) }), 2),
  sum: reduction(),
  mean: reduction(),
  ...each("max min", reduction("distinct")),
  var: reduction("float", { correction: from(0, 1) }),
  logsumexp: reduction(),
  argmax: shapeOf(1, 3, someDim).chain((shape) =>
    make({ x: input(shape, "whole") }, fc.record({ axis: axisOf(shape.length) })),
  ),
  ...each("softmax log_softmax", alike(["x"], 1)),
  ...each("softmax_gradient log_softmax_gradient", alike(["y", "g"], 1)),
  causal_softmax: alike(["x"], 2),
  matmul,
  linear,
  causal_attention: attention(false),
  causal_attention_gradient: attention(true),
  permute: view((shape) =>
    fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }).map((perm) => ({
      perm: perm.map((axis) => (axis === 1 ? axis - shape.length : axis)),
    })),
  ),
  transpose: view(({ length }) => fc.record({ axes: fc.tuple(axisOf(length), axisOf(length)) }), 1),
  reshape: view(reshaped),
  expand: shapeOf().chain((shape) => part(shape).chain((before) => make({ x: input(before) }, from({ shape })))),
  slice: view((shape) => fc.record({ ranges: rangesOf(shape) })),
  place: fc
    .tuple(shapeOf(), from(0, 2.5))
    .chain(([shape, value]) =>
      rangesOf(shape).chain((ranges) =>
        make({ x: input(Layout.contiguous(shape).slice(ranges).shape) }, from({ shape, ranges, value })),
      ),
    ),
  pad: view(
    (shape) => {
      const pads = fc.array(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 })), {
        minLength: shape.length,
        maxLength: shape.length,
      });
      return fc.record({ pads, value: from(0, -1.5) });
    },
    0,
    3,
  ),
  flip: view((shape) =>
    fc.record({ axes: fc.subarray([...shape.keys()]).map((axes) => axes.map((a) => a - shape.length)) }),
  ),
  unsqueeze: view((shape) => fc.record({ axis: axisOf(shape.length + 1) }), 0, 3),
  squeeze: fc.tuple(shapeOf(0, 3), fc.nat({ max: 3 }), fc.boolean()).chain(([shape, at, negative]) => {
    const ones = shape.toSpliced(at, 0, 1);
    const axis = Math.min(at, shape.length) - (negative ? ones.length : 0);
    return make({ x: input(ones) }, from({ axis }));
  }),
  repeat_interleave: view(({ length }) => fc.record({ repeats: fc.nat({ max: 3 }), axis: axisOf(length) }), 1, 3),
  concat: fc.tuple(shapeOf(1, 3), fc.array(dim, { minLength: 1, maxLength: 3 })).chain(([shape, sizes]) =>
    axisOf(shape.length).chain((axis) => {
      const parts = sizes.map((n, i) => [`x${i}`, input(shape.with(axis, n))]);
      return make(Object.fromEntries(parts), from({ axis }));
    }),
  ),
  gather: along((shape, index, axis) =>
    make({ x: input(shape), index: input(index, "index", shape[axis]) }, from({ axis })),
  ),
  scatter_add: along((shape, index, axis) =>
    make({ x: input(shape), index: input(index, "index", shape[axis]), source: input(index) }, from({ axis })),
  ),
  index_select: along((shape, index, axis) =>
    make({ x: input(shape), index: input([index[axis]!], "index", shape[axis]) }, from({ axis })),
  ),
  embedding: embedding.chain(([rows, d, shape]) =>
    make({ weight: input([rows, d]), index: input(shape, "index", rows) }),
  ),
  embedding_gradient: embedding.chain(([rows, d, shape]) =>
    make({ index: input(shape, "index", rows), g: input([...shape, d]) }, from({ rows })),
  ),
  layer_norm: norm(["x", "weight", "bias"]),
  layer_norm_gradient: norm(["x", "weight", "g"]),
  layer_norm_weight_gradient: norm(["x", "g"]),
  rms_norm: norm(["x", "weight"]),
  rms_norm_gradient: norm(["x", "weight", "g"]),
  rms_norm_weight_gradient: norm(["x", "g"]),
  rotary: rotary,
  swiglu: alike(["gate", "up"]),
  swiglu_gate_gradient: alike(["gate", "up", "g"]),
  kl_without: klWithout(false),
  kl_without_gradient: klWithout(true),
  cross_entropy: crossEntropy(false),
  cross_entropy_gradient: crossEntropy(true),
};
