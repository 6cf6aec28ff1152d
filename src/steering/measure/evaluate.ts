import { ArgumentError, step, type Tensor, tensor } from "../../autograd";
import type { Model } from "../../nn";
import { type LearnedIntervention, logitsAt } from "../learn/learned";
import { klOthers, logitDiff, logOthers } from "../learn/objective";
import type { Prompt } from "../tasks/task";

/** Measures on held-out prompts. Shares are between 0 and 1, Δ in logits, KL in nats. */
export interface Metrics {
  prompts: number;
  /** Share of the prompts that answered `wrong` and answer `correct` at β = +1. */
  flipsPlus: number;
  /** Share of the prompts that answered `correct` and answer `wrong` at β = −1. */
  flipsMinus: number;
  /** Share of all prompts with Δ > 0 at β = +1, and with Δ < 0 at β = −1. */
  winsPlus: number;
  winsMinus: number;
  /** Share of all prompts where the intended answer is the most likely token of the whole vocabulary. */
  topPlus: number;
  topMinus: number;
  /** Mean Δ at β = −1, 0, +1. */
  deltaMinus: number;
  deltaClean: number;
  deltaPlus: number;
  /** Faithfulness, mean over β = ±1. */
  klOthers: number;
  /** Total-variation distance over the other tokens, renormalised. */
  totalVariation: number;
  /** Share of prompts whose most likely other token is unchanged. */
  bestOtherKept: number;
  /** Minimality. */
  activeParameters: number;
  activeLocations: number;
  l1: number;
}

/** Prompts that go through the model at once. */
const chunk = 32;

/** All measures of an intervention on prompts: of the length that it was learned on, where it is tied to positions. */
export function evaluate(model: Model, prompts: readonly Prompt[], intervention: LearnedIntervention): Metrics {
  return metricsOf(measurePrompts(model, prompts, intervention), intervention);
}

/** What `evaluate` gives, from the measures of each prompt. */
export function metricsOf(rows: readonly PromptMeasures[], intervention: LearnedIntervention): Metrics {
  const mean = (value: (row: PromptMeasures) => number | boolean, of = rows) =>
    of.length === 0 ? Number.NaN : of.reduce((sum, row) => sum + Number(value(row)), 0) / of.length;
  return {
    prompts: rows.length,
    flipsPlus: mean(
      (row) => row.delta[2] > 0,
      rows.filter((row) => row.delta[1] <= 0),
    ),
    flipsMinus: mean(
      (row) => row.delta[0] < 0,
      rows.filter((row) => row.delta[1] >= 0),
    ),
    winsPlus: mean((row) => row.delta[2] > 0),
    winsMinus: mean((row) => row.delta[0] < 0),
    topPlus: mean((row) => row.topPlus),
    topMinus: mean((row) => row.topMinus),
    deltaMinus: mean((row) => row.delta[0]),
    deltaClean: mean((row) => row.delta[1]),
    deltaPlus: mean((row) => row.delta[2]),
    klOthers: mean((row) => row.kl),
    totalVariation: mean((row) => row.tv),
    bestOtherKept: mean((row) => row.kept),
    activeParameters: intervention.activeParameters,
    activeLocations: intervention.activeLocations().length,
    l1: intervention.l1,
  };
}

/** The measures of each prompt, which `evaluate` averages. Of one length where it is tied to positions. */
export function measurePrompts(
  model: Model,
  prompts: readonly Prompt[],
  intervention: LearnedIntervention,
): PromptMeasures[] {
  checkLengths("evaluate", prompts, intervention);
  const rows: PromptMeasures[] = [];
  for (let at = 0; at < prompts.length; at += chunk) {
    const part = prompts.slice(at, at + chunk);
    rows.push(...step(() => measureRows(model, part, intervention)));
  }
  return rows;
}

/** What is tied to positions fits no others: on prompts of another length they would land on other tokens. */
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

/** What was measured on one prompt. Faithfulness is the mean over β = ±1. */
export interface PromptMeasures {
  /** Δ at β = −1, 0, +1. */
  delta: [number, number, number];
  /** Whether the intended answer is the most likely token at β = +1, and at −1. */
  topPlus: boolean;
  topMinus: boolean;
  /** kl-others, in nats. */
  kl: number;
  /** Total variation over the other tokens. */
  tv: number;
  /** 1 where the most likely other token is unchanged, 0.5 where it is so in one direction. */
  kept: number;
  /** Probability of all other tokens together without intervention. */
  others: number;
}

function measureRows(model: Model, prompts: readonly Prompt[], intervention: LearnedIntervention): PromptMeasures[] {
  const ids = prompts.map((prompt) => prompt.ids);
  const [minus, clean, plus] = logitsAt(model, ids, intervention.at(1), [-1, 0, 1]) as [Tensor, Tensor, Tensor];
  const flat = (x: Tensor) => [...x.toTypedArray()];
  const deltas = [minus, clean, plus].map((logits) => flat(logitDiff(logits, prompts)));
  const [topMinus, topPlus] = [flat(minus.argmax()), flat(plus.argmax())];
  const others = logOthers(clean, prompts);
  const bestOther = flat(others.argmax());
  const answers = tensor(
    prompts.flatMap(({ correct, wrong }) => [correct, wrong]),
    { dtype: "i32", shape: [prompts.length, 2] },
  );
  const answerShare = flat(clean.softmax().gather(answers, 1).sum(1));
  const faithful = [minus, plus].map((edited) => {
    const editedOthers = logOthers(edited, prompts);
    return {
      kl: flat(klOthers(clean, edited, prompts)),
      tv: flat(others.exp().sub(editedOthers.exp()).abs().sum(1).mul(0.5)),
      best: flat(editedOthers.argmax()),
    };
  });
  const both = (value: (side: (typeof faithful)[number]) => number) => (value(faithful[0]!) + value(faithful[1]!)) / 2;
  return prompts.map((prompt, row) => ({
    delta: [deltas[0]![row]!, deltas[1]![row]!, deltas[2]![row]!],
    topPlus: topPlus[row] === prompt.correct,
    topMinus: topMinus[row] === prompt.wrong,
    kl: both((side) => side.kl[row]!),
    tv: both((side) => side.tv[row]!),
    kept: both((side) => Number(side.best[row] === bestOther[row])),
    others: Math.max(0, 1 - answerShare[row]!),
  }));
}
