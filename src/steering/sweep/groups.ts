import { type PromptColumns, rowOf, type TextColumns } from "../measure/columns";
import {
  type MeasureName,
  measureNames,
  measures,
  type PromptRow,
  promptMeasureNames,
  type RunMeasureName,
  readNames,
  runMeasureNames,
  type TextRow,
  textMeasureNames,
  textMeasures,
  valueOnPrompt,
} from "../measure/measures";

/** The part of a trial's result that measures are computed from. */
export interface Measured extends Readonly<Record<RunMeasureName, number>> {
  readonly held: PromptColumns;
  readonly offTask?: TextColumns;
}

/**
 * The unit that is resampled: the sum of every measure over the prompts of one group, and how many of them count for it. Prompts
 * of a group share a country or a name and are not independent. Off the task a group is one text, and its tokens count.
 */
export interface Group {
  readonly name: string;
  readonly sum: Readonly<Record<MeasureName, number>>;
  readonly count: Readonly<Record<MeasureName, number>>;
}

/** Returns the groups of prompts of one trial, by name. Each carries the sizes of the whole intervention. */
export function promptGroups(result: Measured, columns: PromptColumns = result.held): Group[] {
  const groups = new Map<string, ReturnType<typeof emptyGroup>>();
  columns.group.forEach((name, at) => {
    const group = groups.get(name) ?? emptyGroup(name);
    groups.set(name, group);
    const row = rowOf<PromptRow>(columns, readNames, at);
    const add = (measure: MeasureName, value: number | undefined) => {
      // Results of before a measure existed do not have it.
      if (value === undefined || Number.isNaN(value)) return;
      group.sum[measure] += value;
      group.count[measure]++;
    };
    for (const measure of promptMeasureNames) add(measure, valueOnPrompt(measure, row));
    for (const measure of runMeasureNames) add(measure, result[measure]);
  });
  return [...groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

const textReadings: readonly (keyof TextRow)[] = ["klMinus", "klPlus", "nllMinus", "nllClean", "nllPlus"];

/** Returns the texts off the task of one trial, in order; none where none were measured. */
export function textGroups({ offTask }: Pick<Measured, "offTask">): Group[] {
  if (offTask === undefined) return [];
  return offTask.tokens.map((tokens, at) => {
    const group = emptyGroup(`text ${at}`);
    const row = rowOf<TextRow>(offTask, textReadings, at);
    for (const name of textMeasureNames) {
      group.sum[name] = tokens * textMeasures[name].of(row);
      group.count[name] = tokens;
    }
    return group;
  });
}

/** Returns the groups that a measure is averaged over. */
export function groupsFor(name: MeasureName, result: Measured): Group[] {
  return measures[name].over === "text" ? textGroups(result) : promptGroups(result);
}

/**
 * Averages a measure over runs, each the mean over its prompts or tokens; runs where nothing counts are left out. NaN
 * when none is left.
 */
export function meanOf(runs: readonly (readonly Group[])[], name: MeasureName): number {
  let [total, counted] = [0, 0];
  for (const groups of runs) {
    let [sum, count] = [0, 0];
    for (const group of groups) {
      sum += group.sum[name];
      count += group.count[name];
    }
    if (count === 0) continue;
    total += sum / count;
    counted++;
  }
  return counted === 0 ? Number.NaN : total / counted;
}

function emptyGroup(name: string) {
  const zeros = () => Object.fromEntries(measureNames.map((measure) => [measure, 0])) as Record<MeasureName, number>;
  return { name, sum: zeros(), count: zeros() };
}
