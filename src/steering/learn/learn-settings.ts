import { ArgumentError } from "../../autograd";
import type { Site } from "../../nn";
import type { Prompt } from "../tasks/task";
import type { LearnOptions } from "./learn-options";
import { type Kind, kinds, type LearnedIntervention, type Positions } from "./learned";
import { type Faithfulness, faithfulnessKinds } from "./objective";
import type { Places } from "./places";
import type { Sparsity } from "./sparsity";

/** What a learner runs with: `LearnOptions` with every default filled in. */
export interface Settings {
  sites: readonly Site[];
  places?: Places;
  positions: Positions;
  seed: number;
  steps: number;
  batchSize: number;
  lr: number;
  margin: number;
  faithfulnessWeight: number;
  faithfulness: Faithfulness;
  sparsity: Sparsity;
  minimality: number;
  groupMinimality: number;
  gateMinimality: number;
  debias: boolean;
  patience: number;
  task?: string;
  onProgress?: (report: LearnReport) => void;
  signal?: AbortSignal;
}

/** How far a learner is. */
export interface LearnReport {
  step: number;
  steps: number;
  /** Of the last update; with `l0` together with the penalty. */
  loss: number;
  /** The terms of the last update as they enter the sum that is made small: `L_E`, `λ_F · L_F` and `λ_M · ‖θ‖`. */
  effectiveness: number;
  faithfulness: number;
  minimality: number;
  activeParameters: number;
  /** What is learned by now, as a copy: computed when it is asked for, with the values of that moment. */
  current(): LearnedIntervention;
}

/**
 * Throws `ArgumentError` for settings and prompts that no learner can work with; returns the prompts' length. `given`:
 * the options before defaults were filled in.
 */
export function checkLearn(kind: Kind, prompts: readonly Prompt[], s: Settings, given: LearnOptions): number {
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
  checkSparsity(s, given);
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
  for (const name of ["faithfulnessWeight", "minimality", "groupMinimality", "gateMinimality"] as const) {
    need(name, isWeight, "Use a number of 0 or more.");
  }
  return lengths[0]!;
}

/** A weight that the chosen kind of sparsity does not have would do nothing. */
function checkSparsity({ sparsity }: Settings, given: LearnOptions): void {
  const weights = { l1: ["minimality", "groupMinimality"], l0: ["gateMinimality"] } as const;
  if (!Object.hasOwn(weights, sparsity)) {
    throw new ArgumentError("learn", `no sparsity "${sparsity}"`, { hint: "Valid: l1, l0." });
  }
  const unused = weights[sparsity === "l1" ? "l0" : "l1"].find((name) => (given[name] ?? 0) !== 0);
  if (unused === undefined) return;
  throw new ArgumentError("learn", `${unused} is ${given[unused]}, but sparsity "${sparsity}" does not use it`, {
    hint: `Its weight${sparsity === "l1" ? "s are" : " is"} ${weights[sparsity].join(" and ")}.`,
  });
}
