import { ArgumentError, isTensor, ShapeError, type Tensor } from "../../autograd";
import { type GPTConfig, type Intervention, type Interventions, parsePlace, type Site, SiteError } from "../../nn";
import { featureOf } from "../learn/kinds";

/** The values of one parameter at one place, in float32: `[positions?, …feature]`, or no axes for a number. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float32Array;
  /** The first axis counts positions. */
  readonly byPosition: boolean;
}

/** One edit at one place: what all the formats are made of. An ablation is a scaling by −1. */
export interface PlacedEdit {
  readonly site: Site;
  readonly layer: number;
  readonly kind: Exclude<Intervention["kind"], "ablate">;
  readonly parameters: Readonly<Record<string, Values>>;
  /** Positions by name; without them those of the position axis, or all of them. */
  readonly positions?: readonly number[];
  /** Only of `dynamic`. */
  readonly normalize?: boolean;
  /** The key of the map that it comes from, and what it is called there, for errors. */
  readonly from: { readonly key: string; readonly kind: Intervention["kind"] };
}

/**
 * Takes an intervention map apart into edits of single places, in the order in which they apply, with β multiplied in.
 *
 * @throws SiteError, ShapeError or ArgumentError naming the key, as `forward` does.
 */
export function placeEdits(map: Interventions, config: GPTConfig, beta: number): PlacedEdit[] {
  if (!Number.isFinite(beta)) throw new ArgumentError("export", `beta is ${beta}`, { hint: "Use a finite number." });
  return Object.entries(map).flatMap(([key, value]) => {
    const { site, layer } = parsePlace(key, config, "export");
    const list = (Array.isArray(value) ? value : [value]) as Intervention[];
    return list.flatMap((edit) => {
      const given = Object.entries(parametersOf(key, edit));
      const layers = layersOf(key, edit, layer, config);
      const named = layer === undefined ? layers.length : undefined;
      const split = given.map(([name, x]) => {
        return [name, splitLayers(key, name, x, shapesOf(name, edit, site, config), named)] as const;
      });
      return layers.flatMap((at, index) => {
        const parameters = Object.fromEntries(split.map(([name, parts]) => [name, parts[named ? index : 0]!]));
        const positions = positionsOf(key, edit);
        const kind = edit.kind === "ablate" ? "scale" : edit.kind;
        const normalize = edit.kind === "dynamic" ? { normalize: edit.normalize } : {};
        const from = { key, kind: edit.kind };
        return dial({ site, layer: at, kind, parameters, ...(positions && { positions }), ...normalize, from }, beta);
      });
    });
  });
}

/** The edits that do at β = 1 what `edit` does at β. */
function dial(edit: PlacedEdit, beta: number): PlacedEdit[] {
  if (beta === 1) return [edit];
  const times = (values: Values): Values => {
    const data = values.data.map((x) => x * beta);
    if (data.every(Number.isFinite)) return { ...values, data };
    throw new ArgumentError("export", `"${edit.from.key}" at beta ${beta} is too large for float32`);
  };
  switch (edit.kind) {
    case "scale":
    case "add":
    case "dynamic": {
      const dialled = Object.entries(edit.parameters).map(([name, values]) => [name, times(values)]);
      return [{ ...edit, parameters: Object.fromEntries(dialled) }];
    }
    case "replace": {
      // h + β·(value − h) = (1 − β)·h + β·value
      const { value } = edit.parameters as { value: Values };
      const axis = value.byPosition ? { positions: Array.from({ length: value.shape[0]! }, (_, i) => i) } : {};
      const alpha = { shape: [], data: Float32Array.of(-beta), byPosition: false };
      return [
        { ...axis, ...edit, kind: "scale", parameters: { alpha } },
        { ...edit, kind: "add", parameters: { v: times(value) } },
      ];
    }
    case "project":
      throw new ArgumentError("export", `"${edit.from.key}" projects, which no file can hold at beta ${beta}`, {
        hint: "Export at beta 1, and dial where it is used.",
      });
  }
}

