import { mul, noGrad, parameter, Random, type Tensor, tensor } from "../../autograd";
import { sizeOf } from "../../tensor/internal";
import { type Kind, locationAxes, type Positions } from "./kinds";
import type { Mask } from "./mask";
import type { FlatParameters } from "./parameters";

/** How parameters get to be exactly 0. */
export type Sparsity = "l1" | "l0";

/** A pressure that makes parameters exactly 0 while they are learned. */
export interface Pressure {
  /** The parameters, which move at the learning rate. */
  readonly theta: FlatParameters;
  /** Logits of gates, which move at `gateLr`; empty where there are none. */
  readonly gates: FlatParameters;
  /** The parameters that the model runs with in one update, and what is added to the loss; differentiable in both arguments. */
  draw(theta: FlatParameters, gates: FlatParameters): { used: FlatParameters; penalty: Tensor | undefined };
  /** λ_M times the norms that `shrink` works against, by now; 0 where the pressure is all in `draw`'s penalty. */
  cost(): number;
  /** Runs after each update, in place. */
  shrink(): void;
  /** The parameters by now, with exact zeros where nothing is left. */
  result(): FlatParameters;
}

/** No pressure: what is there is fitted. */
export function freely(theta: FlatParameters): Pressure {
  return {
    theta,
    gates: {},
    draw: (used) => ({ used, penalty: undefined }),
    cost: () => 0,
    shrink: () => {},
    result: () => theta,
  };
}

/** ℓ1 and group lasso (one group for each location) as proximal steps. */
export function byShrinking(
  theta: FlatParameters,
  kind: Kind,
  s: { lr: number; positions: Positions; minimality: number; groupMinimality: number },
): Pressure {
  const axes = locationAxes(kind, s.positions);
  // Read anew each time: memory that grows leaves earlier views behind.
  const all = () =>
    Object.values(theta).map((x) => ({
      values: x.storage.data() as Float32Array,
      size: sizeOf(x.shape.slice(axes)),
    }));
  return {
    ...freely(theta),
    cost: () =>
      all().reduce((sum, { values, size }) => {
        const l1 = s.minimality === 0 ? 0 : s.minimality * values.reduce((total, value) => total + Math.abs(value), 0);
        if (s.groupMinimality === 0) return sum + l1;
        return sum + l1 + s.groupMinimality * groupsOf(values, size).reduce((total, x) => total + Math.hypot(...x), 0);
      }, 0),
    shrink() {
      for (const { values, size } of all()) {
        shrink(values, s.lr * s.minimality);
        if (s.groupMinimality !== 0) for (const x of groupsOf(values, size)) shrinkGroup(x, s.lr * s.groupMinimality);
      }
    },
  };
}

/** Moves every value towards 0 by `by`, and to exactly 0 within it: the proximal step of ℓ1. */
function shrink(values: Float32Array, by: number): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    values[i] = Math.abs(value) <= by ? 0 : value - Math.sign(value) * by;
  }
}

/** Shortens a vector by `by`, and to exactly 0 within it: the proximal step of the group lasso. */
function shrinkGroup(values: Float32Array, by: number): void {
  const norm = Math.hypot(...values);
  const factor = norm <= by ? 0 : 1 - by / norm;
  for (let i = 0; i < values.length; i++) values[i]! *= factor;
}

function groupsOf(values: Float32Array, size: number): Float32Array[] {
  return Array.from({ length: values.length / size }, (_, i) => values.subarray(i * size, (i + 1) * size));
}

/**
 * Hard-concrete gates of Louizos, Welling & Kingma, "Learning Sparse Neural Networks through L0 Regularization" (ICLR
 * 2018). The three constants are that paper's, which takes the temperature from Maddison, Mnih & Teh (2017). A gate is a
 * number in [0, 1] that is exactly 0 and exactly 1 with probabilities above 0; its logit `log α` is what is learned.
 */
const [temperature, low, high] = [2 / 3, -0.1, 1.1];

