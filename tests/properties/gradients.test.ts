import "fader/autograd";
import { checkGradients, detach, mul, type Shape, step, sum, type Tensor, tensor, valueAndGrad } from "fader/autograd";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sizeOf } from "../../src/tensor/internal";
import { Layout } from "../../src/tensor/layout";
import { applyOp, type Op, op, registry } from "../../src/tensor/op";
import { build, type Case, samplers } from "./samplers";

type Tensors = Record<string, Tensor>;
const ops = [...registry.values()];

/** Naive forward results, from the values of the inputs in row-major order. */
type Values = { shape: Shape; data: number[] };
const erf = (x: number) => {
  // Simpson's rule on the definition.
  const n = 400;
  let total = 0;
  for (let i = 0; i <= n; i++) total += (i === 0 || i === n ? 1 : i % 2 ? 4 : 2) * Math.exp(-(((x * i) / n) ** 2));
  return ((2 / Math.sqrt(Math.PI)) * x * total) / (3 * n);
};
const u = (x: number) => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
const unary: Record<string, (x: number) => number> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  rsqrt: (x) => x ** -0.5,
  tanh: Math.tanh,
  erf,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  relu: (x) => Math.max(x, 0),
  softplus: (x) => Math.log(1 + Math.exp(x)),
  abs: Math.abs,
  sin: Math.sin,
  cos: Math.cos,
  sign: Math.sign,
  square: (x) => x * x,
  reciprocal: (x) => 1 / x,
  silu: (x) => x / (1 + Math.exp(-x)),
  gelu_erf: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  gelu_tanh: (x) => (x / 2) * (1 + Math.tanh(u(x))),
}; // prettier-ignore
const binary: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: (a, b) => a ** b,
  maximum: Math.max,
  minimum: Math.min,
  eq: (a, b) => +(a === b),
  ne: (a, b) => +(a !== b),
  lt: (a, b) => +(a < b),
  le: (a, b) => +(a <= b),
  gt: (a, b) => +(a > b),
  ge: (a, b) => +(a >= b),
};
const total = (row: number[]) => row.reduce((a, b) => a + b, 0);
const average = (row: number[]) => total(row) / row.length;
const reductions: Record<string, (row: number[], attrs: { correction: number }) => number> = {
  sum: total,
  mean: average,
  max: (row) => Math.max(...row),
  min: (row) => Math.min(...row),
  logsumexp: (row) => Math.log(total(row.map(Math.exp))),
  var: (row, { correction }) => total(row.map((v) => (v - average(row)) ** 2)) / (row.length - correction),
  argmax: (row) => row.indexOf(Math.max(...row)),
};

/** The multi-index of every element, in row-major order. */
function* indices(shape: Shape): Generator<number[]> {
  if (shape.length === 0) return yield [];
  for (let i = 0; i < shape[0]!; i++) for (const rest of indices(shape.slice(1))) yield [i, ...rest];
}
const at = ({ shape, data }: Values, index: number[]) =>
  data[shape.reduce((flat, n, i) => flat * n + (n === 1 ? 0 : index[index.length - shape.length + i]!), 0)]!;

// biome-ignore lint/suspicious/noExplicitAny: attributes are whatever the op takes.
function expected(name: string, x: Record<string, Values>, attrs: any, shape: Shape): number[] | undefined {
  if (unary[name]) return x.x!.data.map(unary[name]);
  if (binary[name]) return [...indices(shape)].map((i) => binary[name]!(at(x.a!, i), at(x.b!, i)));
  if (name === "where") return [...indices(shape)].map((i) => at(at(x.condition!, i) ? x.a! : x.b!, i));
  if (name === "pow_scalar") return x.x!.data.map((v) => v ** attrs.exponent);
  if (name === "permute") {
    const inverse = attrs.perm.map((_: number, axis: number) =>
      attrs.perm.findIndex((p: number) => (p + shape.length) % shape.length === axis),
    );
    return [...indices(shape)].map((i) =>
      at(
        x.x!,
        inverse.map((k: number) => i[k]!),
      ),
    );
  }
  if (name === "matmul") {
    const k = x.a!.shape.at(-1)!;
    const pick = (i: number[], p: number) => at(x.a!, i.with(-1, p)) * at(x.b!, i.with(-2, p));
    return [...indices(shape)].map((i) => total(Array.from({ length: k }, (_, p) => pick(i, p))));
  }
  if (reductions[name]) {
    const rank = x.x!.shape.length;
    const axes = (attrs.axis === null ? [...Array(rank).keys()] : [attrs.axis].flat()).map(
      (a: number) => (a + rank) % rank,
    );
    const kept = x.x!.shape.map((n, i) => (axes.includes(i) ? 1 : n));
    const rows = [...indices(kept)].map((): number[] => []);
    const strides = kept.map((_, i) => sizeOf(kept.slice(i + 1)));
    [...indices(x.x!.shape)].forEach((index, i) => {
      rows[index.reduce((flat, v, k) => flat + (axes.includes(k) ? 0 : v * strides[k]!), 0)]!.push(x.x!.data[i]!);
    });
    return rows.map((row) => reductions[name]!(row, attrs));
  }
  return undefined;
}

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance = 1e-9): void {
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    const close =
      Object.is(got[i], want[i]) || Math.abs(got[i]! - want[i]!) <= tolerance * Math.max(1, Math.abs(want[i]!));
    if (!close && got[i] !== want[i]) expect.fail(`element ${i}: got ${got[i]}, want ${want[i]}`);
  }
}

const inputsOf = (declared: Op, { inputs }: Case): Tensors =>
  Object.fromEntries(Object.entries(inputs).map(([key, x]) => [key, build(x, declared.spec.domain?.[key])]));
