import type { Family } from "./family";
import { gptNeoX } from "./gpt-neox";
import { gpt2 } from "./gpt2";
import { llama } from "./llama";

/** The checkpoint families by their `model_type`. A new one is one entry here. */
export const families: Readonly<Record<string, Family>> = { gpt2, gpt_neox: gptNeoX, llama };

/** The family of a parsed configuration. */
export function familyOf({ model_type }: { model_type: string }): Family {
  return families[model_type]!;
}
