import { step, type Tensor, tensor } from "fader/tensor";
import { describe, expect, test } from "vitest";
import { kernelsFor } from "../../../src/tensor/kernels";

/** The accuracy of the float32 kernels over the whole float range, against float64 formulas. */
const { abs, exp, max, sqrt, log1p, PI, SQRT1_2 } = Math;
const [inf, nan] = [Number.POSITIVE_INFINITY, Number.NaN];
/** The distance of neighbouring denormals. */
const smallest = 2 ** -149;

/** Every 4099th float of both signs, denormals and infinities included. */
function everywhere(): number[] {
  const bits = new Uint32Array(1);
  const value = new Float32Array(bits.buffer);
  const found: number[] = [];
  for (let i = 0; i < 2 ** 32; i += 4099) {
    bits[0] = i;
    if (!Number.isNaN(value[0])) found.push(value[0]!);
  }
  return found;
}

/** Where a kernel changes its formula, overflows or reaches the denormals; and the range in which most inputs lie. */
function closely(): number[] {
  const points = [0.25, Math.LN2 / 2, 0.5, SQRT1_2, 1, Math.SQRT2, 2, 3.6, 4, 5.5, 5.657, 8.6, 9, 10, 12, 14, 16.6];
  const found: number[] = [];
  for (const point of [...points, 86, 87.3, 88, 88.72, 89, 97, 100, 103, 103.97, 104.5]) {
    for (let i = -1000; i <= 1000; i++) found.push(point * (1 + i * 1e-7), point * (1 + i * 3e-5));
  }
  for (let i = 0; i < 120_000; i++) found.push(i * 1e-4);
  // Multiples of ln 2 / 2, between which exp reduces its argument.
  for (let i = 0; i < 310; i++) for (let j = -3; j <= 3; j++) found.push((i * Math.LN2 * (1 + j * 6e-8)) / 2);
  return found.flatMap((x) => [x, -x]);
}

const inputs = Float32Array.from([...everywhere(), ...closely()]);

/** All terms are positive: nothing cancels. About 1e-15. */
function erf(x: number): number {
  const size = abs(x);
  if (size > 6) return Math.sign(x);
  let term = size;
  let sum = size;
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (2 * size * size) / (2 * n + 1);
    sum += term;
  }
  return Math.sign(x) * (2 / sqrt(PI)) * exp(-size * size) * sum;
}
function erfc(x: number): number {
  if (x < 2.5) return 1 - erf(x);
  let fraction = 0;
  for (let n = 100; n > 0; n--) fraction = n / 2 / (x + fraction);
  return exp(-x * x) / ((x + fraction) * sqrt(PI));
}
const sigmoid = (x: number) => (x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)));
const argument = (x: number) => 2 * sqrt(2 / PI) * (x + 0.044715 * x ** 3);
const times = (x: number, factor: number) => (factor === 0 ? 0 : x * factor);

/** Steps from one float32 to another. */
const bits = new Int32Array(1);
const asFloat = new Float32Array(bits.buffer);
const place = (x: number) => {
  asFloat[0] = x;
  return bits[0]! < 0 ? -2147483648 - bits[0]! : bits[0]!;
};
const steps = (a: number, b: number) => abs(place(a) - place(b));

/** What of `inputs` lies outside `f` by more than its bound, as text; empty when nothing does. */
function outside(got: ArrayLike<number>, f: (x: number) => number, fits: Fits): string[] {
  const found: string[] = [];
  for (let i = 0; i < inputs.length && found.length < 5; i++) {
    const want = f(inputs[i]!);
    const exact = Object.is(got[i], Math.fround(want));
    if (!exact && !fits(got[i]!, want, inputs[i]!)) found.push(`at ${inputs[i]}: got ${got[i]}, want ${want}`);
  }
  return found;
}
type Fits = (got: number, want: number, x: number) => boolean;
const withinSteps =
  (count: number): Fits =>
  (got, want) =>
    steps(got, Math.fround(want)) <= count;
/** Results below the smallest normal float are as exact as their digits allow. */
const relative =
  (bound: number, floor = smallest): Fits =>
  (got, want) =>
    abs(got - want) <= bound * abs(want) + floor;
