import { type Case, million, productName, products } from "./cases";
import type { Numbers } from "./protocol";

/** Why `found` is not the expected result, or `undefined` when it is: within `tolerance` of each array's largest entry. */
export function disagreement(found: Numbers, expected: Numbers, tolerance: number): string | undefined {
  for (const [name, wanted] of Object.entries(expected)) {
    const got = found[name];
    if (got?.length !== wanted.length) return `${name}: ${got?.length ?? 0} numbers in place of ${wanted.length}`;
    const scale = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const limit = tolerance * scale;
    for (let i = 0; i < wanted.length; i++) {
      const error = Math.abs(got[i]! - wanted[i]!);
      // A NaN is in no order with anything.
      if (!(error <= limit)) return `${name}[${i}] is ${got[i]}, not ${wanted[i]}`;
    }
  }
  return undefined;
}

/** The places that `digest` in peers/data.mjs takes. */
function places(size: number, count: number): number[] {
  const stride = Math.max(1, Math.floor(size / count));
  const result: number[] = [];
  for (let i = stride >> 1; i < size && result.length < count; i += stride) result.push(i);
  return result;
}

/** The expected result in float64 by item, where one can be had without an engine; models have none. */
export function references(spec: Case, inputs: Readonly<Record<string, Float32Array>>): Record<string, Numbers> {
  if (spec.kind === "gemm")
    return Object.fromEntries(products.map((size) => [productName(size), product(size, inputs)]));
  if (spec.kind === "elementwise") {
    const entries = (formula: (i: number) => number) => ({ entries: places(million[0] * million[1], 64).map(formula) });
    return Object.fromEntries(Object.entries(elementwise(inputs)).map(([name, formula]) => [name, entries(formula)]));
  }
  if (spec.kind === "dispatch") return dispatch(spec.ops! / 2, inputs.x!, inputs.y!);
  return {};
}

function product(size: readonly [number, number, number], inputs: Readonly<Record<string, Float32Array>>): Numbers {
  const [m, k, n] = size;
  const [a, b] = [inputs[`${productName(size)}.a`]!, inputs[`${productName(size)}.b`]!];
  const entries = places(m * n, 64).map((at) => {
    const [row, column] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let i = 0; i < k; i++) sum += a[row * k + i]! * b[i * n + column]!;
    return sum;
  });
  return { entries };
}

function elementwise({
  a,
  b,
  gain,
  bias,
}: Readonly<Record<string, Float32Array>>): Record<string, (i: number) => number> {
  const columns = million[1];
  const row = (i: number) => [...a!.subarray(i - (i % columns), i - (i % columns) + columns)];
  const mean = (values: readonly number[]) => values.reduce((s, v) => s + v, 0) / values.length;
  return {
    add: (i) => a![i]! + b![i]!,
    softmax: (i) => Math.exp(a![i]!) / row(i).reduce((s, v) => s + Math.exp(v), 0),
    layerNorm: (i) => {
      const values = row(i);
      const centre = mean(values);
      const variance = mean(values.map((v) => (v - centre) ** 2));
      return ((a![i]! - centre) / Math.sqrt(variance + 1e-5)) * gain![i % columns]! + bias![i % columns]!;
    },
    gelu: (i) => {
      const x = a![i]!;
      return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
    },
  };
}

/** `x ← x·y + y`, `pairs` times, and its derivative, `y` to that power. */
function dispatch(pairs: number, x: Float32Array, y: Float32Array): Record<string, Numbers> {
  const forward = [...x].map((start, i) => {
    let value = start;
    for (let k = 0; k < pairs; k++) value = value * y[i]! + y[i]!;
    return value;
  });
  return { forward: { all: forward }, gradient: { all: [...y].map((v) => v ** pairs) } };
}
