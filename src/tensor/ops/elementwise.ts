import { DtypeError } from "../errors";
import type { ActivationGradient, UnaryKernel } from "../kernels/interface";
import { contiguous, type Domain, type Gradient, op } from "../op";
import type { Tensor, TensorLike } from "../tensor";
import { add, div, greater, mul, sub } from "./arithmetic";
import { where } from "./select";

type UnaryGradient = (context: { g: Tensor; x: Tensor; out: Tensor }) => Tensor;

const keepsIntegers = new Set<UnaryKernel>(["neg", "abs", "sign", "square", "relu"]);

/** A function of one number, applied to every element. */
function elementwise(name: UnaryKernel, formula: string, gradient: UnaryGradient, domain?: Domain) {
  const apply = op(name, {
    formula,
    inputs: ["x"],
    ...(domain && { domain: { x: domain } }),
    ...(!keepsIntegers.has(name) && { floats: true }),
    shape: ({ x }) => x.shape,
    forward: (kernels, { x }, out) => {
      if (x.dtype === "bool") throw new DtypeError(name, "x is bool", { hint: 'Cast it: x.cast("f32").' });
      kernels.unary(name, x, out);
    },
    gradient: { x: gradient as Gradient<"x", undefined> },
  });
  return (x: TensorLike): Tensor => apply({ x });
}

/** −x of each element. */
export const neg = elementwise("neg", "−x", ({ g }) => neg(g));
/** e^x of each element. */
export const exp = elementwise("exp", "e^x", ({ g, out }) => mul(g, out));
/** The natural logarithm of each element. */
export const log = elementwise("log", "ln x", ({ g, x }) => div(g, x), { min: 0.1 });
/** √x of each element. */
export const sqrt = elementwise("sqrt", "√x", ({ g, out }) => div(mul(g, 0.5), out), { min: 0.1 });
/** 1/√x of each element. */
export const rsqrt = elementwise("rsqrt", "1/√x", ({ g, x, out }) => mul(mul(g, -0.5), div(out, x)), { min: 0.1 });
/** tanh x of each element. */
export const tanh = elementwise("tanh", "tanh x", ({ g, out }) => mul(g, sub(1, square(out))));
/** The error function, 2/√π · ∫₀ˣ e^(−t²) dt of each element. */
export const erf = elementwise("erf", "2/√π · ∫₀ˣ e^(−t²) dt", ({ g, x }) =>
  mul(g, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))),
);
/** 1 / (1 + e^−x) of each element. */
export const sigmoid = elementwise("sigmoid", "1 / (1 + e^−x)", ({ g, out }) => mul(g, mul(out, sub(1, out))));
/** max(x, 0), with gradient 0 at 0 of each element. */
export const relu = elementwise("relu", "max(x, 0); gradient 0 at 0", ({ g, x }) => where(greater(x, 0), g, 0), {
  awayFrom: [0],
});
/** ln(1 + e^x) of each element. */
export const softplus = elementwise("softplus", "ln(1 + e^x)", ({ g, x }) => mul(g, sigmoid(x)));
/** |x|, with gradient 0 at 0 of each element. */
export const abs = elementwise("abs", "|x|; gradient 0 at 0", ({ g, x }) => mul(g, sign(x)), { awayFrom: [0] });
/** sin x of each element. */
export const sin = elementwise("sin", "sin x", ({ g, x }) => mul(g, cos(x)));
/** cos x of each element. */
export const cos = elementwise("cos", "cos x", ({ g, x }) => neg(mul(g, sin(x))));
/** −1, 0 or 1 of each element. */
export const sign = elementwise("sign", "−1, 0 or 1; gradient 0", ({ g }) => mul(g, 0), { awayFrom: [0] });
/** x² of each element. */
export const square = elementwise("square", "x²", ({ g, x }) => mul(g, mul(x, 2)));
/** 1/x of each element. */
export const reciprocal = elementwise("reciprocal", "1/x", ({ g, out }) => neg(mul(g, square(out))), {
  awayFrom: [0],
});

/** Gradient of an activation in one kernel; `composed` is the same in simpler ops. */
function activationGradient(name: ActivationGradient, formula: string, slope: (x: Tensor) => Tensor) {
  const apply = op(`${name}_gradient`, {
    formula,
    inputs: ["x", "g"],
    shape: ({ x }) => x.shape,
    forward: (kernels, { x, g }, out) => kernels.activationGradient(name, contiguous(x), contiguous(g), out),
    composed: ({ x, g }) => mul(g, slope(x)),
  });
  return (x: Tensor, g: Tensor): Tensor => apply({ x, g });
}

const siluGradient = activationGradient("silu", "g · (s + x·s·(1 − s)), s = sigmoid(x)", (x) => {
  const s = sigmoid(x);
  return add(s, mul(x, mul(s, sub(1, s))));
});
/** x · sigmoid(x) of each element. */
export const silu = elementwise("silu", "x · sigmoid(x)", ({ g, x }) => siluGradient(x, g));

const geluErfGradient = activationGradient("gelu_erf", "g · (Φ(x) + x·φ(x)), φ the normal density", (x) => {
  const cdf = mul(add(erf(mul(x, Math.SQRT1_2)), 1), 0.5);
  return add(cdf, mul(x, mul(exp(mul(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI))));
});
/** GELU (Hendrycks & Gimpel 2016): x · Φ(x). */
export const geluErf = elementwise("gelu_erf", "x · Φ(x) = ½x (1 + erf(x/√2))", ({ g, x }) => geluErfGradient(x, g));

const k = Math.sqrt(2 / Math.PI);
const geluTanhGradient = activationGradient("gelu_tanh", "g · (s + x·s·(1 − s)·2u′), s = sigmoid(2u)", (x) => {
  const s = sigmoid(mul(mul(x, add(mul(square(x), 0.044715), 1)), 2 * k));
  const slope = mul(add(mul(square(x), 3 * 0.044715), 1), 2 * k);
  return add(s, mul(x, mul(mul(s, sub(1, s)), slope)));
});
/** GELU in its tanh approximation, as GPT-2 has it: ½x (1 + tanh(√(2/π)(x + 0.044715x³))). */
export const geluTanh = elementwise("gelu_tanh", "½x (1 + tanh u), u = √(2/π)(x + 0.044715x³)", ({ g, x }) =>
  geluTanhGradient(x, g),
);
