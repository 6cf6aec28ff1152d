import { ArgumentError, parameter, Random, zeros } from "../../autograd";
import type { Model } from "../../nn";
import { checkOptions } from "../../tensor/internal";
import { learn, learnScalars } from "../learn/learn";
import type { LearnedIntervention } from "../learn/learned";
import { checkLearn, definedOf, type LearnOptions, recordedSettings, settingsFor } from "../learn/options";
import { provenanceOf } from "../learn/provenance";
import { freely } from "../learn/sparsity";
import { train } from "../learn/training";
import type { Prompt } from "../tasks/task";
import { largestParts, partsBySite } from "./parts";

/** Learns scalars of attention heads: one at `z` for each layer, position and head. Options as for `learnScalars`. */
export function perHead(
  model: Model,
  prompts: readonly Prompt[],
  options: Omit<LearnOptions, "sites"> = {},
): Promise<LearnedIntervention> {
  return learn("scalars", model, prompts, { ...options, sites: ["z"] }, "per-head");
}

const tuneOptions = [
  ...(["positions", "seed", "steps", "batchSize", "lr", "margin", "faithfulnessWeight"] as const),
  ...(["task", "onProgress", "signal"] as const),
];

/**
 * Options of the second step, tuning, as for the learners; here `positions` is `all` by default, as in LoFiT, so that a
 * head has one vector for all positions; `steps` is 200 and `lr` 0.05.
 */
export interface SelectThenTuneOptions extends Pick<LearnOptions, (typeof tuneOptions)[number]> {
  /** Heads to tune (with positions `each`: heads at a position). Default: a tenth of all heads, at least 3. */
  k?: number;
  /** How heads are selected: options of `learnScalars`. */
  select?: Omit<LearnOptions, "sites" | "positions" | "seed" | "task">;
}

/**
 * Tunes only a few heads, after LoFiT (Yin et al. 2024): learns a scalar for each head with the ℓ1 norm, keeps the `k`
 * heads with the largest ones, then learns vectors only there. The objective of both steps is that of the learners, as
 * are the scalars (LoFiT scales each entry of a head and fits labelled answers).
 *
 * @throws ArgumentError where every head's scalar is 0, and for options out of range.
 */
export async function selectThenTune(
  model: Model,
  prompts: readonly Prompt[],
  options: SelectThenTuneOptions = {},
): Promise<LearnedIntervention> {
  checkOptions("selectThenTune", options, ["k", "select", ...tuneOptions]);
  const { n_layers, n_heads, d_head } = model.config;
  const { k = Math.max(3, Math.round(0.1 * n_layers * n_heads)), select = {}, ...tune } = definedOf(options);
  if (!Number.isInteger(k) || k < 1) throw new ArgumentError("selectThenTune", `k is ${k}`, { hint: "Use 1 or more." });
  const unpressed = { patience: 0, minimality: 0, groupMinimality: 0 };
  const usual = { positions: "all", steps: 200, lr: 0.05, ...unpressed } as const;
  const settings = settingsFor("vectors", { ...usual, ...tune, sites: ["z"] });
  checkLearn("selectThenTune", "vectors", prompts, settings);
  const { positions, seed, task } = settings;
  const scalars = await learnScalars(model, prompts, { ...select, sites: ["z"], positions, seed });
  const [z] = partsBySite("selectThenTune", scalars);
  const heads = largestParts([z!], k);
  if (heads.length === 0) {
    throw new ArgumentError("selectThenTune", "no head was selected: all scalars are 0", {
      hint: "Lower the minimality with { select: { minimality } }.",
    });
  }
  const mask = new Uint8Array(z!.data.length * d_head);
  for (const { index } of heads) mask.fill(1, index * d_head, (index + 1) * d_head);
  const origin = provenanceOf(model, prompts, positions, {
    ...{ task, seed, steps: 0 },
    settings: {
      ...{ method: "select-then-tune", k, selectSteps: scalars.provenance.steps },
      ...recordedSettings(settings),
    },
  });
  return train({
    ...{ kind: "vectors", model, prompts, settings },
    pressure: freely({ "z/v": parameter(zeros([...z!.shape, d_head])) }),
    random: new Random(seed),
    mask: { "z/v": mask },
    provenance: (steps) => ({ ...origin, steps }),
  });
}
