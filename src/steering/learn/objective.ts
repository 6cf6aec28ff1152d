import { klWithout, maskedFill, sub, type Tensor, tensor } from "../../autograd";
import type { Prompt } from "../tasks/task";

/** The numbers in the objective. */
export interface ObjectiveOptions {
  /** m: how far the intended answer should lead, in logits. */
  margin: number;
  /** λ_F: how much disturbing other tokens counts. */
  faithfulnessWeight: number;
}

/** Logits after the last token, `[prompts, vocab_size]`: without intervention, and at β = +1 and −1. */
export interface Passes {
  clean: Tensor;
  plus: Tensor;
  minus: Tensor;
}

/**
 * Returns `L_E + λ_F · L_F` as a scalar. (`λ_M · ‖θ‖₁` is applied as a proximal step after each update, so that unused
 * parameters are exactly 0.)
 */
export function objective(passes: Passes, prompts: readonly Prompt[], options: ObjectiveOptions): Tensor {
  const [effect, faithful] = objectiveTerms(passes, prompts, options);
  return faithful === undefined ? effect : effect.add(faithful);
}

/** Returns `L_E` and, where its weight is not 0, `λ_F · L_F`: what `objective` adds up. */
export function objectiveTerms(
  passes: Passes,
  prompts: readonly Prompt[],
  options: ObjectiveOptions,
): readonly [effectiveness: Tensor, faithfulness: Tensor | undefined] {
  const effect = effectiveness(passes, prompts, options.margin);
  if (options.faithfulnessWeight === 0) return [effect, undefined];
  return [effect, faithfulness(passes, prompts).mul(options.faithfulnessWeight)];
}

/** Returns Δ = logit(correct) − logit(wrong), `[prompts]`. */
export function logitDiff(logits: Tensor, prompts: readonly Prompt[]): Tensor {
  const correct = logits.gather(column(prompts.map((prompt) => prompt.correct)), 1);
  const wrong = logits.gather(column(prompts.map((prompt) => prompt.wrong)), 1);
  return sub(correct, wrong).squeeze(1);
}

/** Returns L_E = mean of `max(0, m − Δ(β=+1)) + max(0, m + Δ(β=−1))` (the paper's margin in both directions; formula ours). */
export function effectiveness({ plus, minus }: Passes, prompts: readonly Prompt[], margin: number): Tensor {
  const up = logitDiff(plus, prompts).neg().add(margin).relu();
  const down = logitDiff(minus, prompts).add(margin).relu();
  return up.add(down).mean();
}

/** Returns L_F: `klOthers`, mean over prompts and over β = ±1 (ours). */
export function faithfulness({ clean, plus, minus }: Passes, prompts: readonly Prompt[]): Tensor {
  return klOthers(clean, plus, prompts)
    .add(klOthers(clean, minus, prompts))
    .mean()
    .mul(0.5);
}

/** Far below any logit, yet finite, so that 0 · (low − low) stays 0. */
const low = -1e9;

/** Returns log-probabilities over the vocabulary without the two answers, renormalised (the answers at about −1e9). */
export function logOthers(logits: Tensor, prompts: readonly Prompt[]): Tensor {
  return maskedFill(logits, answerMask(logits, prompts), low).logSoftmax();
}

/** Returns KL(p ‖ p̃) over the other tokens, `[prompts]`, in nats. */
export function klOthers(clean: Tensor, edited: Tensor, prompts: readonly Prompt[]): Tensor {
  const answers = prompts.flatMap(({ correct, wrong }) => [correct, wrong]);
  return klWithout(clean, edited, tensor(answers, { dtype: "i32", shape: [prompts.length, 2] }));
}

/** `[prompts, vocab_size]`, true at the two answers. */
function answerMask(logits: Tensor, prompts: readonly Prompt[]): Tensor {
  const [rows, vocab] = logits.shape as [number, number];
  const mask = new Float32Array(rows * vocab);
  prompts.forEach(({ correct, wrong }, row) => {
    mask[row * vocab + correct] = 1;
    mask[row * vocab + wrong] = 1;
  });
  return tensor(mask, { dtype: "bool", shape: [rows, vocab] });
}

function column(ids: number[]): Tensor {
  return tensor(ids, { dtype: "i32" }).unsqueeze(1);
}
