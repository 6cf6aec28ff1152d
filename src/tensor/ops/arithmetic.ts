import { DtypeError } from "../errors";
import type { BinaryKernel, CompareKernel } from "../kernels/interface";
import { broadcastShapes, sameShape } from "../layout";
import { type Domain, type GradientContext, op } from "../op";
import type { Tensor, TensorLike } from "../tensor";
import { log, neg } from "./elementwise";
import { cast, where } from "./select";

type BinaryGradient = (context: GradientContext<"a" | "b", undefined>) => Tensor;
interface BinaryRules {
  a: BinaryGradient;
  b: BinaryGradient;
  domain?: { a?: Domain; b?: Domain };
}

/** A function of two numbers, applied to every pair of elements after NumPy broadcasting. */
function binary(name: BinaryKernel, formula: string, { a, b, domain }: BinaryRules) {
  const apply = op(name, {
    formula,
    inputs: ["a", "b"],
    ...(domain && { domain }),
    ...((name === "div" || name === "pow") && { floats: true }),
    shape: (inputs) => broadcastShapes(name, inputs.a.shape, inputs.b.shape),
    forward: (kernels, inputs, out) => {
      if (out.dtype === "bool") throw new DtypeError(name, "a and b are bool", { hint: 'Cast them: a.cast("f32").' });
      kernels.binary(name, expandTo(inputs.a, out), expandTo(inputs.b, out), out);
    },
    gradient: { a, b },
  });
  return (a: TensorLike, b: TensorLike): Tensor => apply({ a, b });
}

/** `x` seen in the shape of `out`; a view, not recorded. */
function expandTo(x: Tensor, out: Tensor): Tensor {
  return sameShape(x.shape, out.shape) ? x : x.withLayout(x.layout.expand(out.shape));
}

/** `a + b` for each pair of elements, broadcast. Takes any dtype but `bool`. */
export const add = binary("add", "a + b", {
  a: ({ g }) => g,
  b: ({ g }) => g,
});

/** `a − b` for each pair of elements, broadcast. */
export const sub = binary("sub", "a − b", {
  a: ({ g }) => g,
  b: ({ g }) => neg(g),
});

/** `a · b` for each pair of elements, broadcast. */
export const mul = binary("mul", "a · b", {
  a: ({ g, b }) => mul(g, b),
  b: ({ g, a }) => mul(g, a),
});

/** `a / b` for each pair of elements, broadcast. Floats only. */
export const div = binary("div", "a / b", {
  a: ({ g, b }) => div(g, b),
  b: ({ g, b, out }) => neg(div(mul(g, out), b)),
  domain: { b: { awayFrom: [0] } },
});

const powTensor = binary("pow", "a ^ b, for a ≥ 0 where b is not an integer", {
  a: ({ g, a, b }) => mul(g, mul(b, powTensor(a, sub(b, 1)))),
  // At a = 0 the limit of a^b · log a is 0 for every b > 0.
  b: ({ g, a, out }) => mul(g, mul(out, log(where(equal(a, 0), 1, a)))),
  domain: { a: { min: 0.3, max: 3 } },
});

const powScalarOp = op("pow_scalar", {
  formula: "x ^ exponent",
  inputs: ["x"],
  floats: true,
  domain: { x: { min: 0.3, max: 3 } },
  compute: ({ x }, { exponent }: { exponent: number }) => powTensor(x, exponent),
  gradient: {
    // Exponents 0 and 1 need no power, which would be 0 · ∞ at x = 0.
    x: ({ g, x, attrs: { exponent } }) =>
      exponent === 0 ? mul(g, 0) : exponent === 1 ? g : mul(g, mul(powScalar(x, exponent - 1), exponent)),
  },
});

/** Every element to the same power. */
export function powScalar(x: TensorLike, exponent: number): Tensor {
  return powScalarOp({ x }, { exponent });
}

/** `a ^ b` for each pair of elements, broadcast; `b` is a number or a tensor. Floats only. */
export function pow(a: TensorLike, b: TensorLike): Tensor {
  return typeof b === "number" ? powScalar(a, b) : powTensor(a, b);
}

/** The larger of each pair of elements, broadcast; a tie gives each side half of the gradient. */
export const maximum = binary("maximum", "max(a, b); a tie gives each side half of the gradient", {
  a: ({ g, a, b }) => mul(g, share(a, b)),
  b: ({ g, a, b }) => mul(g, share(b, a)),
});

/** The smaller of each pair of elements, broadcast; a tie gives each side half of the gradient. */
export const minimum = binary("minimum", "min(a, b); a tie gives each side half of the gradient", {
  a: ({ g, a, b }) => mul(g, share(b, a)),
  b: ({ g, a, b }) => mul(g, share(a, b)),
});

/** 1 where `a > b`, ½ where equal, else 0. */
function share(a: Tensor, b: Tensor): Tensor {
  return add(cast(greater(a, b), a.dtype), mul(cast(equal(a, b), a.dtype), 0.5));
}

function comparison(name: CompareKernel, formula: string) {
  const apply = op(name, {
    formula,
    inputs: ["a", "b"],
    shape: ({ a, b }) => broadcastShapes(name, a.shape, b.shape),
    dtype: () => "bool",
    forward: (kernels, { a, b }, out) => kernels.compare(name, expandTo(a, out), expandTo(b, out), out),
    gradient: { a: null, b: null },
  });
  return (a: TensorLike, b: TensorLike): Tensor => apply({ a, b });
}

/** `a = b` for each pair of elements, broadcast, as `bool`. Comparisons have no gradient. */
export const equal = comparison("eq", "a = b, as bool");
/** `a ≠ b` for each pair of elements, broadcast, as `bool`. */
export const notEqual = comparison("ne", "a ≠ b, as bool");
/** `a < b` for each pair of elements, broadcast, as `bool`. */
export const less = comparison("lt", "a < b, as bool");
/** `a ≤ b` for each pair of elements, broadcast, as `bool`. */
export const lessEqual = comparison("le", "a ≤ b, as bool");
/** `a > b` for each pair of elements, broadcast, as `bool`. */
export const greater = comparison("gt", "a > b, as bool");
/** `a ≥ b` for each pair of elements, broadcast, as `bool`. */
export const greaterEqual = comparison("ge", "a ≥ b, as bool");
