import { ArgumentError, type Tensor } from "../../autograd";
import type { Model } from "../../nn";
import { type LearnedIntervention, logitsAt } from "../learn/learned";
import { logOthers } from "../learn/objective";
import type { Prompt } from "../tasks/task";
import { inBatches } from "./batches";
import {
  measureRun,
  type PromptMeasureName,
  type PromptRow,
  promptMeasureNames,
  type RunMeasureName,
  readRows,
  valueOnPrompt,
} from "./measures";

/**
 * Every measure over prompts, a mean over those that count for it, and every measure of the intervention itself; see the
 * table of measures. Shares are between 0 and 1, Δ in logits, KL in nats; NaN where no prompt counts.
 */
export interface Metrics extends Record<PromptMeasureName | RunMeasureName, number> {
  /** How many prompts were measured. */
  prompts: number;
}

/**
 * Measures an intervention on prompts.
 *
 * @throws ArgumentError for no prompts, and for prompts of another length than what it learned on where it is tied to
 *   positions.
 */
export function evaluate(model: Model, prompts: readonly Prompt[], intervention: LearnedIntervention): Metrics {
  return metricsOf(measurePrompts(model, prompts, intervention), intervention);
}

/** Averages what `measurePrompts` gave to what `evaluate` gives. */
export function metricsOf(rows: readonly PromptRow[], intervention: LearnedIntervention): Metrics {
  const mean = (name: PromptMeasureName) => {
    const values = rows.flatMap((row) => valueOnPrompt(name, row) ?? []);
    return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const means = Object.fromEntries(promptMeasureNames.map((name) => [name, mean(name)]));
  return { prompts: rows.length, ...means, ...measureRun(intervention) } as Metrics;
}

/** Reads each prompt at β = −1, 0 and +1. Errors are those of `evaluate`. */
export function measurePrompts(
  model: Model,
  prompts: readonly Prompt[],
  intervention: LearnedIntervention,
): PromptRow[] {
  checkLengths("evaluate", prompts, intervention);
  return inBatches(prompts, (batch) => {
    const ids = batch.map((prompt) => prompt.ids);
    const [minus, clean, plus] = logitsAt(model, ids, intervention.at(1), [-1, 0, 1]) as [Tensor, Tensor, Tensor];
    const others = (logits: Tensor) => logOthers(logits, batch);
    const all = { minus: others(minus), clean: others(clean), plus: others(plus) };
    return readRows({ prompts: batch, minus, clean, plus, others: all });
  }).flat();
}

/**
 * Checks that an intervention fits prompts: what is tied to positions would land on other tokens of prompts of another
 * length.
 *
 * @throws ArgumentError for no prompts and for those that do not fit.
 */
export function checkLengths(
  where: string,
  prompts: readonly Prompt[],
  { hasPositions, provenance }: LearnedIntervention,
): void {
  if (prompts.length === 0) throw new ArgumentError(where, "no prompts given");
  if (!hasPositions) return;
  const length = provenance.tokens.length;
  const other = prompts.find((prompt) => prompt.ids.length !== length);
  if (other !== undefined) {
    throw new ArgumentError(where, `learned on prompts of ${length} tokens, this one has ${other.ids.length}`, {
      details: { prompt: JSON.stringify(other.text) },
      hint: "Use prompts of the same length.",
    });
  }
}
