import { Random, step } from "../../autograd";
import { fingerprint, type Model } from "../../nn";
import type { Prompt } from "../tasks/task";
import { type LearnOptions, settingsFor } from "./learn-options";
import { checkLearn, type Settings } from "./learn-settings";
import { type Kind, LearnedIntervention } from "./learned";
import { bySite, copied, type Flat, startValues } from "./parameters";
import { maskOf } from "./places";
import { refit, refitSteps } from "./refit";
import { byGates, byShrinking } from "./sparsity";
import { type TrainReport, train } from "./training";

/**
 * ActivScalar (paper, Eq. 5): one scalar for each site, layer and position (see `positions`), such that β = +1 makes
 * `correct` win and β = −1 `wrong`, while other tokens keep their probabilities and most scalars stay 0.
 *
 * Throws `ArgumentError` for settings out of range, and for prompts of several lengths unless `positions` is `all`.
 */
export function learnScalars(model: Model, prompts: readonly Prompt[], options: LearnOptions = {}) {
  return learn("scalars", model, prompts, options);
}

/** SteerVec: one vector for each site, layer and position, learned with the same objective. */
export function learnVectors(model: Model, prompts: readonly Prompt[], options: LearnOptions = {}) {
  return learn("vectors", model, prompts, options);
}

/**
 * DynScalar (paper, Sec. 5): at each site and layer `α = g·ĥ + b` is read off the activation itself, so that it belongs to
 * no position. Learns from prompts of any lengths (ĥ = h / rms(h), and b, are ours), and what it learned edits prompts of
 * any length and generated tokens. The same objective as for scalars.
 *
 * Throws `ArgumentError` for settings out of range.
 */
export function learnDynamic(model: Model, prompts: readonly Prompt[], options: Omit<LearnOptions, "positions"> = {}) {
  return learn("dynamic", model, prompts, options);
}

/** Learns an intervention of any kind with Adam and a pressure towards zero; see `LearnOptions.sparsity`. */
export async function learn(
  kind: Kind,
  model: Model,
  prompts: readonly Prompt[],
  options: LearnOptions,
): Promise<LearnedIntervention> {
  const settings = settingsFor(kind, options);
  const length = checkLearn(kind, prompts, settings, options);
  const random = new Random(settings.seed);
  const { positions, onProgress } = settings;
  const locations = positions === "all" ? [model.config.n_layers] : [model.config.n_layers, length];
  const values = startValues(kind, model, locations, settings.sites, random);
  const mask = settings.places && maskOf(settings.places, values, { kind, model, positions, length });
  const pressure =
    settings.sparsity === "l0" ? byGates(values, kind, settings, mask) : byShrinking(values, kind, settings);
  // A bar that ends where the refit ends.
  const all = settings.steps + (settings.debias ? refitSteps : 0);
  const provenance = {
    task: settings.task ?? "",
    model: model.name,
    fingerprint: fingerprint(model),
    ...(positions === "all" ? { positions, tokens: [] } : { tokens: labels(model, prompts) }),
    seed: settings.seed,
    settings: recorded(settings),
  };
  const madeOf = (flat: Flat, steps: number) => new LearnedIntervention(kind, bySite(flat), { ...provenance, steps });
  const report = (now: TrainReport) =>
    onProgress?.({ ...now, steps: all, current: () => madeOf(copied(step(() => pressure.result())), now.step) });
  const run = { ...settings, onProgress: onProgress && report };
  const steps = await train(kind, model, prompts, pressure, run, { random, mask });
  const learned = madeOf(pressure.result(), steps);
  if (!settings.debias || learned.activeParameters === 0) return learned;
  return refit(model, prompts, learned, {
    signal: settings.signal,
    ...(onProgress && { onProgress: (now) => onProgress({ ...now, step: steps + now.step, steps: all }) }),
  });
}

/** The settings that are kept with the result: those that its numbers depend on. */
function recorded(settings: Settings): Record<string, number | string> {
  const { batchSize, lr, margin, faithfulnessWeight, faithfulness, patience, sites, places } = settings;
  const { sparsity, minimality, groupMinimality, gateMinimality } = settings;
  return {
    batchSize,
    margin,
    faithfulnessWeight,
    faithfulness,
    patience,
    lr,
    ...(sparsity === "l1" ? { minimality, groupMinimality } : { sparsity, gateMinimality }),
    sites: sites.join(","),
    ...(places && { places: "given" }),
  };
}

/** What stands at each position of prompts of one length. */
function labels(model: Model, prompts: readonly Prompt[]): string[] {
  return prompts[0]!.ids.map((id, i) => {
    const isShared = prompts.every((prompt) => prompt.ids[i] === id);
    return isShared ? (model.tokenizer?.token(id) ?? String(id)) : "‹varies›";
  });
}
