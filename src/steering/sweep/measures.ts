import type { Model } from "../../nn";
import type { LearnedIntervention } from "../learn/learned";
import { type Interval, nestedBootstrap } from "../statistics";
import type { Task } from "../tasks/task";
import { measureColumns, measureTexts } from "./columns";
import {
  type MeasureName,
  meanOf,
  promptMeasureNames,
  runMeasureNames,
  textMeasureNames,
  textUnitsOf,
  type Unit,
  unitsOf,
} from "./units";

/** Every measure of a sweep with its 95% interval; NaN where nothing was measured. */
export type Measures = Readonly<Record<MeasureName, Interval>>;

/**
 * The measures of a sweep for one intervention, on the held-out prompts of a task and, for `ccc` and `ioi`, on texts off
 * the task. Intervals draw groups of prompts, and texts. The prompts may have several lengths.
 */
export function measureHeldOut(
  model: Model,
  task: Task,
  learned: LearnedIntervention,
  { seed = 0 }: { seed?: number } = {},
): Measures {
  const { activeParameters } = learned;
  const counts = { activeParameters, activeLocations: learned.activeLocations().length };
  const held = measureColumns(model, task.test, learned);
  const offTask = measureTexts(model, task, learned, seed);
  return measureIntervals([unitsOf({ ...counts, held })], offTask && [textUnitsOf({ offTask })]);
}

/** Prompts and texts are drawn each on their own: they have nothing in common but the intervention. */
export function measureIntervals(
  prompts: readonly (readonly Unit[])[],
  texts: readonly (readonly Unit[])[] = [],
): Measures {
  const entries = (runs: readonly (readonly Unit[])[], names: readonly MeasureName[]) => {
    const none = names.map(() => ({ value: Number.NaN, low: Number.NaN, high: Number.NaN }));
    const drawn = () => nestedBootstrap(runs, (sample) => names.map((name) => meanOf(sample, name)));
    const intervals = runs.length > 0 ? drawn() : none;
    return names.map((name, i) => [name, intervals[i]!] as const);
  };
  return Object.fromEntries([
    ...entries(prompts, [...promptMeasureNames, ...runMeasureNames]),
    ...entries(texts, textMeasureNames),
  ]) as Measures;
}
