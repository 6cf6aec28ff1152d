import { ArgumentError, type Tensor } from "../../autograd";
import type { GPTConfig } from "../config";
import { SiteError } from "../errors";
import { neverFires } from "./cover";
import { type Intervention, type Interventions, parametersOf } from "./edits";
import { featureShape, pickLayer } from "./plan-shapes";
import { type PlaceKey, parsePlace, type Site } from "./sites";

/** One edit of an intervention map at one block. */
export interface ResolvedEdit {
  /** Its key in the map, for errors. */
  readonly key: string;
  readonly site: Site;
  readonly layer: number;
  readonly edit: Intervention;
  /** Its parameters at this block; the first axis counts positions where `byPosition`. */
  readonly values: Readonly<Record<string, { value: Tensor | number; byPosition: boolean }>>;
  /** The positions that it is tied to; undefined: every one. */
  readonly positions: readonly number[] | undefined;
}

/**
 * Takes an intervention map apart into edits of single places, in the order in which they apply. Throws as
 * `planInterventions` does, for what can be seen without a batch.
 */
export function* resolveEdits(map: Interventions, config: GPTConfig): Generator<ResolvedEdit> {
  for (const [key, value] of Object.entries(map)) {
    const at = parsePlace(key, config);
    for (const edit of Array.isArray(value) ? (value as Intervention[]) : [value as Intervention]) {
      checkKind(key, edit);
      const layers = layersOf(key, edit, at, config);
      for (let index = 0; index < layers.length; index++) yield resolve(key, edit, at, layers, index, config);
    }
  }
}

/** How many trailing axes of `h [batch, positions, …]` make up one activation. */
export function featureAxes(site: Site, edit: Intervention): readonly number[] {
  return site === "z" && edit.kind !== "scale" ? [-2, -1] : [-1];
}

function resolve(
  key: string,
  edit: Intervention,
  at: PlaceKey,
  layers: readonly number[],
  index: number,
  config: GPTConfig,
): ResolvedEdit {
  const isHeads = at.site === "z";
  let positions = edit.positions === "all" ? undefined : edit.positions;
  const values: Record<string, { value: Tensor | number; byPosition: boolean }> = {};
  for (const [name, { value, feature }] of Object.entries(parametersOf(edit))) {
    const wanted = featureShape(feature, edit, isHeads, config);
    const { part, byPosition } = pickLayer(`${key}.${name}`, value, wanted, edit, at, layers.length, index, isHeads);
    values[name] = { value: part, byPosition };
    if (byPosition && positions === undefined) {
      positions = Array.from({ length: (part as Tensor).shape[0]! }, (_, i) => i);
    }
  }
  return { key, site: at.site, layer: layers[index]!, edit, values, positions };
}

function layersOf(key: string, edit: Intervention, at: PlaceKey, config: GPTConfig): readonly number[] {
  if (at.layer !== undefined) {
    if (edit.layers !== undefined) {
      throw new ArgumentError("interventions", `"${key}" names one block, so layers has no meaning`, {
        hint: `Leave layers out, or use the key "${at.site}".`,
      });
    }
    return [at.layer];
  }
  const layers = edit.layers ?? Array.from({ length: config.n_layers }, (_, layer) => layer);
  if (layers.length === 0) throw neverFires(key, "its list of layers is empty");
  for (const layer of layers) {
    if (!Number.isInteger(layer) || layer < 0 || layer >= config.n_layers) {
      throw new SiteError("interventions", `"${key}": no block ${layer}`, {
        hint: `This model has blocks 0-${config.n_layers - 1}.`,
      });
    }
  }
  return layers;
}

const kinds = ["scale", "add", "dynamic", "replace", "ablate", "project"];

/** Refuses what no intervention function made. */
export function checkKind(key: string, edit: Intervention | undefined): void {
  if (edit === null || typeof edit !== "object" || !kinds.includes(edit.kind)) {
    throw new ArgumentError("interventions", `"${key}" holds no intervention`, {
      hint: `Make one with ${kinds.join("(), ")}().`,
    });
  }
}
