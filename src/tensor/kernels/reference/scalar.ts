import type { ActivationGradient, BinaryKernel, CompareKernel, UnaryKernel } from "../interface";

/** The formulas of the reference kernels, one number at a time, in float64. */

/** erf by its Taylor series near 0 and a continued fraction of erfc beyond; about 1e-15. */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; n < 80 && Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  return Number.isNaN(x) ? x : Math.sign(x) * (1 - erfcTail(size));
}

/** erfc for x ≥ 2.5, without the cancellation of `1 − erf(x)`. */
function erfcTail(x: number): number {
  if (x > 27) return 0;
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (x + fraction);
  return Math.exp(-x * x) / ((x + fraction) * Math.sqrt(Math.PI));
}

/** 1 / (1 + e^−x). */
export function sigmoid(x: number): number {
  // Each branch only takes exp of a negative number, so that neither overflows.
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

const sqrt2OverPi = Math.sqrt(2 / Math.PI);
const geluTanhInner = (x: number) => sqrt2OverPi * (x + 0.044715 * x * x * x);
/** Φ(x), the standard normal distribution function. */
const normalCdf = (x: number) => (x < -3.6 ? 0.5 * erfcTail(-x / Math.SQRT2) : 0.5 * (1 + erf(x / Math.SQRT2)));

/** f(x). */
export const unary: Readonly<Record<UnaryKernel, (x: number) => number>> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  tanh: Math.tanh,
  erf,
  sigmoid,
  silu: (x) => (x === Number.NEGATIVE_INFINITY ? 0 : x * sigmoid(x)),
  relu: (x) => Math.max(x, 0),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  abs: Math.abs,
  sin: Math.sin,
  cos: Math.cos,
  // 0.5 (1 + tanh u) is sigmoid(2u), which keeps its digits for very negative x.
  gelu_tanh: (x) => (x === Number.NEGATIVE_INFINITY ? 0 : x * sigmoid(2 * geluTanhInner(x))),
  gelu_erf: (x) => (x === Number.NEGATIVE_INFINITY ? 0 : x * normalCdf(x)),
  sign: Math.sign,
  square: (x) => x * x,
  reciprocal: (x) => 1 / x,
};

/** f(a, b). */
export const binary: Readonly<Record<BinaryKernel, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  maximum: Math.max,
  minimum: Math.min,
  pow: (a, b) => a ** b,
};

/** True or false of a and b. */
export const compare: Readonly<Record<CompareKernel, (a: number, b: number) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};

/** f′(x). */
export const activationGradient: Readonly<Record<ActivationGradient, (x: number) => number>> = {
  gelu_tanh: (x) => {
    const s = sigmoid(2 * geluTanhInner(x));
    const slope = 2 * sqrt2OverPi * (1 + 3 * 0.044715 * x * x);
    const tail = s * (1 - s);
    return s + (tail === 0 ? 0 : x * tail * slope);
  },
  gelu_erf: (x) => normalCdf(x) + (Math.abs(x) > 39 ? 0 : (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI)),
  silu: (x) => {
    const s = sigmoid(x);
    const tail = s * (1 - s);
    return s + (tail === 0 ? 0 : x * tail);
  },
};
