import {
  ArgumentError,
  concat,
  embedding,
  isTensor,
  place,
  ShapeError,
  type Tensor,
  tensor,
  where,
  zeros,
} from "../autograd";
import type { GPTConfig } from "./config";
import { SiteError } from "./errors";
import { applyEdit, type Feature, type Intervention, type Interventions, parametersOf } from "./interventions";
import { type Place, parsePlace, placeName, type Site } from "./sites";

/** What the interventions of one forward pass need to know about its batch. */
export interface Batch {
  /** Tokens of each prompt that positions count over (generated tokens come after them). */
  promptLengths: readonly number[];
  /** Positions that the pass computes: the longest row. */
  length: number;
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

/** A parameter `[B?, T?, …]` with trailing axes of size 1 until it has `rank` feature axes. */
function fitTo(rank: number, x: Tensor, byPosition: boolean): Tensor {
  const leading = byPosition ? 2 : 0;
  let result = x;
  while (result.rank - leading < rank) result = result.unsqueeze(-1);
  return result;
}

/** The axes of a parameter beyond layers and positions. */
function featureShape(feature: Feature, edit: Intervention, isHeads: boolean, config: GPTConfig): readonly number[][] {
  const model = isHeads ? [config.n_heads, config.d_head] : [config.d_model];
  if (feature === "model") return [model];
  // A scalar for each head, or one for all of them.
  return isHeads && edit.kind === "scale" ? [[], [config.n_heads]] : [[]];
}

/** The part of a parameter that belongs to one block, and whether its first axis counts positions. */
function pickLayer(
  name: string,
  value: Tensor | number,
  features: readonly (readonly number[])[],
  edit: Intervention,
  at: Place,
  layerCount: number,
  index: number,
  isHeads: boolean,
): { part: Tensor | number; byPosition: boolean } {
  if (!isTensor(value)) return { part: value, byPosition: false };
  const layerAxes = at.layer === undefined ? [layerCount] : [];
  const mayHavePositions = edit.positions !== "all" && edit.kind !== "dynamic";
  for (const feature of features) {
    const free = [...layerAxes, ...feature];
    // At z a second axis counts positions, as everywhere, unless positions are "all".
    const ambiguous = isHeads && mayHavePositions && feature.length === 1 && edit.kind === "scale";
    if (!ambiguous && matches(value.shape, free)) return { part: layerPart(value, at, index), byPosition: false };
    if (!mayHavePositions) continue;
    const count = Array.isArray(edit.positions) ? edit.positions.length : value.shape[layerAxes.length];
    if (matches(value.shape, [...layerAxes, count ?? -1, ...feature])) {
      return { part: layerPart(value, at, index), byPosition: true };
    }
  }
  const positions = Array.isArray(edit.positions) ? [edit.positions.length] : ["positions"];
  const valid = features.flatMap((feature) => [
    ...(mayHavePositions ? [[...layerAxes, ...positions, ...feature]] : []),
    [...layerAxes, ...feature],
  ]);
  throw new ShapeError("interventions", `${name} has the wrong shape`, {
    details: { got: value.shape, valid: valid.map((shape) => `[${shape.join(", ")}]`).join(" or ") },
  });
}

function matches(shape: readonly number[], want: readonly number[]): boolean {
  return shape.length === want.length && shape.every((n, i) => n === want[i]);
}

function layerPart(value: Tensor, at: Place, index: number): Tensor {
  return at.layer === undefined ? value.slice([[index, index + 1]]).squeeze(0) : value;
}

/** The positions that an edit covers in each prompt of a batch. */
class Cover {
  /** `[prompts, length]`: which entry of the position axis applies, or the one after the last for none. */
  private readonly index: Int32Array;
  private readonly isPrefix: boolean;
  /** No position of any prompt is left out. */
  readonly isEverywhere: boolean;

  constructor(
    key: string,
    private readonly positions: readonly number[],
    private readonly batch: Batch,
  ) {
    const { promptLengths, length } = batch;
    const longest = Math.max(...promptLengths);
    if (positions.length === 0) throw neverFires(key, "its list of positions is empty");
    this.index = new Int32Array(promptLengths.length * length).fill(positions.length);
    positions.forEach((position, entry) => {
      if (!Number.isInteger(position) || position >= length || position < -longest) {
        const has = `the longest prompt has ${longest} tokens`;
        throw neverFires(key, `position ${position} is outside every prompt (${has})`);
      }
      promptLengths.forEach((promptLength, row) => {
        const at = position < 0 ? promptLength + position : position;
        if (at >= 0 && at < length) this.index[row * length + at] = entry;
      });
    });
    this.isEverywhere = this.index.every((entry) => entry < positions.length);
    this.isPrefix = positions.every((position, i) => position === i);
  }

  /** A parameter `[entries, …]` laid out over `[1 or prompts, length, …]`; the values where it does not apply are 0. */
  spread(value: Tensor): Tensor {
    const { length, promptLengths, dtype } = this.batch;
    const feature = value.shape.slice(1);
    const ranges = [[0, 1] as const, [0, this.positions.length] as const];
    if (this.isPrefix) return place(value.unsqueeze(0), { shape: [1, length, ...feature], ranges });
    const size = feature.reduce((a, b) => a * b, 1);
    const rows = concat([value.reshape([this.positions.length, size]), zeros([1, size], { dtype })], 0);
    const index = tensor(this.index, { dtype: "i32", shape: [promptLengths.length, length] });
    return embedding(rows, index).reshape([promptLengths.length, length, ...feature]);
  }

  /** `[prompts, length, 1, …]`, true where the edit applies. */
  mask(rank: number): Tensor {
    const { length, promptLengths } = this.batch;
    const shape = [promptLengths.length, length, ...new Array(rank - 2).fill(1)];
    const covered = Array.from(this.index, (entry) => (entry < this.positions.length ? 1 : 0));
    return tensor(covered, { dtype: "bool", shape });
  }
}

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

function neverFires(key: string, why: string): ArgumentError {
  return new ArgumentError("interventions", `"${key}" would never fire: ${why}`);
}
