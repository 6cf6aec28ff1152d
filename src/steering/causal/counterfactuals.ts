import { ArgumentError, Random } from "../../autograd";
import type { Prompt } from "../tasks/task";

/**
 * For each prompt another one of the same token length, drawn by seed: one that shares no answer with it where there
 * is one, else one whose correct answer is another. What the two have in common (the words of the template) has the
 * same activations until the first token that differs, so that patching measures what the varying words carry.
 *
 * @throws ArgumentError for a prompt that has no such partner.
 */
export function counterfactuals(prompts: readonly Prompt[], options: { seed?: number } = {}): Prompt[] {
  const random = new Random(options.seed ?? 0);
  return prompts.map((prompt) => {
    const answers = [prompt.correct, prompt.wrong];
    const others = prompts.filter(
      (other) => other.ids.length === prompt.ids.length && other.correct !== prompt.correct,
    );
    const unrelated = others.filter((other) => !answers.includes(other.correct) && !answers.includes(other.wrong));
    if (others.length === 0) {
      throw new ArgumentError("counterfactuals", "no prompt of the same length has another correct answer", {
        details: { prompt: JSON.stringify(prompt.text) },
        hint: 'Give more prompts, or use mode "zero".',
      });
    }
    return random.pick(unrelated.length > 0 ? unrelated : others);
  });
}
