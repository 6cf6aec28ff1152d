import type { BinaryKernel, CompareKernel, UnaryKernel } from "../../src/tensor/kernels/interface";

/** What the kernels should compute, in float64 and the plainest way. */
const { exp, log, abs, sqrt, max, min } = Math;
export const [inf, nan] = [Number.POSITIVE_INFINITY, Number.NaN];

export const erf = (x: number) => {
  if (abs(x) > 6) return Math.sign(x);
  // Simpson's rule on the definition.
  let sum = 0;
  for (let i = 0; i <= 200; i++) sum += (i % 200 === 0 ? 1 : i % 2 ? 4 : 2) * exp(-(((x * i) / 200) ** 2));
  return ((2 / sqrt(Math.PI)) * x * sum) / 600;
};
export const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)));
export const phi = (x: number) => exp((-x * x) / 2) / sqrt(2 * Math.PI);
export const inner = (x: number) => sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
export const unary: Record<UnaryKernel, (x: number) => number> = {
  neg: (x) => -x,
  exp,
  log,
  sqrt,
  rsqrt: (x) => 1 / sqrt(x),
  tanh: Math.tanh,
  erf,
  sigmoid,
  silu: (x) => x * sigmoid(x),
  relu: (x) => max(x, 0),
  softplus: (x) => max(x, 0) + Math.log1p(exp(-abs(x))),
  abs,
  sin: Math.sin,
  cos: Math.cos,
  gelu_tanh: (x) => x * sigmoid(2 * inner(x)),
  gelu_erf: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  sign: Math.sign,
  square: (x) => x * x,
  reciprocal: (x) => 1 / x,
};
export const binary: Record<BinaryKernel, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: (a, b) => a ** b,
  maximum: max,
  minimum: min,
};
export const compare: Record<CompareKernel, (a: number, b: number) => boolean> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};
export const slopes = {
  gelu_tanh: (x: number) => {
    const s = sigmoid(2 * inner(x));
    return s + x * s * (1 - s) * 2 * sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
  },
  gelu_erf: (x: number) => 0.5 * (1 + erf(x / Math.SQRT2)) + x * phi(x),
  silu: (x: number) => sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x)),
};

export const sum = (row: number[]) => row.reduce((a, b) => a + b, 0);
export const mean = (row: number[]) => sum(row) / row.length;
export const dot = (a: number[], b: number[]) => sum(a.map((v, i) => v * b[i]!));
export const softmax = (row: number[]) => {
  const top = max(...row);
  const e = row.map((v) => exp(v - top));
  const total = sum(e);
  return top === -inf ? row.map(() => 0) : e.map((v) => v / total);
};
export const logsumexp = (row: number[]) => {
  const top = max(...row);
  return top + log(sum(row.map((v) => exp(v - top))));
};
export const layerHat = (row: number[], eps: number) => {
  const middle = mean(row);
  return rmsHat(
    row.map((v) => v - middle),
    eps,
  );
};
export const rmsHat = (row: number[], eps: number) => {
  const scale = 1 / sqrt(mean(row.map((x) => x * x)) + eps);
  return row.map((v) => v * scale);
};
