import { mul, NumericsError, Random, step, sum, type Tensor, tensor } from "../tensor";
import { grad, valueAndGrad } from "./grad";

/** Options of `checkGradients`. */
export interface CheckOptions {
  /** 1: gradients. 2 (default): also gradients of gradients. */
  order?: 1 | 2;
  seed?: number;
  /** Step of the central difference. Default 1e-5. */
  step?: number;
  /** Largest accepted difference, relative to the larger of 1 and the values compared. Default 1e-6. */
  tolerance?: number;
}

/**
 * Compares the gradients of `f` with central differences along a random direction, in float64, and the gradients of
 * those gradients likewise. Throws `NumericsError` with both numbers when they differ.
 *
 * `inputs`: float64 tensors by name. `f` may return a tensor of any shape.
 */
export function checkGradients(
  f: (inputs: Record<string, Tensor>) => Tensor,
  inputs: Record<string, Tensor>,
  options: CheckOptions = {},
): void {
  const { order = 2, seed = 0 } = options;
  const random = new Random(seed);
  const weights = new Map<string, Tensor>();
  // A fixed random weighting turns any output into one number that every element influences.
  const scalar = (x: Record<string, Tensor>): Tensor => {
    const out = f(x);
    const key = out.shape.join();
    const saved = weights.get(key) ?? randomLike(out, random);
    weights.set(key, saved);
    return sum(mul(out, saved));
  };
  step(() => {
    weights.set(f(inputs).shape.join(), randomLike(f(inputs), random));
    compare("gradient", scalar, inputs, random, options);
    if (order === 2) {
      const direction = directionFor(inputs, random);
      compare("second gradient", (x) => dot(grad(scalar)(x), direction), inputs, random, options);
    }
  });
}

function compare(
  what: string,
  scalar: (x: Record<string, Tensor>) => Tensor,
  inputs: Record<string, Tensor>,
  random: Random,
  { step: h = 1e-5, tolerance = 1e-6, seed = 0 }: CheckOptions,
): void {
  const direction = directionFor(inputs, random);
  const moved = (by: number) =>
    scalar(Object.fromEntries(Object.entries(inputs).map(([key, x]) => [key, x.add(mul(direction[key]!, by))]))).item();
  const numeric = (moved(h) - moved(-h)) / (2 * h);
  const { grads } = valueAndGrad(scalar)(inputs);
  const exact = dot(grads, direction).item();
  const scale = Math.max(1, Math.abs(numeric), Math.abs(exact));
  if (!(Math.abs(numeric - exact) <= tolerance * scale)) {
    throw new NumericsError("checkGradients", `the ${what} differs from finite differences`, {
      details: { gradient: exact, "finite difference": numeric, seed },
    });
  }
}

function dot(a: Record<string, Tensor>, b: Record<string, Tensor>): Tensor {
  return Object.keys(a)
    .map((key) => sum(mul(a[key]!, b[key]!)))
    .reduce((x, y) => x.add(y), tensor(0, { dtype: "f64" }));
}

function directionFor(inputs: Record<string, Tensor>, random: Random): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(inputs).map(([key, x]) => [key, randomLike(x, random)]));
}

function randomLike(x: Tensor, random: Random): Tensor {
  const values = Float64Array.from({ length: x.size }, () => random.normal());
  return tensor(values, { dtype: "f64", shape: x.shape });
}
