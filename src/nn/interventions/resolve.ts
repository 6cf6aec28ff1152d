import { ArgumentError, isTensor, ShapeError, type Tensor } from "../../autograd";
import type { GPTConfig } from "../config";
import { SiteError } from "../errors";
import type { Intervention, Interventions } from "./edits";
import { editKinds, type KindName, type Value, type Values } from "./kinds";
import { featureShape, type Place, type PlaceKey, parsePlace } from "./sites";

/** One edit of one place: the normal form in which the forward pass, baking, files and everything else read a map. */
export interface ResolvedEdit {
  readonly place: Place;
  readonly kind: KindName;
  /** Its parameters here: numbers, or tensors `[positions | 1, …activation]` with axes of size 1 where all share a value. */
  readonly values: Values;
  /** The positions that it is tied to, negative ones from the end of the prompt; undefined: every position. */
  readonly positions: readonly number[] | undefined;
  /** Whether the map lists the positions, or they are those of a tensor's axis. */
  readonly areListed: boolean;
  readonly flags: Readonly<Record<string, boolean>>;
  /** Where it stands in the map: its key, for errors, and its number in the list there. */
  readonly key: string;
  readonly index: number;
}

/**
 * Takes an intervention map apart into edits of single places, in the order in which they apply. Tensors stay in the
 * graph: gradients flow through.
 *
 * @throws SiteError for places that do not exist, ShapeError for parameters that do not fit, ArgumentError for what is no
 * intervention and for edits that would never fire; `where` is what they name as the operation.
 */
export function resolveEdits(map: Interventions, config: GPTConfig, where = "interventions"): ResolvedEdit[] {
  return Object.entries(map).flatMap(([key, value]) => {
    const at = parsePlace(key, config, where);
    return ([value].flat() as Intervention[]).flatMap((edit, index) => {
      checkKind(where, key, edit);
      return editsOf(where, key, index, edit, at, config);
    });
  });
}

function editsOf(
  where: string,
  key: string,
  index: number,
  edit: Intervention,
  at: PlaceKey,
  config: GPTConfig,
): ResolvedEdit[] {
  const { kind } = edit;
  const { parameters, sharesPositions, flags: defaults = {} } = editKinds[kind];
  const layers = layersOf(where, key, edit, at, config);
  const listed = positionsOf(where, key, edit);
  const given = edit as unknown as Readonly<Record<string, never>>;
  const forms = { at, layers, listed, isTied: edit.positions !== "all" && !sharesPositions };
  const feature = featureShape(at.site, config);
  let positions = listed;
  const laidOut = Object.entries(parameters).map(([name, axesOf]) => {
    const result = layOut(where, `${key}.${name}`, given[name], axesOf(feature), feature.length, forms);
    // Listed positions need no axis; an axis needs no list.
    if (result.count !== undefined) positions ??= Array.from({ length: result.count }, (_, i) => i);
    return [name, result.atLayer] as const;
  });
  if (positions?.length === 0) throw neverFires(where, key, "its list of positions is empty");
  const flags = Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, given[name] ?? value]));
  return layers.map((layer, l) => {
    const values = Object.fromEntries(laidOut.map(([name, atLayer]) => [name, atLayer(l)]));
    const areListed = listed !== undefined;
    return { place: { site: at.site, layer }, kind, values, positions, areListed, flags, key, index };
  });
}

/** Which leading axes a parameter may have. */
interface Leading {
  readonly at: PlaceKey;
  readonly layers: readonly number[];
  readonly listed: readonly number[] | undefined;
  readonly isTied: boolean;
}

/**
 * A parameter at each layer, `[positions | 1, …activation]`, and how many positions its axis counts, if it has one.
 * `axes`: what it may have beyond layers and positions.
 */
function layOut(
  where: string,
  name: string,
  value: Value | undefined,
  axes: readonly (readonly number[])[],
  rank: number,
  { at, layers, listed, isTied }: Leading,
): { atLayer: (index: number) => Value; count?: number } {
  if (typeof value === "number" && Number.isFinite(value)) return { atLayer: () => value };
  if (!isTensor(value)) {
    const got = typeof value === "number" || value === undefined ? String(value) : typeof value;
    throw new ArgumentError(where, `${name} is ${got}, not a finite number or a tensor`);
  }
  const byLayer = at.layer === undefined ? [layers.length] : [];
  const count = listed?.length ?? "positions";
  // Where an axis could count heads as well as positions, it counts positions: to say otherwise there is "all".
  const isAmbiguous = (own: readonly number[]) => isTied && axes.some((other) => other.length + 1 === own.length);
  const forms = axes.flatMap((own) => [
    ...(isTied ? [{ own, isTied, shape: [...byLayer, count, ...own] }] : []),
    ...(isAmbiguous(own) ? [] : [{ own, isTied: false, shape: [...byLayer, ...own] }]),
  ]);
  const { shape } = value;
  const form = forms.find(
    (known) => known.shape.length === shape.length && known.shape.every((n, i) => n === "positions" || n === shape[i]),
  );
  if (form === undefined) {
    throw new ShapeError(where, `${name} has the wrong shape`, {
      details: { got: shape, valid: forms.map((known) => `[${known.shape.join(", ")}]`).join(" or ") },
    });
  }
  const positions = form.isTied ? shape[byLayer.length]! : 1;
  const shared = new Array<number>(rank - form.own.length).fill(1);
  const all = value.reshape([...byLayer, positions, ...form.own, ...shared]);
  const atLayer = (i: number): Tensor => (byLayer.length > 0 ? all.slice([[i, i + 1]]).squeeze(0) : all);
  return { atLayer, ...(form.isTied && { count: positions }) };
}

function layersOf(where: string, key: string, edit: Intervention, at: PlaceKey, { n_layers }: GPTConfig) {
  if (at.layer !== undefined) {
    if (edit.layers === undefined) return [at.layer];
    throw new ArgumentError(where, `"${key}" names one block, so layers has no meaning`, {
      hint: `Leave layers out, or use the key "${at.site}".`,
    });
  }
  const layers = [edit.layers ?? Array.from({ length: n_layers }, (_, layer) => layer)].flat();
  if (layers.length === 0) throw neverFires(where, key, "its list of layers is empty");
  const wrong = layers.find((layer) => !Number.isInteger(layer) || layer < 0 || layer >= n_layers);
  if (wrong === undefined) return layers;
  throw new SiteError(where, `"${key}": no block ${wrong}`, { hint: `This model has blocks 0-${n_layers - 1}.` });
}

function positionsOf(where: string, key: string, { positions }: Intervention): readonly number[] | undefined {
  if (positions === undefined || positions === "all") return undefined;
  const listed = [positions].flat();
  const wrong = listed.find((position) => !Number.isInteger(position));
  if (wrong === undefined) return listed;
  throw new ArgumentError(where, `"${key}": position ${wrong} is not an integer`);
}

/** Refuses what no intervention function made. */
function checkKind(where: string, key: string, edit: Intervention | undefined): void {
  if (edit !== null && typeof edit === "object" && Object.hasOwn(editKinds, edit.kind)) return;
  throw new ArgumentError(where, `"${key}" holds no intervention`, {
    hint: `Make one with ${Object.keys(editKinds).join("(), ")}().`,
  });
}

/** The error for an edit that edits nothing, which is a mistake and not a no-op. */
export function neverFires(where: string, key: string, why: string): ArgumentError {
  return new ArgumentError(where, `"${key}" would never fire: ${why}`);
}
