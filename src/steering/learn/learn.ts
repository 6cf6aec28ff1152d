import { Random } from "../../autograd";
import type { Model } from "../../nn";
import type { Prompt } from "../tasks/task";
import { type Kind, locationAxes } from "./kinds";
import type { LearnedIntervention } from "./learned";
import { maskOf } from "./mask";
import { checkLearn, type LearnOptions, recordedSettings, settingsFor } from "./options";
import { startValues } from "./parameters";
import { provenanceOf } from "./provenance";
import { refit, refitSteps } from "./refit";
import { byGates, byShrinking } from "./sparsity";
import { train } from "./training";

/**
 * Learns ActivScalar (paper, Eq. 5): one scalar for each site, layer and position (see `positions`), such that β = +1
 * makes `correct` win and β = −1 `wrong`, while other tokens keep their probabilities and most scalars stay 0.
 *
 * @throws ArgumentError for options out of range, and for prompts of several lengths unless `positions` is `all`.
 */
export function learnScalars(model: Model, prompts: readonly Prompt[], options: LearnOptions = {}) {
  return learn("scalars", model, prompts, options);
}

/** Learns SteerVec: one vector for each site, layer and position, with the same objective as `learnScalars`. */
export function learnVectors(model: Model, prompts: readonly Prompt[], options: LearnOptions = {}) {
  return learn("vectors", model, prompts, options);
}

/**
 * Learns DynScalar (paper, Sec. 5): at each site and layer `α = g·ĥ + b` is read off the activation itself, so that it
 * belongs to no position. Prompts may have any lengths (ĥ = h / rms(h), and b, are ours); what is learned edits prompts
 * of any length and generated tokens. The same objective as for scalars.
 *
 * @throws ArgumentError for options out of range.
 */
export function learnDynamic(model: Model, prompts: readonly Prompt[], options: Omit<LearnOptions, "positions"> = {}) {
  return learn("dynamic", model, prompts, options);
}

/**
 * Learns an intervention of any kind with Adam and a pressure towards zero; see `LearnOptions.sparsity`. `method`: a name
 * for it, kept with the result.
 */
export async function learn(
  kind: Kind,
  model: Model,
  prompts: readonly Prompt[],
  options: LearnOptions,
  method?: string,
): Promise<LearnedIntervention> {
  const settings = settingsFor(kind, options);
  const length = checkLearn("learn", kind, prompts, settings, options);
  const random = new Random(settings.seed);
  const { positions, onProgress, places, debias, signal, task, seed } = settings;
  const locations = positions === "all" ? [model.config.n_layers] : [model.config.n_layers, length];
  const values = startValues(kind, model, locations, settings.sites, random);
  const mask = places && maskOf("learn", places, values, locationAxes(kind, positions) === 2);
  const pressure =
    settings.sparsity === "l0" ? byGates(values, kind, settings, mask) : byShrinking(values, kind, settings);
  const recorded = { ...(method !== undefined && { method }), ...recordedSettings(settings) };
  const origin = provenanceOf(model, prompts, positions, { task, seed, settings: recorded, steps: 0 });
  // One count of updates up to the end of the refit.
  const steps = settings.steps + (debias ? refitSteps : 0);
  const learned = await train({
    ...{ kind, model, prompts, pressure, random, mask },
    settings: { ...settings, onProgress: onProgress && ((report) => onProgress({ ...report, steps })) },
    provenance: (done) => ({ ...origin, steps: done }),
  });
  if (!debias || learned.activeParameters === 0) return learned;
  const done = learned.provenance.steps;
  return refit(model, prompts, learned, {
    signal,
    onProgress: onProgress && ((report) => onProgress({ ...report, step: done + report.step, steps })),
  });
}
