import { fingerprint, type Model } from "../../nn";
import type { Prompt } from "../tasks/task";
import type { Positions, Provenance } from "./learned";

/** The token at each position of prompts of one length, `‹varies›` where they differ. */
export function tokenLabels(model: Model, prompts: readonly Prompt[]): string[] {
  return prompts[0]!.ids.map((id, i) => {
    const isShared = prompts.every((prompt) => prompt.ids[i] === id);
    return isShared ? (model.tokenizer?.token(id) ?? String(id)) : "‹varies›";
  });
}

/** Where an intervention comes from that was learned on, or made from, prompts. */
export function provenanceOf(
  model: Model,
  prompts: readonly Prompt[],
  positions: Positions,
  parts: Pick<Provenance, "task" | "seed" | "settings" | "steps">,
): Provenance {
  const labels = positions === "all" ? { positions, tokens: [] } : { tokens: tokenLabels(model, prompts) };
  return { model: model.name, fingerprint: fingerprint(model), ...labels, ...parts };
}