/** Learning rate of gates: their logits have the same scale whatever the gates are of. Ours, as the two below. */
export const gateLr = 0.05;
/** Logits of gates at the start: open with probability 0.97, and for places that may not be used. */
const open = 2;
const shut = -30;

/**
 * L0: a hard-concrete gate for each scalar, or for all of one place's vector; the expected number of open gates is the
 * penalty. All gates are drawn once for each update (ours).
 */
export function byGates(
  theta: FlatParameters,
  kind: Kind,
  s: { seed: number; positions: Positions; gateMinimality: number },
  mask: Mask | undefined,
): Pressure {
  // Of its own, so that the same seed gives the same batches with and without gates.
  const random = new Random(~s.seed);
  const gates: Record<string, Tensor> = {};
  for (const [key, x] of Object.entries(theta)) {
    const shape = kind === "scalars" ? x.shape : x.shape.slice(0, locationAxes(kind, s.positions));
    const count = sizeOf(shape);
    const isShut = (gate: number) => mask !== undefined && mask[key]![(gate * sizeOf(x.shape)) / count] === 0;
    const start = Float32Array.from({ length: count }, (_, i) => (isShut(i) ? shut : open) + 0.01 * random.normal());
    gates[siteOf(key)] ??= parameter(tensor(start, { shape }));
  }
  const timesGates = (values: FlatParameters, by: FlatParameters) =>
    mapFlat(values, (x, key) => gated(x, by[siteOf(key)]!));
  return {
    ...freely(theta),
    gates,
    draw(values, logits) {
      const drawn = mapFlat(logits, (x) => drawGates(x, gateNoise(x.shape, random)));
      const expected = Object.values(logits).map((x) => openProbability(x).sum());
      return { used: timesGates(values, drawn), penalty: expected.reduce((a, b) => a.add(b)).mul(s.gateMinimality) };
    },
    // Plus 0: a closed gate makes −0 of what is negative.
    result: () => noGrad(() => mapFlat(timesGates(theta, mapFlat(gates, meanGates)), (x) => x.add(0))),
  };
}

/** Logistic noise; the uniform draw is kept away from 0 and 1, where its logit would be infinite (1e-6 is ours). */
export function gateNoise(shape: readonly number[], random: Random): Tensor {
  const values = Float32Array.from({ length: sizeOf(shape) }, () => {
    const u = Math.min(Math.max(random.uniform(), 1e-6), 1 - 1e-6);
    return Math.log(u) - Math.log(1 - u);
  });
  return tensor(values, { shape });
}

/** One draw of gates: `clip(sigmoid((log u − log(1 − u) + log α) / temperature) · (high − low) + low, 0, 1)`. */
export function drawGates(logits: Tensor, noise: Tensor): Tensor {
  return meanGates(logits.add(noise).div(temperature));
}

/** Gates without noise: `clip(sigmoid(log α) · (high − low) + low, 0, 1)`. */
export function meanGates(logits: Tensor): Tensor {
  const stretched = logits
    .sigmoid()
    .mul(high - low)
    .add(low);
  return stretched.relu().minimum(1);
}

/** Probability that each gate is not 0: `sigmoid(log α − temperature · log(−low / high))`. Its sum is the expected L0. */
export function openProbability(logits: Tensor): Tensor {
  return logits.sub(temperature * Math.log(-low / high)).sigmoid();
}

/** Parameters times gates, which have their leading axes. */
export function gated(x: Tensor, gates: Tensor): Tensor {
  const trailing = x.shape.slice(gates.shape.length).map(() => 1);
  return mul(x, trailing.length === 0 ? gates : gates.reshape([...gates.shape, ...trailing]));
}

const siteOf = (key: string) => key.split("/")[0]!;

function mapFlat(flat: FlatParameters, f: (x: Tensor, key: string) => Tensor): FlatParameters {
  return Object.fromEntries(Object.entries(flat).map(([key, x]) => [key, f(x, key)]));
}
