import { ArgumentError } from "../../autograd";
import type { Model } from "../../nn";
import type { LearnedIntervention } from "../learn/learned";
import { measurePrompts } from "../measure/evaluate";
import { type HarmAtBeta, harm } from "../measure/harm";
import type { Prompt, Task } from "../tasks/task";
import { unrelatedTexts } from "../tasks/unrelated-texts";

/** Measures of prompts as columns, one entry for each prompt. Δ in logits, KL in nats; six significant digits. */
export interface PromptColumns {
  /** The country, name or place that the split is made by. */
  readonly group: readonly string[];
  /** Tokens. */
  readonly length: readonly number[];
  readonly deltaMinus: readonly number[];
  readonly deltaClean: readonly number[];
  readonly deltaPlus: readonly number[];
  readonly klOthers: readonly number[];
  readonly totalVariation: readonly number[];
  readonly bestOtherKept: readonly number[];
  /** Probability of all tokens but the two answers, without intervention. */
  readonly others: readonly number[];
}

/** Measures of texts off the task as columns, one entry for each text. Nats per token; six significant digits. */
export interface TextColumns {
  /** Tokens that are predicted. */
  readonly tokens: readonly number[];
  /** KL(clean ‖ steered) of the next-token distributions at β = −1 and +1. */
  readonly klMinus: readonly number[];
  readonly klPlus: readonly number[];
  /** Negative log-likelihood at β = −1, 0, +1. */
  readonly nllMinus: readonly number[];
  readonly nllClean: readonly number[];
  readonly nllPlus: readonly number[];
  /** Share of the edited places that lie within a text, mean over texts. */
  readonly covered: number;
}

/** Each length once, the smallest first. */
export function lengthsOf(prompts: readonly Prompt[]): number[] {
  return [...new Set(prompts.map(({ ids }) => ids.length))].sort((a, b) => a - b);
}

/** Measures prompts of any lengths, ordered by length. */
export function measureColumns(model: Model, prompts: readonly Prompt[], learned: LearnedIntervention): PromptColumns {
  // A batch has one length.
  const ordered = lengthsOf(prompts).flatMap((length) => prompts.filter(({ ids }) => ids.length === length));
  const rows = lengthsOf(prompts).flatMap((length) =>
    measurePrompts(
      model,
      ordered.filter(({ ids }) => ids.length === length),
      learned,
    ),
  );
  const column = (value: (row: (typeof rows)[number]) => number) => rows.map((row) => round(value(row)));
  return {
    group: ordered.map(({ group }) => group),
    length: ordered.map(({ ids }) => ids.length),
    deltaMinus: column((row) => row.delta[0]),
    deltaClean: column((row) => row.delta[1]),
    deltaPlus: column((row) => row.delta[2]),
    klOthers: column((row) => row.kl),
    totalVariation: column((row) => row.tv),
    bestOtherKept: column((row) => row.kept),
    others: column((row) => row.others),
  };
}

/** The same texts for every method of a seed. Undefined where none fits the model's context. */
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

/** Six digits: enough for any mean, and a third of the size. */
export function round(value: number): number {
  return Number(value.toPrecision(6));
}
