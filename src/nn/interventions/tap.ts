import { ArgumentError, type Tensor, tensor, where } from "../../autograd";
import type { GPTConfig } from "../config";
import type { Interventions } from "./edits";
import { applyKind, type Value } from "./kinds";
import { type Batch, PositionMask } from "./position-mask";
import { type ResolvedEdit, resolveEdits } from "./resolve";
import { featureAxes, placeName, type Site } from "./sites";

/** Edits one activation at its place; gives back `h` itself where nothing is to be done. */
export type Tap = (site: Site, layer: number, h: Tensor) => Tensor;

/**
 * Checks a whole intervention map against the model and the batch before anything is computed, and returns the tap
 * that applies it.
 *
 * @throws SiteError for places that do not exist, ShapeError for parameters that do not fit, ArgumentError for edits that
 * would never fire and for a β that is not finite or not one for each prompt.
 */
export function tapOf(map: Interventions, config: GPTConfig, batch: Batch): Tap {
  const { beta, promptLengths } = batch;
  if (typeof beta !== "number" && beta.length !== promptLengths.length) {
    throw new ArgumentError("interventions", `${beta.length} values of beta for ${promptLengths.length} prompts`);
  }
  const edits = new Map<string, ((h: Tensor) => Tensor)[]>();
  for (const edit of resolveEdits(map, config)) {
    const name = placeName(edit.place.site, edit.place.layer);
    edits.set(name, [...(edits.get(name) ?? []), editAt(edit, batch)]);
  }
  if (![beta].flat().every(Number.isFinite)) {
    throw new ArgumentError("interventions", `beta is ${beta}`, { hint: "Use finite numbers." });
  }
  if (beta === 0) return (_site, _layer, h) => h;
  return (site, layer, h) => (edits.get(placeName(site, layer)) ?? []).reduce((edited, apply) => apply(edited), h);
}

/** The function that applies one edit to `h [prompts, columns, …activation]`. */
function editAt({ key, place, kind, values, positions, flags }: ResolvedEdit, batch: Batch): (h: Tensor) => Tensor {
  const mask = positions && new PositionMask(key, positions, batch);
  if (mask?.isNowhere) return (h) => h;
  const axes = featureAxes(place.site);
  const entries = Object.entries(values);
  // One value for all positions broadcasts as it is.
  const spread = (x: Value) => (typeof x !== "number" && x.shape[0]! > 1 ? mask!.spread(x) : x);
  return (h) => {
    const parameters = Object.fromEntries(entries.map(([name, x]) => [name, spread(x)]));
    const edited = applyKind(kind, h, parameters, { beta: betaFor(batch, h.rank), axes, flags });
    return mask === undefined || mask.isEverywhere ? edited : where(mask.mask(h.rank), edited, h);
  };
}

function betaFor({ beta, dtype }: Batch, rank: number): Value {
  if (typeof beta === "number") return beta;
  return tensor([...beta], { dtype, shape: [beta.length, ...new Array(rank - 1).fill(1)] });
}
