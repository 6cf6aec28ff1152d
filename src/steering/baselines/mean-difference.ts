import { ArgumentError, type Tensor, tensor } from "../../autograd";
import { add, type Interventions, type Model, placeName, type Site } from "../../nn";
import { featureShape } from "../../nn/interventions/sites";
import { checkOptions, sizeOf } from "../../tensor/internal";
import { type LearnedIntervention, logitsAt } from "../learn/learned";
import { type ObjectiveOptions, objective } from "../learn/objective";
import { lengthOf, settingsFor } from "../learn/options";
import { provenanceOf } from "../learn/provenance";
import { inBatches } from "../measure/batches";
import type { Prompt } from "../tasks/task";
import { type Contrast, contrastPairs, type Pair } from "./contrast";
import { fromParts } from "./parts";

/** Options of `meanDifference`. */
export interface MeanDifferenceOptions {
  /** The two runs that are contrasted. Default `prompts`. */
  contrast?: Contrast;
  /** Where vectors are added. Default `["resid_post"]`. */
  sites?: Site | readonly Site[];
  /** The one block that is steered. Default: the best on the prompts. */
  layer?: number;
  /** Steers every position, or only the last. Default `each`; with the contrast `answers` only `last`. */
  positions?: "each" | "last";
  /** Factors that are tried; the best on the prompts is kept. Default powers of 2 from 0.25 to 32. */
  scales?: readonly number[];
  /** Name of the task, kept with the result. */
  task?: string;
}

/** Prompts that the layer and the scale are chosen on: spread evenly over all. */
const chosenOn = 64;

const optionNames = ["contrast", "sites", "layer", "positions", "scales", "task"];

/**
 * Makes contrastive mean-difference vectors, after CAA (Rimsky et al. 2024): at one block, the mean difference between the
 * activations of runs that speak for `correct` and for `wrong`. Nothing is learned by gradient; block and factor are
 * those with the smallest loss of the learners' objective on up to 64 of the prompts (ours: CAA sweeps both by hand).
 *
 * @throws ArgumentError for prompts of several lengths, prompts that offer no contrast, and options out of range.
 */
export function meanDifference(
  model: Model,
  prompts: readonly Prompt[],
  options: MeanDifferenceOptions = {},
): LearnedIntervention {
  checkOptions("meanDifference", options, optionNames);
  const { contrast = "prompts", scales = [0.25, 0.5, 1, 2, 4, 8, 16, 32], task = "" } = options;
  const sites = [options.sites ?? "resid_post"].flat() as Site[];
  const { positions = contrast === "answers" ? "last" : "each" } = options;
  const length = lengthOf("meanDifference", prompts);
  const layers = layersOf(model, options.layer);
  check(contrast, positions, scales, sites);
  const means = meanDifferences(model, contrastPairs(model, prompts, contrast), sites);
  const first = positions === "last" ? length - 1 : 0;
  const vectors = (layer: number) =>
    sites.map((site) => {
      const feature = featureShape(site, model.config);
      const size = sizeOf(feature);
      const data = new Float32Array(length * size);
      // The contrast `answers` ends one position later than the prompts, at the answer itself.
      const mean = means.get(placeName(site, layer))!;
      data.set(mean.subarray(mean.length - (length - first) * size), first * size);
      return { site, data, shape: [length, ...feature] };
    });
  // The objective that the learners have by default, so that none has another aim.
  const { margin, faithfulnessWeight } = settingsFor("vectors");
  const aim = { margin, faithfulnessWeight };
  const few = prompts.filter((_, i) => i % Math.ceil(prompts.length / chosenOn) === 0);
  const tried = layers.flatMap((layer) => {
    const edits = vectors(layer).map(({ site, data, shape }) => [placeName(site, layer), add(tensor(data, { shape }))]);
    return scales.map((scale) => ({ layer, scale, loss: lossOf(model, few, Object.fromEntries(edits), scale, aim) }));
  });
  const { layer, scale } = tried.reduce((best, one) => (one.loss < best.loss ? one : best));
  const stacked = vectors(layer).map(({ site, data, shape }) => {
    const all = new Float32Array(model.config.n_layers * data.length);
    all.set(
      data.map((x) => scale * x),
      layer * data.length,
    );
    return { site, data: all, shape: [model.config.n_layers, ...shape] };
  });
  const settings = { method: "mean-difference", contrast, sites: sites.join(","), positions, layer, scale, ...aim };
  return fromParts("vectors", stacked, provenanceOf(model, prompts, "each", { task, seed: 0, settings, steps: 0 }));
}

function check(contrast: Contrast, positions: string, scales: readonly number[], sites: readonly Site[]): void {
  if (sites.length === 0) throw new ArgumentError("meanDifference", "no sites given");
  if (positions !== "each" && positions !== "last") {
    throw new ArgumentError("meanDifference", `no positions "${positions}"`, { hint: "Valid: each, last." });
  }
  if (contrast === "answers" && positions === "each") {
    throw new ArgumentError(
      "meanDifference",
      'answers differ behind the prompt only, so positions "each" has no meaning',
      {
        hint: 'Use { positions: "last" }, or { contrast: "prompts" }.',
      },
    );
  }
  if (scales.length > 0 && scales.every((x) => Number.isFinite(x) && x !== 0)) return;
  throw new ArgumentError("meanDifference", `scales are [${scales.join(", ")}]`, {
    hint: "Use finite numbers other than 0.",
  });
}

function layersOf({ config }: Model, layer: number | undefined): number[] {
  const all = Array.from({ length: config.n_layers }, (_, l) => l);
  if (layer === undefined) return all;
  if (all.includes(layer)) return [layer];
  throw new ArgumentError("meanDifference", `no block ${layer}`, {
    hint: `This model has blocks 0-${config.n_layers - 1}.`,
  });
}

/** Returns the mean difference at every place, `[positions, …]` flat. */
function meanDifferences(model: Model, pairs: readonly Pair[], sites: readonly Site[]): Map<string, Float32Array> {
  const sums = new Map<string, Float64Array>();
  inBatches(pairs, (batch) => {
    const run = (side: keyof Pair) =>
      model.forward(
        batch.map((pair) => pair[side]),
        { capture: sites, positions: "last" },
      ).activations;
    const [positive, negative] = [run("positive"), run("negative")];
    for (const [name, h] of Object.entries(positive)) {
      const difference = h.sub(negative[name]!).sum(0).toTypedArray();
      const sum = sums.get(name) ?? new Float64Array(difference.length);
      sums.set(
        name,
        sum.map((x, i) => x + difference[i]!),
      );
    }
  });
  return new Map([...sums].map(([name, sum]) => [name, Float32Array.from(sum, (x) => x / pairs.length)]));
}

/** Returns the loss of the learners' objective, with β = ±scale in the places of ±1. */
function lossOf(
  model: Model,
  prompts: readonly Prompt[],
  edits: Interventions,
  scale: number,
  aim: ObjectiveOptions,
): number {
  const losses = inBatches(prompts, (batch) => {
    const ids = batch.map((prompt) => prompt.ids);
    const [clean, plus, minus] = logitsAt(model, ids, edits, [0, scale, -scale]) as [Tensor, Tensor, Tensor];
    return batch.length * objective({ clean, plus, minus }, batch, aim).item();
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / prompts.length;
}
