import { ArgumentError } from "../../autograd";
import type { Model } from "../../nn";
import type { LearnedIntervention } from "../learn/learned";
import type { Prompt, Task } from "../tasks/task";
import { unrelatedTexts } from "../tasks/unrelated-texts";
import { measurePrompts } from "./evaluate";
import { type HarmAtBeta, harm } from "./harm";
import { type PromptRow, readNames, type TextRow } from "./measures";

type Columns<Row> = { readonly [Name in keyof Row]: readonly number[] };

/**
 * The readings of prompts as columns, one entry for each prompt; six significant digits. Saved results of before a
 * reading was added lack its column.
 */
export interface PromptColumns extends Columns<PromptRow> {
  /** The country, name or place that the split is made by. */
  readonly group: readonly string[];
  /** Tokens. */
  readonly length: readonly number[];
}

/** Measures of texts off the task as columns, one entry for each text; six significant digits. */
export interface TextColumns extends Columns<TextRow> {
  /** Tokens that are predicted. */
  readonly tokens: readonly number[];
  /** Share of the edited places that lie within a text, mean over texts. */
  readonly covered: number;
}

/** Returns one row of columns. */
export function rowOf<Row>(columns: Columns<Row>, names: readonly (keyof Row)[], at: number): Row {
  return Object.fromEntries(names.map((name) => [name, columns[name]?.[at]])) as Row;
}

/** Returns each length once, the smallest first. */
export function lengthsOf(prompts: readonly Prompt[]): number[] {
  return [...new Set(prompts.map(({ ids }) => ids.length))].sort((a, b) => a - b);
}

/** Measures prompts of any lengths, ordered by length. */
export function measureColumns(model: Model, prompts: readonly Prompt[], learned: LearnedIntervention): PromptColumns {
  // A batch has one length.
  const byLength = lengthsOf(prompts).map((length) => prompts.filter(({ ids }) => ids.length === length));
  const ordered = byLength.flat();
  const rows = byLength.flatMap((batch) => measurePrompts(model, batch, learned));
  const columns = readNames.map((name) => [name, rows.map((row) => round(row[name]))]);
  return {
    group: ordered.map(({ group }) => group),
    length: ordered.map(({ ids }) => ids.length),
    ...(Object.fromEntries(columns) as Columns<PromptRow>),
  };
}

/** Measures the same texts for every method of a seed. Returns `undefined` where none fits the model's context. */
export function measureTexts(
  model: Model,
  task: Task,
  learned: LearnedIntervention,
  seed: number,
): TextColumns | undefined {
  const texts = fittingTexts(model, task, seed);
  if (texts === undefined) return undefined;
  const { clean, steered, covered } = harm(model, texts, learned, { betas: [-1, 1] });
  const [minus, plus] = steered as [HarmAtBeta, HarmAtBeta];
  const column = ({ texts: rows }: HarmAtBeta, key: "nll" | "kl") => rows.map((row) => round(row[key]));
  return {
    tokens: clean.texts.map(({ tokens }) => tokens),
    klMinus: column(minus, "kl"),
    klPlus: column(plus, "kl"),
    nllMinus: column(minus, "nll"),
    nllClean: column(clean, "nll"),
    nllPlus: column(plus, "nll"),
    covered: round(covered),
  };
}

function fittingTexts(model: Model, task: Task, seed: number): string[] | undefined {
  try {
    return unrelatedTexts(model, task, { seed });
  } catch (error) {
    if (error instanceof ArgumentError) return undefined;
    throw error;
  }
}

/** Rounds to six digits: enough for any mean, and a third of the size. */
export function round(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(6));
}

/** Rounds every value as `round` does. */
export function roundAll<Values extends object>(values: Values): Values {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, round(value)])) as Values;
}
