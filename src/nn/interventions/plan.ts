import { ArgumentError, type Tensor, tensor, where } from "../../autograd";
import type { GPTConfig } from "../config";
import { type Batch, Cover } from "./cover";
import { applyEdit, type Interventions } from "./edits";
import { fitTo } from "./plan-shapes";
import { featureAxes, type ResolvedEdit, resolveEdits } from "./resolve";
import { placeName, type Site } from "./sites";

/** Edits one activation at its place; gives back `h` itself where nothing is to be done. */
export type Tap = (site: Site, layer: number, h: Tensor) => Tensor;

/**
 * Checks a whole intervention map against the model and the batch before anything is computed, and returns the tap
 * that applies it. Throws `SiteError` for places that do not exist, `ShapeError` for parameters that do not fit,
 * `ArgumentError` for edits that would never fire.
 */
export function planInterventions(map: Interventions, config: GPTConfig, batch: Batch): Tap {
  const planned = new Map<string, ((h: Tensor) => Tensor)[]>();
  if (Array.isArray(batch.beta) && batch.beta.length !== batch.promptLengths.length) {
    throw new ArgumentError(
      "interventions",
      `${batch.beta.length} values of beta for ${batch.promptLengths.length} prompts`,
    );
  }
  for (const resolved of resolveEdits(map, config)) {
    const name = placeName(resolved.site, resolved.layer);
    planned.set(name, [...(planned.get(name) ?? []), editAt(resolved, batch)]);
  }
  if ((isNumber(batch.beta) ? [batch.beta] : batch.beta).some((beta) => !Number.isFinite(beta))) {
    throw new ArgumentError("interventions", `beta is ${batch.beta}`, { hint: "Use finite numbers." });
  }
  if (batch.beta === 0) return (_site, _layer, h) => h;
  return (site, layer, h) => (planned.get(placeName(site, layer)) ?? []).reduce((edited, apply) => apply(edited), h);
}

/** The function that applies one edit at one block. */
function editAt({ key, site, edit, values, positions }: ResolvedEdit, batch: Batch): (h: Tensor) => Tensor {
  const covered = positions && new Cover(key, positions, batch);
  if (covered?.isNowhere) return (h) => h;
  const features = featureAxes(site, edit);
  return (h) => {
    const parameters: Record<string, Tensor | number> = {};
    const rank = h.rank - 2;
    for (const [name, { value, byPosition }] of Object.entries(values)) {
      parameters[name] =
        typeof value === "number" ? value : fitTo(rank, byPosition ? covered!.spread(value) : value, byPosition);
    }
    const beta = isNumber(batch.beta)
      ? batch.beta
      : tensor([...batch.beta], { dtype: batch.dtype, shape: [batch.beta.length, ...new Array(h.rank - 1).fill(1)] });
    const edited = applyEdit(edit, h, parameters, beta, features);
    return covered === undefined || covered.isEverywhere ? edited : where(covered.mask(h.rank), edited, h);
  };
}

const isNumber = (x: unknown): x is number => typeof x === "number";
