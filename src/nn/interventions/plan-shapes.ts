import { ArgumentError, isTensor, ShapeError, type Tensor } from "../../autograd";
import type { GPTConfig } from "../config";
import type { Feature, Intervention } from "./edits";
import type { PlaceKey } from "./sites";

/** A parameter `[B?, T?, …]` with trailing axes of size 1 until it has `rank` feature axes. */
export function fitTo(rank: number, x: Tensor, byPosition: boolean): Tensor {
  const leading = byPosition ? 2 : 0;
  let result = x;
  while (result.rank - leading < rank) result = result.unsqueeze(-1);
  return result;
}

/** The axes of a parameter beyond layers and positions. */
export function featureShape(
  feature: Feature,
  edit: Intervention,
  isHeads: boolean,
  config: GPTConfig,
): readonly number[][] {
  const model = isHeads ? [config.n_heads, config.d_head] : [config.d_model];
  if (feature === "model") return [model];
  // A scalar for each head, or one for all of them.
  return isHeads && edit.kind === "scale" ? [[], [config.n_heads]] : [[]];
}

/** The part of a parameter that belongs to one block, and whether its first axis counts positions. */
export function pickLayer(
  name: string,
  value: Tensor | number,
  features: readonly (readonly number[])[],
  edit: Intervention,
  at: PlaceKey,
  layerCount: number,
  index: number,
  isHeads: boolean,
): { part: Tensor | number; byPosition: boolean } {
  if (typeof value === "number" && Number.isFinite(value)) return { part: value, byPosition: false };
  if (!isTensor(value)) {
    const got = typeof value === "number" || value === undefined ? String(value) : typeof value;
    throw new ArgumentError("interventions", `${name} is ${got}, not a finite number or a tensor`);
  }
  const layerAxes = at.layer === undefined ? [layerCount] : [];
  const mayHavePositions = edit.positions !== "all" && edit.kind !== "dynamic";
  // At z a second axis counts positions, as everywhere, unless positions are "all".
  const isAmbiguous = (feature: readonly number[]) =>
    isHeads && mayHavePositions && feature.length === 1 && edit.kind === "scale";
  for (const feature of features) {
    const free = [...layerAxes, ...feature];
    if (!isAmbiguous(feature) && matches(value.shape, free))
      return { part: layerPart(value, at, index), byPosition: false };
    if (!mayHavePositions) continue;
    const count = Array.isArray(edit.positions) ? edit.positions.length : value.shape[layerAxes.length];
    if (matches(value.shape, [...layerAxes, count ?? -1, ...feature])) {
      return { part: layerPart(value, at, index), byPosition: true };
    }
  }
  const positions = Array.isArray(edit.positions) ? [edit.positions.length] : ["positions"];
  const valid = features.flatMap((feature) => [
    ...(mayHavePositions ? [[...layerAxes, ...positions, ...feature]] : []),
    ...(isAmbiguous(feature) ? [] : [[...layerAxes, ...feature]]),
  ]);
  throw new ShapeError("interventions", `${name} has the wrong shape`, {
    details: { got: value.shape, valid: valid.map((shape) => `[${shape.join(", ")}]`).join(" or ") },
  });
}

function matches(shape: readonly number[], want: readonly number[]): boolean {
  return shape.length === want.length && shape.every((n, i) => n === want[i]);
}

function layerPart(value: Tensor, at: PlaceKey, index: number): Tensor {
  return at.layer === undefined ? value.slice([[index, index + 1]]).squeeze(0) : value;
}
