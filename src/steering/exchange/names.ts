import { placeName, type Site, sites, type TensorToStore } from "../../nn";
import type { PlacedEdit, Values } from "./placed";

/**
 * How arrays are called in `.npz` and safetensors maps: the TransformerLens name of the place, for a further edit of
 * the same place its number (`#2`), and what the array is (nothing for a vector to add).
 */
export const parts = [
  "",
  ".scale",
  ".head_scale",
  ".replace",
  ".project",
  ".dynamic.g",
  ".dynamic.b",
  ".dynamic.normalize",
  ".positions",
] as const;
export type Part = (typeof parts)[number];

/** The name that TransformerLens gives a place: `blocks.3.hook_mlp_out`, `blocks.3.attn.hook_z`. */
export function hookName(site: Site, layer: number): string {
  return placeName(site, layer).replace(/[^.]+$/, site === "z" ? "attn.hook_z" : `hook_${site}`);
}

/** The arrays of an intervention map by name, in the order of the forward pass. */
export function nameEdits(edits: readonly PlacedEdit[]): [name: string, array: TensorToStore][] {
  const counts = new Map<string, number>();
  const sorted = edits.toSorted((a, b) => a.layer - b.layer || sites.indexOf(a.site) - sites.indexOf(b.site));
  return sorted.flatMap((edit) => {
    const place = hookName(edit.site, edit.layer);
    const number = (counts.get(place) ?? 0) + 1;
    counts.set(place, number);
    const name = number === 1 ? place : `${place}#${number}`;
    return arraysOf(edit).map(([part, array]): [string, TensorToStore] => [name + part, array]);
  });
}

function arraysOf(edit: PlacedEdit): [Part, TensorToStore][] {
  const { kind, site, parameters, positions } = edit;
  const arrays: [Part, TensorToStore][] = Object.entries(parameters).map(([name, values]) => {
    return [partOf(kind, name, site, values), { dtype: "F32", shape: values.shape, data: values.data }];
  });
  if (kind === "dynamic") arrays.push([".dynamic.normalize", integers([edit.normalize ? 1 : 0], [])]);
  if (positions !== undefined) arrays.push([".positions", integers(positions, [positions.length])]);
  return arrays;
}

function partOf(kind: PlacedEdit["kind"], name: string, site: Site, { shape, byPosition }: Values): Part {
  switch (kind) {
    case "add":
      return "";
    case "scale":
      return site === "z" && shape.length === 1 && !byPosition ? ".head_scale" : ".scale";
    case "dynamic":
      return name === "g" ? ".dynamic.g" : ".dynamic.b";
    default:
      return `.${kind}`;
  }
}

function integers(values: readonly number[], shape: readonly number[]): TensorToStore {
  return { dtype: "I32", shape, data: Int32Array.from(values) };
}
