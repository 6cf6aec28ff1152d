import type { Model } from "../../nn";
import type { LearnedIntervention } from "../learn/learned";
import { measureColumns, measureTexts } from "../measure/columns";
import {
  type MeasureName,
  measureRun,
  promptMeasureNames,
  runMeasureNames,
  textMeasureNames,
} from "../measure/measures";
import { type Interval, nestedBootstrap } from "../statistics";
import type { Task } from "../tasks/task";
import { type Group, groupsFor, meanOf, promptGroups, textGroups } from "./groups";
import type { TrialResult } from "./run-trial";

/** Every measure of the table with its 95% interval; NaN where nothing was measured. */
export type MeasureIntervals = Readonly<Record<MeasureName, Interval>>;

const none: Interval = { value: Number.NaN, low: Number.NaN, high: Number.NaN };

/**
 * Measures one intervention on the held-out prompts of a task, which may have several lengths, and, for `ccc` and `ioi`,
 * on texts off the task. Intervals draw groups of prompts, and texts.
 */
export function measureHeldOut(
  model: Model,
  task: Task,
  learned: LearnedIntervention,
  { seed = 0 }: { seed?: number } = {},
): MeasureIntervals {
  const held = measureColumns(model, task.test, learned);
  const offTask = measureTexts(model, task, learned, seed);
  return measureIntervals([promptGroups({ ...measureRun(learned), held })], offTask && [textGroups({ offTask })]);
}

/** Intervals of every measure over runs. Prompts and texts are drawn each on their own: they share nothing. */
export function measureIntervals(
  prompts: readonly (readonly Group[])[],
  texts: readonly (readonly Group[])[] = [],
): MeasureIntervals {
  const entries = (runs: readonly (readonly Group[])[], names: readonly MeasureName[]) => {
    const drawn = () => nestedBootstrap(runs, (sample) => names.map((name) => meanOf(sample, name)));
    const intervals = runs.length > 0 ? drawn() : [];
    return names.map((name, i) => [name, intervals[i] ?? none] as const);
  };
  return Object.fromEntries([
    ...entries(prompts, [...promptMeasureNames, ...runMeasureNames]),
    ...entries(texts, textMeasureNames),
  ]) as MeasureIntervals;
}

/**
 * Compares two lists of results in a measure: `of` of their means, with its interval. Only seeds that both have count,
 * and in each seed the groups of prompts (off the task: texts) that both have, so that what is hard for both does not
 * count as a difference.
 */
export function pairedInterval(
  a: readonly TrialResult[],
  b: readonly TrialResult[],
  name: MeasureName,
  of: (a: number, b: number) => number,
): Interval {
  const runs = a.flatMap((first) => {
    const second = b.find(({ trial }) => trial.seed === first.trial.seed);
    const pairs = second === undefined ? [] : pair(groupsFor(name, first), groupsFor(name, second));
    return pairs.length > 0 ? [pairs] : [];
  });
  if (runs.length === 0) return none;
  const [interval] = nestedBootstrap(runs, (sample) => {
    const side = (at: 0 | 1) => sample.map((pairs) => pairs.map((groups) => groups[at]));
    return [of(meanOf(side(0), name), meanOf(side(1), name))];
  });
  return interval!;
}

function pair(first: readonly Group[], second: readonly Group[]): (readonly [Group, Group])[] {
  return first.flatMap((group) => {
    const same = second.find(({ name }) => name === group.name);
    return same === undefined ? [] : [[group, same] as const];
  });
}