const absolute =
  (bound: number): Fits =>
  (got, want, x) =>
    abs(got - want) <= bound * max(1, abs(x));

describe("elementary functions over all floats", () => {
  const cases: Record<string, { of: (x: Tensor) => Tensor; is: (x: number) => number; fits: Fits }> = {
    "exp within 2 ulp": { of: (x) => x.exp(), is: exp, fits: withinSteps(2) },
    "log within 2 ulp": { of: (x) => x.log(), is: Math.log, fits: withinSteps(2) },
    "tanh within 1e-6 of itself": { of: (x) => x.tanh(), is: Math.tanh, fits: relative(1e-6) },
    "erf within 1e-6 of itself": { of: (x) => x.erf(), is: erf, fits: relative(1e-6) },
    "sigmoid within 1e-6 of itself": { of: (x) => x.sigmoid(), is: sigmoid, fits: relative(1e-6) },
    "softplus within 1e-6 of itself": {
      of: (x) => x.softplus(),
      is: (x) => max(x, 0) + log1p(exp(-abs(x))),
      fits: relative(1e-6),
    },
    "silu within 1e-6 of itself": {
      of: (x) => x.silu(),
      is: (x) => times(x, sigmoid(x)),
      // Its sigmoid is a denormal first, then times up to 104.
      fits: relative(1e-6, 104 * smallest),
    },
    "gelu with tanh within 3e-7 of its input": {
      of: (x) => x.geluTanh(),
      is: (x) => times(x, sigmoid(argument(x))),
      fits: absolute(3e-7),
    },
    "gelu with erf within 3e-7 of its input": {
      of: (x) => x.geluErf(),
      is: (x) => times(x, erfc(-x * SQRT1_2) / 2),
      fits: absolute(3e-7),
    },
  };
  test.each(Object.entries(cases))("%s", (_, { of, is, fits }) => {
    step(() => expect(outside(of(tensor(inputs)).toTypedArray(), is, fits)).toEqual([]));
  });

  const slopes = {
    silu: (x: number) => sigmoid(x) + times(x, sigmoid(x) * sigmoid(-x)),
    gelu_tanh: (x: number) => {
      const tail = sigmoid(argument(x)) * sigmoid(-argument(x));
      return sigmoid(argument(x)) + times(x * 2 * sqrt(2 / PI) * (1 + 3 * 0.044715 * x * x), tail);
    },
    gelu_erf: (x: number) => erfc(-x * SQRT1_2) / 2 + times(x, exp((-x * x) / 2) / sqrt(2 * PI)),
  };
  test.each(["silu", "gelu_tanh", "gelu_erf"] as const)("the slope of %s within 5e-7", (name) => {
    step(() => {
      const x = tensor(inputs);
      const out = x.mul(0);
      kernelsFor("f32").activationGradient(name, x, x.mul(0).maximum(0).add(1), out);
      const fits: Fits = (got, want, at) => abs(at) === inf || abs(got - want) <= 5e-7;
      expect(outside(out.toTypedArray(), slopes[name], fits)).toEqual([]);
    });
  });
});

test("elementary functions at infinity, at nothing and at both zeros", () => {
  const at: Record<string, [(x: Tensor) => Tensor, number[]]> = {
    exp: [(x) => x.exp(), [inf, 0, nan, 1, 1]],
    log: [(x) => x.log(), [inf, nan, nan, -inf, -inf]],
    tanh: [(x) => x.tanh(), [1, -1, nan, 0, -0]],
    erf: [(x) => x.erf(), [1, -1, nan, 0, -0]],
    sigmoid: [(x) => x.sigmoid(), [1, 0, nan, 0.5, 0.5]],
    softplus: [(x) => x.softplus(), [inf, 0, nan, Math.fround(Math.LN2), Math.fround(Math.LN2)]],
    silu: [(x) => x.silu(), [inf, -0, nan, 0, -0]],
    geluTanh: [(x) => x.geluTanh(), [inf, -0, nan, 0, -0]],
    geluErf: [(x) => x.geluErf(), [inf, -0, nan, 0, -0]],
  };
  for (const [name, [of, want]] of Object.entries(at)) {
    step(() => expect(Array.from(of(tensor([inf, -inf, nan, 0, -0])).toTypedArray()), name).toEqual(want));
  }
});
