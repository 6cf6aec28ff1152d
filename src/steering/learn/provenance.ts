import { fingerprint, type Model } from "../../nn";
import type { Prompt } from "../tasks/task";
import type { Positions } from "./kinds";

/** The origin of a learned intervention, saved with it. */
export interface Provenance {
  /** Name of the task. */
  task: string;
  /** Name of the model. */
  model: string;
  /** `fingerprint` of the model. */
  fingerprint: string;
  /** Absent: `each`. */
  positions?: Positions;
  /** The token at each position, to label it: `‹varies›` where the training prompts differ. None for `all` positions. */
  tokens: readonly string[];
  seed: number;
  /** The settings of the learner. */
  settings: Readonly<Record<string, number | string>>;
  /** Updates that were made. */
  steps: number;
  /** Measurements on held-out prompts, where they were made. */
  metrics?: Readonly<Record<string, number>>;
}

/** Returns the token at each position of prompts of one length, `‹varies›` where they differ. */
export function tokenLabels(model: Model, prompts: readonly Prompt[]): string[] {
  return prompts[0]!.ids.map((id, i) => {
    const isShared = prompts.every((prompt) => prompt.ids[i] === id);
    return isShared ? (model.tokenizer?.token(id) ?? String(id)) : "‹varies›";
  });
}

/** Describes where an intervention comes from that was learned on, or made from, prompts. */
export function provenanceOf(
  model: Model,
  prompts: readonly Prompt[],
  positions: Positions,
  parts: Pick<Provenance, "task" | "seed" | "settings" | "steps">,
): Provenance {
  const labels = positions === "all" ? { positions, tokens: [] } : { tokens: tokenLabels(model, prompts) };
  return { model: model.name, fingerprint: fingerprint(model), ...labels, ...parts };
}
