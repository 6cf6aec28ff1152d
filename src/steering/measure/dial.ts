import { ArgumentError, step, type Tensor, tensor } from "../../autograd";
import type { Model } from "../../nn";
import { type AnyIntervention, mapOf } from "../learn/any-intervention";
import { LearnedIntervention, logitsAt } from "../learn/learned";
import { logitDiff } from "../learn/objective";
import type { Prompt } from "../tasks/task";
import { inBatches } from "./batches";
import { checkLengths } from "./evaluate";

/** The answers to one prompt at one β. */
export interface DialRow {
  /** Δ in logits. */
  delta: number;
  /** Probabilities of the two answers, and of all other tokens together. */
  correct: number;
  wrong: number;
  others: number;
}

/** Means over prompts at one β. */
export interface DialPoint extends DialRow {
  beta: number;
  /** Share of the prompts where `correct` leads: Δ > 0. */
  won: number;
  /** Every prompt, in the order given: what intervals are made from. */
  prompts: readonly DialRow[];
}

/** Rows in one pass: prompts times values of β. */
const rowsAtOnce = 64;

/** 25 values from −1.5 to 1.5; −1, 0 and +1 are among them. */
const defaultBetas = Array.from({ length: 25 }, (_, i) => -1.5 + i / 8);

/**
 * Measures Δ and probabilities as a function of β, also beyond ±1. At β = 0 they are exactly those of the model as it is.
 *
 * @throws ArgumentError for no prompts, for prompts that the intervention was not learned for, for no or infinite β.
 */
export function betaDial(
  model: Model,
  prompts: readonly Prompt[],
  intervention: AnyIntervention,
  { betas = defaultBetas }: { betas?: readonly number[] } = {},
): DialPoint[] {
  checkBetas("betaDial", betas);
  if (prompts.length === 0) throw new ArgumentError("betaDial", "no prompts given");
  if (intervention instanceof LearnedIntervention) checkLengths("betaDial", prompts, intervention);
  const interventions = mapOf(intervention);
  const rows = betas.map((): DialRow[] => []);
  inBatches(prompts, (batch) => {
    const ids = batch.map((prompt) => prompt.ids);
    for (const group of groupsOf(betas, batch.length)) {
      step(() => {
        const values = group.map((index) => betas[index]!);
        // A β of 0 for the whole pass computes what no intervention does, bit for bit.
        const logits =
          values[0] === 0
            ? [model.forward(ids, { interventions, beta: 0, positions: "last" }).logits]
            : logitsAt(model, ids, interventions, values);
        group.forEach((index, i) => {
          rows[index]!.push(...rowsOf(logits[i]!, batch));
        });
      });
    }
  });
  return betas.map((beta, index) => pointOf(beta, rows[index]!));
}

/** Checks values of β. @throws ArgumentError for an empty list and values that are not finite */
export function checkBetas(where: string, betas: readonly number[]): void {
  if (betas.length === 0) throw new ArgumentError(where, "no values of beta given");
  const odd = betas.find((beta) => !Number.isFinite(beta));
  if (odd !== undefined) throw new ArgumentError(where, `beta is ${odd}`, { hint: "Use finite numbers." });
}

/** Indices of the β that share a pass; each 0 has one of its own. */
function groupsOf(betas: readonly number[], prompts: number): number[][] {
  const indices = betas.map((_, index) => index);
  const groups = indices.filter((index) => betas[index] === 0).map((index) => [index]);
  const turned = indices.filter((index) => betas[index] !== 0);
  const size = Math.max(1, Math.floor(rowsAtOnce / prompts));
  for (let at = 0; at < turned.length; at += size) groups.push(turned.slice(at, at + size));
  return groups;
}

function rowsOf(logits: Tensor, prompts: readonly Prompt[]): DialRow[] {
  const p = logits.softmax();
  const probability = (tokens: number[]) => p.gather(tensor(tokens, { dtype: "i32" }).unsqueeze(1), 1).toTypedArray();
  const delta = logitDiff(logits, prompts).toTypedArray();
  const correct = probability(prompts.map((prompt) => prompt.correct));
  const wrong = probability(prompts.map((prompt) => prompt.wrong));
  return prompts.map((_, row) => ({
    delta: delta[row]!,
    correct: correct[row]!,
    wrong: wrong[row]!,
    others: Math.max(0, 1 - correct[row]! - wrong[row]!),
  }));
}

function pointOf(beta: number, prompts: readonly DialRow[]): DialPoint {
  const mean = (value: (row: DialRow) => number) => prompts.reduce((sum, row) => sum + value(row), 0) / prompts.length;
  return {
    beta,
    delta: mean((row) => row.delta),
    correct: mean((row) => row.correct),
    wrong: mean((row) => row.wrong),
    others: mean((row) => row.others),
    won: mean((row) => Number(row.delta > 0)),
    prompts,
  };
}
