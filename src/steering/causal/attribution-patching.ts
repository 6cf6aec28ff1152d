import { concat, step, sub, type Tensor, valueAndGrad, zeros } from "../../autograd";
import { add, type Model, placeName, type Site } from "../../nn";
import { featureShape } from "../../nn/interventions/sites";
import { logitDiff } from "../learn/objective";
import type { Prompt } from "../tasks/task";
import { PlaceMap } from "./place-map";
import { Replacements } from "./replacements";
import { type PatchOptions, type PatchSettings, patchSettings } from "./settings";

/**
 * The gradient's estimate of `activationPatching`: `β · (replacement − h) · ∂Δ/∂h` for every (site, layer, position),
 * from one forward and one backward pass for each prompt. It is exact where Δ is linear in the activation.
 *
 * Options and errors are those of `activationPatching`.
 */
export function attributionPatching(model: Model, prompts: readonly Prompt[], options: PatchOptions = {}): PlaceMap {
  const settings = patchSettings("attributionPatching", model, prompts, options);
  const replacements = new Replacements(
    model,
    settings,
    prompts.map((prompt) => prompt.ids),
  );
  const effects = prompts.map((prompt, row) =>
    step(() => {
      const { h, gradients } = activationsAndGradients(model, prompt, settings);
      const estimates = settings.sites.map((site) => {
        const change = sub(replacements.ofPrompt(site, row), h[site]!);
        const places = model.config.n_layers * settings.length;
        const byPlace = change.mul(gradients[site]!).reshape([places, change.size / places]);
        return byPlace.sum(1).mul(settings.beta).toTypedArray();
      });
      return Float64Array.from(estimates.flatMap((values) => [...values]));
    }),
  );
  return new PlaceMap(settings.sites, model.config.n_layers, settings.length, effects);
}

/** `h` and `∂Δ/∂h` of one prompt by site, `[layers, positions, …]`. */
function activationsAndGradients(model: Model, prompt: Prompt, { sites, length }: PatchSettings) {
  const { n_layers } = model.config;
  // The gradient with respect to a vector that is added, at 0, is that of the activation.
  const nothing: Record<string, Tensor> = Object.fromEntries(
    sites.map((site) => [site, zeros([n_layers, length, ...featureShape(site, model.config)], { dtype: model.dtype })]),
  );
  const { grads, aux } = valueAndGrad((v: Record<string, Tensor>) => {
    const interventions = Object.fromEntries(sites.map((site) => [site, add(v[site]!)]));
    const { logits, activations } = model.forward([prompt.ids], { interventions, capture: sites, positions: "last" });
    return [logitDiff(logits, [prompt]).sum(), activations];
  })(nothing);
  const h = Object.fromEntries(sites.map((site) => [site, layersOf(site, aux, n_layers)]));
  return { h: h as Record<Site, Tensor>, gradients: grads as Record<Site, Tensor> };
}

/** The activations of all blocks at a site, one below the other; of the only row of the batch. */
function layersOf(site: Site, activations: Readonly<Record<string, Tensor>>, layers: number): Tensor {
  return concat(
    Array.from({ length: layers }, (_, layer) => activations[placeName(site, layer)]!),
    0,
  );
}
