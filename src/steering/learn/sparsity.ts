import { noGrad, parameter, Random, sizeOf, type Tensor, tensor } from "../../autograd";
import { drawGates, gated, gateNoise, meanGates, openProbability } from "./gates";
import type { Kind, Positions } from "./learned";
import { locationAxes } from "./learned";
import type { Flat, Mask } from "./parameters";
import { groupNorms, norm1, shrink, shrinkGroups } from "./proximal";

/** How parameters get to be exactly 0. */
export type Sparsity = "l1" | "l0";

/** What makes parameters exactly 0 while they are learned. */
export interface Pressure {
  /** The parameters, which move at the learning rate. */
  readonly theta: Flat;
  /** Logits of gates, which move at `gateLr`; empty where there are none. */
  readonly gates: Flat;
  /** What the model runs with in one update, and what is added to the loss. Differentiable in both arguments. */
  draw(theta: Flat, gates: Flat): { used: Flat; penalty: Tensor | undefined };
  /** λ_M times the norms that `shrink` works against, by now; 0 where the pressure is all in `draw`'s penalty. */
  cost(): number;
  /** After each update, in place. */
  shrink(): void;
  /** What has been learned, by now: exact zeros where nothing is left. */
  result(): Flat;
}

/** No pressure: what is there is fitted. */
export function freely(theta: Flat): Pressure {
  return {
    theta,
    gates: {},
    draw: (used) => ({ used, penalty: undefined }),
    cost: () => 0,
    shrink: () => {},
    result: () => theta,
  };
}

/** ℓ1 and group lasso as proximal steps. */
export function byShrinking(
  theta: Flat,
  kind: Kind,
  s: { lr: number; positions: Positions; minimality: number; groupMinimality: number },
): Pressure {
  return {
    ...freely(theta),
    cost() {
      const axes = locationAxes(kind, s.positions);
      return Object.values(theta).reduce((sum, x) => {
        const own = s.minimality === 0 ? 0 : s.minimality * norm1(x);
        return sum + own + (s.groupMinimality === 0 ? 0 : s.groupMinimality * groupNorms(x, axes));
      }, 0);
    },
    shrink() {
      for (const x of Object.values(theta)) {
        shrink(x, s.lr * s.minimality);
        shrinkGroups(x, locationAxes(kind, s.positions), s.lr * s.groupMinimality);
      }
    },
  };
}

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
  theta: Flat,
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
  const turned = (values: Flat, by: Flat) => mapFlat(values, (x, key) => gated(x, by[siteOf(key)]!));
  return {
    theta,
    gates,
    draw(values, logits) {
      const drawn = mapFlat(logits, (x) => drawGates(x, gateNoise(x.shape, random)));
      const expected = Object.values(logits).map((x) => openProbability(x).sum());
      return { used: turned(values, drawn), penalty: expected.reduce((a, b) => a.add(b)).mul(s.gateMinimality) };
    },
    cost: () => 0,
    shrink: () => {},
    // Plus 0: a closed gate makes −0 of what is negative.
    result: () => noGrad(() => mapFlat(turned(theta, mapFlat(gates, meanGates)), (x) => x.add(0))),
  };
}

const siteOf = (key: string) => key.split("/")[0]!;

function mapFlat(flat: Flat, f: (x: Tensor, key: string) => Tensor): Flat {
  return Object.fromEntries(Object.entries(flat).map(([key, x]) => [key, f(x, key)]));
}
