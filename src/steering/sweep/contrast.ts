import { type Interval, nestedBootstrap } from "../statistics";
import type { TrialResult } from "./run-trial";
import { type MeasureName, meanOf, type Unit, unitsFor } from "./units";

export const difference = (a: number, b: number) => a - b;
export const ratio = (a: number, b: number) => a / b;

/**
 * How two lists of results differ in a measure, with its interval: seeds that both have, and in each seed the same groups
 * of prompts (off the task: texts) for both, so that what is hard for both does not count as a difference. Groups that only
 * one has are left out.
 */
export function contrast(
  a: readonly TrialResult[],
  b: readonly TrialResult[],
  name: MeasureName,
  of: (a: number, b: number) => number,
): Interval {
  const runs = a.flatMap((first) => {
    const second = b.find(({ trial }) => trial.seed === first.trial.seed);
    const pairs = second === undefined ? [] : pair(unitsFor(name, first), unitsFor(name, second));
    return pairs.length > 0 ? [pairs] : [];
  });
  if (runs.length === 0) return { value: Number.NaN, low: Number.NaN, high: Number.NaN };
  const [interval] = nestedBootstrap(runs, (sample) => {
    const side = (at: 0 | 1) => sample.map((pairs) => pairs.map((units) => units[at]));
    return [of(meanOf(side(0), name), meanOf(side(1), name))];
  });
  return interval!;
}

function pair(first: readonly Unit[], second: readonly Unit[]): (readonly [Unit, Unit])[] {
  return first.flatMap((unit) => {
    const same = second.find(({ group }) => group === unit.group);
    return same === undefined ? [] : [[unit, same] as const];
  });
}
