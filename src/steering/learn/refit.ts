import { ArgumentError, Random } from "../../autograd";
import type { Model } from "../../nn";
import { checkOptions } from "../../tensor/internal";
import type { Prompt } from "../tasks/task";
import type { LearnedIntervention } from "./learned";
import { nonzero } from "./mask";
import { checkLearn, definedOf, type LearnOptions, settingsFor } from "./options";
import { flatten } from "./parameters";
import { freely } from "./sparsity";
import { train } from "./training";

/** Most updates of a refit, where nothing else is asked for. */
export const refitSteps = 100;

const refitOptions = [
  ...(["steps", "seed", "lr", "batchSize", "margin", "faithfulnessWeight", "patience"] as const),
  ...(["onProgress", "signal"] as const),
];

/** `steps`: default 100; `patience`: default 25. The others: default as the intervention was learned. */
export type RefitOptions = Pick<LearnOptions, (typeof refitOptions)[number]>;

/**
 * Debiasing: goes on learning what is not 0, without any penalty on its size. ℓ1 and gates choose parameters, and pull
 * those that they keep towards 0 on the way; this takes the pull back. Parameters that are 0 stay exactly 0.
 *
 * @throws ArgumentError when all of them are 0, for prompts of another length than it was learned on, and for options out
 * of range.
 */
export async function refit(
  model: Model,
  prompts: readonly Prompt[],
  learned: LearnedIntervention,
  options: RefitOptions = {},
): Promise<LearnedIntervention> {
  checkOptions("refit", options, refitOptions);
  const { kind, sites } = learned;
  const { metrics: _, ...origin } = learned.provenance;
  if (learned.activeParameters === 0) {
    throw new ArgumentError("refit", "every parameter is 0, nothing is left to fit", {
      hint: "Learn with less minimality.",
    });
  }
  const { positions = "each", seed } = origin;
  const { lr, batchSize, margin, faithfulnessWeight } = origin.settings as LearnOptions;
  const before = { lr, batchSize, margin, faithfulnessWeight, seed, steps: refitSteps, patience: 25 };
  const settings = settingsFor(kind, { ...before, ...definedOf(options), sites, positions });
  const length = checkLearn("refit", kind, prompts, settings);
  if (learned.hasPositions && length !== origin.tokens.length) {
    throw new ArgumentError("refit", `learned on prompts of ${origin.tokens.length} tokens, these have ${length}`, {
      hint: "Refit on prompts of the same length.",
    });
  }
  const theta = flatten(learned.parameters);
  return train({
    ...{ kind, model, prompts, settings, pressure: freely(theta), mask: nonzero(theta) },
    random: new Random(settings.seed),
    provenance: (steps) => ({
      ...origin,
      settings: { ...origin.settings, refit: steps },
      steps: origin.steps + steps,
    }),
  });
}
