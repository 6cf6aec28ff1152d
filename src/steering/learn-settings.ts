import { ArgumentError } from "../autograd";
import type { Site } from "../nn";
import type { LearnReport } from "./learn";
import { type Kind, kinds, type Positions } from "./learned";
import { type Faithfulness, faithfulnessKinds } from "./objective";
import type { Prompt } from "./task";

/** What a learner runs with: `LearnOptions` with every default filled in. */
export interface Settings {
  sites: readonly Site[];
  positions: Positions;
  seed: number;
  steps: number;
  batchSize: number;
  lr: number;
  margin: number;
  faithfulnessWeight: number;
  faithfulness: Faithfulness;
  minimality: number;
  groupMinimality: number;
  patience: number;
  task?: string;
  onProgress?: (report: LearnReport) => void;
}

/** Throws `ArgumentError` for settings and prompts that no learner can work with; returns the prompts' length. */
export function checkLearn(kind: Kind, prompts: readonly Prompt[], s: Settings): number {
  if (!Object.hasOwn(kinds, kind)) {
    throw new ArgumentError("learn", `no kind "${kind}"`, { hint: `Valid: ${Object.keys(kinds).join(", ")}.` });
  }
  if (prompts.length === 0) throw new ArgumentError("learn", "no prompts given");
  const lengths = [...new Set(prompts.map((prompt) => prompt.ids.length))];
  if (s.positions !== "each" && s.positions !== "all") {
    throw new ArgumentError("learn", `no positions "${s.positions}"`, { hint: "Valid: each, all." });
  }
  if (s.positions === "each" && !kinds[kind].hasPositions) {
    throw new ArgumentError("learn", `${kind} scalars belong to no position`, { hint: "Leave positions out." });
  }
  if (lengths.length > 1 && s.positions === "each") {
    throw new ArgumentError("learn", `prompts of ${lengths.join(" and ")} tokens: positions would not mean the same`, {
      hint: 'Keep the prompts of one length, or learn { positions: "all" }.',
    });
  }
  if (s.sites.length === 0) throw new ArgumentError("learn", "no sites given", { hint: 'For instance ["mlp_out"].' });
  if (!faithfulnessKinds.includes(s.faithfulness)) {
    throw new ArgumentError("learn", `no faithfulness "${s.faithfulness}"`, {
      hint: `Valid: ${faithfulnessKinds.join(", ")}.`,
    });
  }
  const need = (name: keyof Settings, fits: (value: number) => boolean, hint: string) => {
    const value = s[name] as number;
    if (!fits(value)) throw new ArgumentError("learn", `${name} is ${value}`, { hint });
  };
  const isCount = (value: number) => Number.isInteger(value) && value >= 1;
  const isWeight = (value: number) => Number.isFinite(value) && value >= 0;
  need("steps", isCount, "Use 1 or more.");
  need("batchSize", isCount, "Use 1 or more.");
  need("seed", Number.isInteger, "Use an integer.");
  need("lr", (value) => Number.isFinite(value) && value > 0, "Use a number above 0.");
  need("margin", Number.isFinite, "Use a finite number.");
  need("patience", (value) => Number.isInteger(value) && value >= 0, "Use 0 (never stop early) or more.");
  for (const name of ["faithfulnessWeight", "minimality", "groupMinimality"] as const) {
    need(name, isWeight, "Use a number of 0 or more.");
  }
  return lengths[0]!;
}