const valuesOf = (x: Tensor): Values => ({ shape: x.shape, data: Array.from(x.toTypedArray()) });
const copyOf = (x: Tensor) => tensor(x.toTypedArray(), { dtype: x.dtype, shape: x.shape });
const mapAll = <A, B>(all: Record<string, A>, f: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(all).map(([key, value]) => [key, f(value)]));

/** Elements of the gradients against central differences of a weighted sum, without the library's own check. */
function checkElements(f: (x: Tensors) => Tensor, inputs: Tensors): void {
  const weight = (i: number) => Math.sin(1 + 2.3 * i);
  const score = (x: Tensors) => total(Array.from(f(x).toTypedArray(), (v, i) => v * weight(i)));
  const { grads } = valueAndGrad((x: Tensors) => {
    const out = f(x);
    const weights = Float64Array.from({ length: out.size }, (_, i) => weight(i));
    return sum(mul(out, tensor(weights, { shape: out.shape })));
  })(inputs);
  for (const [key, x] of Object.entries(inputs)) {
    expect(grads[key]!.shape).toEqual(x.shape);
    const slopes = grads[key]!.toTypedArray();
    for (let i = 0; i < x.size; i += Math.ceil(x.size / 3)) {
      const moved = (by: number) => {
        const values = x.toTypedArray();
        values[i]! += by;
        return score({ ...inputs, [key]: tensor(values, { dtype: "f64", shape: x.shape }) });
      };
      const numeric = (moved(1e-5) - moved(-1e-5)) / 2e-5;
      if (!(Math.abs(numeric - slopes[i]!) <= 1e-6 * Math.max(1, Math.abs(numeric)))) {
        expect.fail(`d/d${key}[${i}]: gradient ${slopes[i]}, finite difference ${numeric}`);
      }
    }
  }
}

describe("every op", () => {
  test("has a sampler, and every sampler an op", () => {
    expect(Object.keys(samplers).sort()).toEqual([...registry.keys()].sort());
  });

  test.each(ops.map((declared) => [declared.name, declared] as const))("%s", (name, declared) => {
    const { spec } = declared;
    let withGradient = 0;
    const property = (sample: Case) =>
      step(() => {
        const inputs = inputsOf(declared, sample);
        const apply = (x: Tensors) => applyOp(declared, { ...inputs, ...x }, sample.attrs);
        const out = apply(inputs);
        const values = out.toTypedArray();
        expectClose(values, apply(mapAll(inputs, copyOf)).toTypedArray(), 1e-12);
        if (spec.composed) expectClose(values, spec.composed(inputs, sample.attrs).toTypedArray());
        const want = expected(name, mapAll(inputs, valuesOf), sample.attrs, out.shape);
        if (want !== undefined) expectClose(values, want);
        if (out.dtype !== "f64" || !values.every(Number.isFinite)) return;
        const free = Object.entries(inputs).filter(([key, x]) => x.dtype === "f64" && spec.gradient?.[key] !== null);
        if (free.length === 0) return;
        withGradient++;
        checkElements(apply, Object.fromEntries(free));
        checkGradients(apply, Object.fromEntries(free), { order: 2, seed: 1 });
      });
    fc.assert(fc.property(samplers[name]!, property), { numRuns: 100 });
    const hasGradient = !spec.gradient || Object.values(spec.gradient).some((gradient) => gradient !== null);
    if (hasGradient && !["eq", "ne", "lt", "le", "gt", "ge"].includes(name)) expect(withGradient).toBeGreaterThan(40);
  });
});

describe("checkGradients", () => {
  const x = () => tensor([0.5, -1, 2], { dtype: "f64" });
  /** x², with a gradient of our choice; not left in the registry. */
  const squareWith = (gradient: (g: Tensor, x: Tensor) => Tensor) => {
    const apply = op("square_for_test", {
      formula: "x²",
      inputs: ["x"],
      shape: ({ x }) => x.shape,
      forward: (kernels, { x }, out) => kernels.unary("square", x, out),
      gradient: { x: ({ g, x }) => gradient(g, x) },
    });
    registry.delete("square_for_test");
    return (inputs: Tensors) => apply({ x: inputs.x! });
  };

  test("accepts the right gradient", () => {
    expect(() =>
      checkGradients(
        squareWith((g, x) => mul(g, mul(x, 2))),
        { x: x() },
      ),
    ).not.toThrow();
  });
  test("refuses a wrong gradient", () => {
    const wrong = squareWith((g, x) => mul(g, mul(x, 2.001)));
    expect(() => checkGradients(wrong, { x: x() })).toThrow(/the gradient differs/);
  });
  test("refuses a gradient of the right value that cannot be differentiated again", () => {
    const wrong = squareWith((g, x) => mul(g, mul(detach(x), 2)));
    expect(() => checkGradients(wrong, { x: x() }, { order: 1 })).not.toThrow();
    expect(() => checkGradients(wrong, { x: x() })).toThrow(/the second gradient differs/);
  });
  test("refuses a gradient that is not a number", () => {
    const wrong = squareWith((g, x) => mul(g, mul(x, Number.NaN)));
    expect(() => checkGradients(wrong, { x: x() })).toThrow(/the gradient differs/);
  });
  test("refuses a gradient that is wrong in one element of one input", () => {
    const wrong = ({ a, b }: Tensors) => mul(a!, b!).add(mul(detach(b!), tensor([0, 1e-4, 0], { dtype: "f64" })));
    expect(() => checkGradients(wrong, { a: x(), b: x() })).toThrow(/the gradient differs/);
  });
  test("layouts keep away from the tape: a view made by hand is a constant", () => {
    const view = ({ x }: Tensors) => x!.withLayout(Layout.contiguous([3])).mul(x!);
    expect(() => checkGradients(view, { x: x() })).toThrow(/the gradient differs/);
  });
});
