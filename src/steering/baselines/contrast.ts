import { ArgumentError } from "../../autograd";
import type { Model } from "../../nn";
import { logitDiff } from "../learn/objective";
import { inBatches } from "../measure/batches";
import type { Prompt } from "../tasks/task";

/**
 * The two runs whose activations are compared:
 * - `prompts`: a prompt and the same with its two answers exchanged wherever they stand in it. For a country-capital
 *   conflict, a context that supports the known capital; for indirect objects, the names in each other's roles.
 * - `answers`: a prompt followed by `correct` and by `wrong`, as CAA does it.
 */
export type Contrast = "prompts" | "answers";

/** Two runs of one length. */
export interface Pair {
  positive: readonly number[];
  negative: readonly number[];
}

/**
 * Returns the pairs that prompts offer. With the contrast `prompts`, positive is the one of both with the greater Δ in the model,
 * and prompts in which neither answer stands are left out.
 *
 * @throws ArgumentError when none is left.
 */
export function contrastPairs(model: Model, prompts: readonly Prompt[], contrast: Contrast): Pair[] {
  if (contrast === "answers") {
    return prompts.map(({ ids, correct, wrong }) => ({ positive: [...ids, correct], negative: [...ids, wrong] }));
  }
  if (contrast !== "prompts") {
    throw new ArgumentError("meanDifference", `no contrast "${contrast}"`, { hint: "Valid: prompts, answers." });
  }
  const usable = prompts.filter(({ ids, correct, wrong }) => ids.includes(correct) || ids.includes(wrong));
  if (usable.length === 0) {
    throw new ArgumentError("meanDifference", "neither answer stands in any prompt, so there is nothing to exchange", {
      hint: 'Use { contrast: "answers" }.',
    });
  }
  const exchanged = usable.map((prompt) => {
    const { ids, correct, wrong } = prompt;
    return { ...prompt, ids: ids.map((id) => (id === correct ? wrong : id === wrong ? correct : id)) };
  });
  const [own, other] = [deltas(model, usable), deltas(model, exchanged)];
  return usable.map(({ ids }, i) => {
    const pair = { positive: ids, negative: exchanged[i]!.ids };
    return own[i]! >= other[i]! ? pair : { positive: pair.negative, negative: pair.positive };
  });
}

/** Returns Δ of each prompt. */
function deltas(model: Model, prompts: readonly Prompt[]): number[] {
  return inBatches(prompts, (batch) => {
    const ids = batch.map((prompt) => prompt.ids);
    return [...logitDiff(model.forward(ids, { positions: "last" }).logits, batch).toTypedArray()];
  }).flat();
}
