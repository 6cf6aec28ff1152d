import type { Family } from "./family";
import { gptNeoX } from "./gpt-neox";
import { gpt2 } from "./gpt2";
import { llama } from "./llama";

/** The checkpoint families by their `model_type`. A new one is one entry here. */
export const families = { gpt2, gpt_neox: gptNeoX, llama } satisfies Record<string, Family>;

/** The `model_type` of a supported checkpoint family. */
export type ModelType = keyof typeof families;

export function familyOf({ model_type }: { model_type: ModelType }): Family {
  return families[model_type];
}

export type { Family, Part } from "./family";
export { type Activation, Fields } from "./fields";
export { type Rotary, type RotaryScaling, rotaryFrequencies } from "./rope";
