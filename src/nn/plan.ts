import { ArgumentError, type Tensor, tensor, where } from "../autograd";
import type { GPTConfig } from "./config";
import { Cover, neverFires } from "./cover";
import { SiteError } from "./errors";
import { applyEdit, type Intervention, type Interventions, parametersOf } from "./interventions";
import { featureShape, fitTo, pickLayer } from "./plan-shapes";
import { type Place, parsePlace, placeName, type Site } from "./sites";

/** What the interventions of one forward pass need to know about its batch: rows of equal length, padded in front. */
export interface Batch {
  /** Tokens of each prompt that positions count over (generated tokens come after them). */
  promptLengths: readonly number[];
  /** Columns of padding in front of each row. */
  padding: readonly number[];
  /** The columns that this pass computes: those before `first` are cached. */
  first: number;
  length: number;
  /** Positions from here on will never be computed. */
  reach: number;
  /** β for all prompts or for each. */
  beta: number | readonly number[];
  dtype: "f32" | "f64";
}

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
  for (const [key, value] of Object.entries(map)) {
    const at = parsePlace(key, config);
    for (const edit of Array.isArray(value) ? (value as Intervention[]) : [value as Intervention]) {
      checkKind(key, edit);
      const layers = layersOf(key, edit, at, config);
      layers.forEach((layer, index) => {
        const name = placeName(at.site, layer);
        const apply = editAt(key, edit, at, layers, index, config, batch);
        planned.set(name, [...(planned.get(name) ?? []), apply]);
      });
    }
  }
  if ((isNumber(batch.beta) ? [batch.beta] : batch.beta).some((beta) => !Number.isFinite(beta))) {
    throw new ArgumentError("interventions", `beta is ${batch.beta}`, { hint: "Use finite numbers." });
  }
  if (batch.beta === 0) return (_site, _layer, h) => h;
  return (site, layer, h) => (planned.get(placeName(site, layer)) ?? []).reduce((edited, apply) => apply(edited), h);
}

/** The function that applies one edit at one block. */
function editAt(
  key: string,
  edit: Intervention,
  at: Place,
  layers: readonly number[],
  index: number,
  config: GPTConfig,
  batch: Batch,
): (h: Tensor) => Tensor {
  const isHeads = at.site === "z";
  const features = isHeads && edit.kind !== "scale" ? [-2, -1] : [-1];
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
  const covered = positions && new Cover(key, positions, batch);
  if (covered?.isNowhere) return (h) => h;
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

function layersOf(key: string, edit: Intervention, at: Place, config: GPTConfig): readonly number[] {
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

function checkKind(key: string, edit: Intervention | undefined): void {
  if (edit === null || typeof edit !== "object" || !kinds.includes(edit.kind)) {
    throw new ArgumentError("interventions", `"${key}" holds no intervention`, {
      hint: `Make one with ${kinds.join("(), ")}().`,
    });
  }
}
