import { ArgumentError, Random } from "../../autograd";
import type { Model } from "../../nn";
import type { Prompt } from "../tasks/task";
import { type LearnOptions, settingsFor } from "./learn-options";
import { checkLearn } from "./learn-settings";
import { LearnedIntervention } from "./learned";
import { bySite, copied, copyOf, type Flat, nonzero } from "./parameters";
import { freely } from "./sparsity";
import { type TrainReport, train } from "./training";

/** Most updates of a refit, where nothing else is asked for. */
export const refitSteps = 100;

/** `steps`: default 100. The others: default as the intervention was learned. */
export type RefitOptions = Pick<
  LearnOptions,
  | "steps"
  | "seed"
  | "lr"
  | "batchSize"
  | "margin"
  | "faithfulness"
  | "faithfulnessWeight"
  | "patience"
  | "onProgress"
  | "signal"
>;

/**
 * Debiasing: goes on learning what is not 0, without any penalty on its size. ℓ1 and gates choose parameters, and pull
 * those that they keep towards 0 on the way; this takes the pull back. Parameters that are 0 stay exactly 0.
 *
 * Throws `ArgumentError` when all of them are, and for prompts of other lengths than it was learned on.
 */
export async function refit(
  model: Model,
  prompts: readonly Prompt[],
  learned: LearnedIntervention,
  options: RefitOptions = {},
): Promise<LearnedIntervention> {
  const { kind, provenance, sites } = learned;
  const { metrics: _, positions = "each", ...rest } = provenance;
  if (learned.activeParameters === 0) {
    throw new ArgumentError("refit", "every parameter is 0, nothing is left to fit", {
      hint: "Learn with less minimality.",
    });
  }
  const { lr, batchSize, margin, faithfulness, faithfulnessWeight } = provenance.settings as LearnOptions;
  const before = { lr, batchSize, margin, faithfulness, faithfulnessWeight, seed: provenance.seed, steps: refitSteps };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings = settingsFor(kind, { patience: 25, ...before, sites, positions, ...given });
  const length = checkLearn(kind, prompts, settings, {});
  if (learned.hasPositions && length !== provenance.tokens.length) {
    throw new ArgumentError("refit", `learned on prompts of ${provenance.tokens.length} tokens, these have ${length}`, {
      hint: "Refit on prompts of the same length.",
    });
  }
  const theta = copyOf(learned.parameters);
  const random = new Random(settings.seed);
  const madeOf = (flat: Flat, steps: number) =>
    new LearnedIntervention(kind, bySite(flat), {
      ...rest,
      ...(positions === "all" && { positions }),
      settings: { ...provenance.settings, refit: steps },
      steps: provenance.steps + steps,
    });
  const { onProgress } = settings;
  const report = (now: TrainReport) => onProgress?.({ ...now, current: () => madeOf(copied(theta), now.step) });
  const run = { ...settings, onProgress: onProgress && report };
  return madeOf(theta, await train(kind, model, prompts, freely(theta), run, { random, mask: nonzero(theta) }));
}
