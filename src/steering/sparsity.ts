import { noGrad, parameter, Random, type Tensor, tensor } from "../autograd";
import { drawGates, gated, gateNoise, meanGates, openProbability } from "./gates";
import type { Kind, Positions } from "./learned";
import { locationAxes } from "./learned";
import type { Flat, Mask } from "./parameters";
import { shrink, shrinkGroups } from "./proximal";

/** How parameters get to be exactly 0. `none` leaves them all as they are, to refit what is left. */
export type Sparsity = "l1" | "l0";

export interface Pressure {
  /** What is learned. */
  readonly theta: Flat;
  /** What the model runs with in one update, and what is added to the loss. Differentiable in `theta`. */
  draw(theta: Flat): { used: Flat; penalty: Tensor | undefined };
  /** After each update, in place. */
  shrink(): void;
  /** What has been learned, by now: exact zeros where nothing is left. */
  result(): Flat;
}

/** No pressure: what is there is fitted. */
export function freely(theta: Flat): Pressure {
  return { theta, draw: (used) => ({ used, penalty: undefined }), shrink: () => {}, result: () => theta };
}

/** ℓ1 and group lasso as proximal steps. */
export function byShrinking(
  theta: Flat,
  kind: Kind,
  s: { lr: number; positions: Positions; minimality: number; groupMinimality: number },
): Pressure {
  return {
    ...freely(theta),
    shrink() {
      for (const x of Object.values(theta)) {
        shrink(x, s.lr * s.minimality);
        shrinkGroups(x, locationAxes(kind, s.positions), s.lr * s.groupMinimality);
      }
    },
  };
}

/**
 * L0: a hard-concrete gate for each scalar, or for the whole place of a vector; the expected number of open gates is the
 * penalty. Start and noise of the gates are [ours]: they start open with probability 0.97, one draw for each update.
 */
export function byGates(
  values: Flat,
  kind: Kind,
  s: { seed: number; positions: Positions; gateMinimality: number },
  mask: Mask | undefined,
): Pressure {
  // Of its own, so that the same seed gives the same batches with and without gates.
  const random = new Random(~s.seed);
  const theta: Record<string, Tensor> = { ...values };
  const gateOf = (key: string) => `${key.split("/")[0]}/gate`;
  for (const [key, x] of Object.entries(values)) {
    if (theta[gateOf(key)] !== undefined) continue;
    const shape = kind === "scalars" ? x.shape : x.shape.slice(0, locationAxes(kind, s.positions));
    const gates = shape.reduce((a, b) => a * b, 1);
    const perGate = x.shape.reduce((a, b) => a * b, 1) / gates;
    const isShut = (gate: number) => mask !== undefined && mask[key]![gate * perGate] === 0;
    const start = Float32Array.from({ length: gates }, (_, i) => (isShut(i) ? shut : open) + 0.01 * random.normal());
    theta[gateOf(key)] = parameter(tensor(start, { shape }));
  }
  const isGate = (key: string) => key.endsWith("/gate");
  const gatedBy = (all: Flat, gates: Readonly<Record<string, Tensor>>): Flat =>
    Object.fromEntries(Object.keys(values).map((key) => [key, gated(all[key]!, gates[gateOf(key)]!)]));
  const mapGates = (all: Flat, f: (logits: Tensor) => Tensor) =>
    Object.fromEntries(
      Object.entries(all)
        .filter(([key]) => isGate(key))
        .map(([key, x]) => [key, f(x)]),
    );
  return {
    theta,
    draw(all) {
      const used = gatedBy(
        all,
        mapGates(all, (logits) => drawGates(logits, gateNoise(logits.shape, random))),
      );
      const expected = Object.values(mapGates(all, (logits) => openProbability(logits).sum()));
      const total = expected.reduce((a, b) => a.add(b));
      return { used, penalty: total.mul(s.gateMinimality) };
    },
    shrink: () => {},
    result: () => noGrad(() => gatedBy(theta, mapGates(theta, meanGates))),
  };
}

/** Logits of gates at the start: open with probability 0.97, and for places that may not be used. */
const open = 2;
const shut = -30;