function layersOf(key: string, edit: Intervention, layer: number | undefined, { n_layers }: GPTConfig) {
  if (layer !== undefined) {
    if (edit.layers === undefined) return [layer];
    throw new ArgumentError("export", `"${key}" names one block, so layers has no meaning`);
  }
  const layers = edit.layers ?? Array.from({ length: n_layers }, (_, l) => l);
  if (layers.length === 0) throw new ArgumentError("export", `"${key}" would never fire: its list of layers is empty`);
  const wrong = layers.find((l) => !Number.isInteger(l) || l < 0 || l >= n_layers);
  if (wrong === undefined) return layers;
  throw new SiteError("export", `"${key}": no block ${wrong}`, { hint: `This model has blocks 0-${n_layers - 1}.` });
}

function positionsOf(key: string, { positions }: Intervention): readonly number[] | undefined {
  if (positions === undefined || positions === "all") return undefined;
  if (positions.length === 0) {
    throw new ArgumentError("export", `"${key}" would never fire: its list of positions is empty`);
  }
  const wrong = positions.find((position) => !Number.isInteger(position));
  if (wrong !== undefined) throw new ArgumentError("export", `"${key}": position ${wrong} is not an integer`);
  return positions;
}

function parametersOf(key: string, edit: Intervention): Record<string, Tensor | number> {
  switch (edit?.kind) {
    case "scale":
      return { alpha: edit.alpha };
    case "add":
      return { v: edit.v };
    case "dynamic":
      return { g: edit.g, b: edit.b };
    case "replace":
      return { value: edit.value };
    case "ablate":
      return { alpha: -1 };
    case "project":
      return { direction: edit.direction };
    default:
      throw new ArgumentError("export", `"${key}" holds no intervention`);
  }
}

/** A shape that a parameter may have at one place; -1 stands for any number of positions. */
interface Shape {
  readonly axes: readonly number[];
  readonly byPosition: boolean;
}

function shapesOf(name: string, edit: Intervention, site: Site, config: GPTConfig): Shape[] {
  const count = Array.isArray(edit.positions) ? edit.positions.length : -1;
  const mayHavePositions = edit.positions !== "all" && edit.kind !== "dynamic";
  const feature = name === "alpha" || name === "b" ? [] : featureOf(site, config);
  const shapes: Shape[] = [{ axes: feature, byPosition: false }];
  const isScaleOfHeads = name === "alpha" && site === "z";
  // At z a scalar for each head, where it cannot be taken for one for each position.
  if (isScaleOfHeads && !mayHavePositions) shapes.push({ axes: [config.n_heads], byPosition: false });
  if (mayHavePositions) shapes.push({ axes: [count, ...feature], byPosition: true });
  if (isScaleOfHeads && mayHavePositions) shapes.push({ axes: [count, config.n_heads], byPosition: true });
  return shapes;
}

/** The part of a parameter at each of `layers` blocks, or the whole where the key names a block (no `layers`). */
function splitLayers(
  key: string,
  name: string,
  x: Tensor | number,
  shapes: readonly Shape[],
  layers: number | undefined,
): Values[] {
  const copies = layers ?? 1;
  const whole = isTensor(x) ? Float32Array.from(x.toTypedArray()) : Float32Array.of(x);
  if (!whole.every(Number.isFinite)) {
    throw new ArgumentError("export", `"${key}": ${name} is not made of finite numbers`);
  }
  if (!isTensor(x)) return Array.from({ length: copies }, () => ({ shape: [], data: whole, byPosition: false }));
  const shape = layers === undefined ? x.shape : x.shape.slice(1);
  const fitting = shapes.find(
    ({ axes }) => axes.length === shape.length && axes.every((n, i) => n < 0 || n === shape[i]),
  );
  if (fitting === undefined || (layers !== undefined && x.shape[0] !== layers)) {
    const leading = layers === undefined ? [] : [layers];
    const valid = shapes.map(
      ({ axes }) => `[${[...leading, ...axes.map((n) => (n < 0 ? "positions" : n))].join(", ")}]`,
    );
    throw new ShapeError("export", `"${key}": ${name} has the wrong shape`, {
      details: { got: x.shape, valid: valid.join(" or ") },
    });
  }
  const { byPosition } = fitting;
  const size = whole.length / copies;
  return Array.from({ length: copies }, (_, l) => ({ shape, data: whole.slice(l * size, (l + 1) * size), byPosition }));
}
