import { step } from "../../autograd";
import { ablate, type Intervention, type Model, type Place, placeName, replace } from "../../nn";
import { logitDiff } from "../learn/objective";
import { batchSize } from "../measure/batches";
import type { Prompt } from "../tasks/task";
import { PlaceMap } from "./place-map";
import { Replacements } from "./replacements";
import { type PatchOptions, patchSettings } from "./settings";

/**
 * The causal effect of every (site, layer, position): how Δ changes, in logits, when the activation there is replaced
 * and everything behind it computed anew. Exhaustive: a forward pass for every place, and for counterfactuals, where
 * every prompt has its own replacement, for every place and prompt.
 *
 * @throws ArgumentError for no prompts, prompts of several lengths or settings out of range; SiteError for sites that the
 *   model does not have.
 */
export function activationPatching(model: Model, prompts: readonly Prompt[], options: PatchOptions = {}): PlaceMap {
  const settings = patchSettings("activationPatching", model, prompts, options);
  const { sites, mode, beta, length } = settings;
  const replacements = new Replacements(
    model,
    settings,
    prompts.map((prompt) => prompt.ids),
  );
  const layers = model.config.n_layers;
  const effects = prompts.map(() => new Float64Array(sites.length * layers * length));
  const map = new PlaceMap(sites, layers, length, effects);
  const places = map.places();
  const rows = mode === "counterfactual" ? 1 : batchSize;
  for (let at = 0; at < prompts.length; at += rows) {
    const part = prompts.slice(at, at + rows);
    const clean = deltas(model, part);
    places.forEach((place, i) => {
      const patched = step(() => {
        const value = replacements.at(place, at);
        return deltas(model, part, { place, beta, edit: value ? replace(value, where(place)) : ablate(where(place)) });
      });
      part.forEach((_, row) => {
        effects[at + row]![i] = patched[row]! - clean[row]!;
      });
    });
  }
  return map;
}

const where = ({ position }: Required<Place>) => ({ positions: [position] });

/** Δ of each prompt, with an edit at one place or without. */
function deltas(
  model: Model,
  prompts: readonly Prompt[],
  patch?: { place: Place; beta: number; edit: Intervention },
): number[] {
  return step(() => {
    const { logits } = model.forward(
      prompts.map((prompt) => prompt.ids),
      {
        positions: "last",
        ...(patch && {
          interventions: { [placeName(patch.place.site, patch.place.layer)]: patch.edit },
          beta: patch.beta,
        }),
      },
    );
    return [...logitDiff(logits, prompts).toTypedArray()];
  });
}
