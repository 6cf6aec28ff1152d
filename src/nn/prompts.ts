import type { GPTConfig } from "./config";
import { TokenError } from "./errors";

/** Throws `TokenError` for prompts that a model cannot read; returns their lengths. */
export function checkPrompts(prompts: readonly (readonly number[])[], { vocab_size, n_ctx }: GPTConfig): number[] {
  if (prompts.length === 0) throw new TokenError("forward", "no prompts given");
  return prompts.map((prompt, row) => {
    const which = prompts.length > 1 ? `prompt ${row}` : "the prompt";
    if (prompt.length === 0) throw new TokenError("forward", `${which} is empty`);
    if (prompt.length > n_ctx) {
      throw new TokenError("forward", `${which} has ${prompt.length} tokens, the model's context is ${n_ctx}`);
    }
    for (const id of prompt) {
      if (!Number.isInteger(id) || id < 0 || id >= vocab_size) {
        throw new TokenError("forward", `${which} holds token id ${id}`, { hint: `Valid: 0 to ${vocab_size - 1}.` });
      }
    }
    return prompt.length;
  });
}
