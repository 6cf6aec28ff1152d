import type { PromptColumns, TextColumns } from "./columns";
import type { TrialResult } from "./run-trial";

/** A measure of single prompts: which prompts count, and their value. Its mean over those prompts is what is reported. */
type PromptMeasure = (columns: PromptColumns, row: number) => number | undefined;

/** What is averaged over prompts. Shares are between 0 and 1. */
export const promptMeasures = {
  /** Share of all prompts whose answer the β against it turns: +1 where `wrong` led, −1 where `correct` did. */
  flips: (c, i) => Number(c.deltaClean[i]! > 0 ? c.deltaMinus[i]! < 0 : c.deltaPlus[i]! > 0),
  flipsPlus: (c, i) => (c.deltaClean[i]! <= 0 ? Number(c.deltaPlus[i]! > 0) : undefined),
  flipsMinus: (c, i) => (c.deltaClean[i]! >= 0 ? Number(c.deltaMinus[i]! < 0) : undefined),
  klOthers: (c, i) => c.klOthers[i]!,
  totalVariation: (c, i) => c.totalVariation[i]!,
  bestOtherKept: (c, i) => c.bestOtherKept[i]!,
  deltaClean: (c, i) => c.deltaClean[i]!,
  others: (c, i) => c.others[i]!,
} satisfies Record<string, PromptMeasure>;

/** What is counted once for each learned intervention. */
export const runMeasures = {
  activeParameters: (result) => result.activeParameters,
  activeLocations: (result) => result.activeLocations,
} satisfies Record<string, (result: Pick<TrialResult, "activeParameters" | "activeLocations">) => number>;

/** What is averaged over the tokens of texts off the task, both directions; nats per token. */
export const textMeasures = {
  klOffTask: (c, i) => (c.klMinus[i]! + c.klPlus[i]!) / 2,
  klOffTaskMinus: (c, i) => c.klMinus[i]!,
  klOffTaskPlus: (c, i) => c.klPlus[i]!,
  /** How much less likely the texts become; e to it is by what factor perplexity grows. */
  nllOffTask: (c, i) => (c.nllMinus[i]! + c.nllPlus[i]!) / 2 - c.nllClean[i]!,
} satisfies Record<string, (columns: TextColumns, row: number) => number>;

export type PromptMeasureName = keyof typeof promptMeasures;
export type RunMeasureName = keyof typeof runMeasures;
export type TextMeasureName = keyof typeof textMeasures;
export type MeasureName = PromptMeasureName | RunMeasureName | TextMeasureName;

export const promptMeasureNames = Object.keys(promptMeasures) as PromptMeasureName[];
export const runMeasureNames = Object.keys(runMeasures) as RunMeasureName[];
export const textMeasureNames = Object.keys(textMeasures) as TextMeasureName[];
const measureNames: readonly MeasureName[] = [...promptMeasureNames, ...runMeasureNames, ...textMeasureNames];

/**
 * The sums of every measure over the prompts of one group, and how many prompts count for it. Prompts of a group share
 * a country or a name and are not independent, so that groups are what is resampled. Off the task a unit is one text,
 * and its tokens count.
 */
export interface Unit {
  readonly group: string;
  readonly sum: Readonly<Record<MeasureName, number>>;
  readonly count: Readonly<Record<MeasureName, number>>;
}

/** The groups of one trial, in order. Every one carries the counts of the whole intervention. */
export function unitsOf(
  result: Pick<TrialResult, "held" | keyof typeof runMeasures>,
  columns: PromptColumns = result.held,
): Unit[] {
  const units = new Map<
    string,
    { group: string; sum: Record<MeasureName, number>; count: Record<MeasureName, number> }
  >();
  columns.group.forEach((group, row) => {
    const unit = units.get(group) ?? { group, sum: zeros(), count: zeros() };
    units.set(group, unit);
    for (const name of promptMeasureNames) {
      const value = promptMeasures[name](columns, row);
      if (value === undefined) continue;
      unit.sum[name] += value;
      unit.count[name]++;
    }
    for (const name of runMeasureNames) {
      unit.sum[name] += runMeasures[name](result);
      unit.count[name]++;
    }
  });
  return [...units.values()].sort((a, b) => (a.group < b.group ? -1 : 1));
}

/** The texts off the task of one trial, in order; none where none were measured. */
export function textUnitsOf({ offTask }: Pick<TrialResult, "offTask">): Unit[] {
  if (offTask === undefined) return [];
  return offTask.tokens.map((tokens, row) => {
    const unit = { group: `text ${row}`, sum: zeros(), count: zeros() };
    for (const name of textMeasureNames) {
      unit.sum[name] = tokens * textMeasures[name](offTask, row);
      unit.count[name] = tokens;
    }
    return unit;
  });
}

/** The units that a measure is averaged over. */
export function unitsFor(name: MeasureName, result: TrialResult): Unit[] {
  return Object.hasOwn(textMeasures, name) ? textUnitsOf(result) : unitsOf(result);
}

/** Mean over runs of the mean over their prompts; runs where no prompt counts are left out. NaN when none is left. */
export function meanOf(sample: readonly (readonly Unit[])[], name: MeasureName): number {
  let [total, runs] = [0, 0];
  for (const units of sample) {
    let [sum, count] = [0, 0];
    for (const unit of units) {
      sum += unit.sum[name];
      count += unit.count[name];
    }
    if (count === 0) continue;
    total += sum / count;
    runs++;
  }
  return runs === 0 ? Number.NaN : total / runs;
}

function zeros(): Record<MeasureName, number> {
  return Object.fromEntries(measureNames.map((name) => [name, 0])) as Record<MeasureName, number>;
}
