import { type GPTConfig, hookName, type Intervention, sites, type TensorToStore } from "../../nn";
import { editKinds } from "../../nn/interventions/kinds";
import { featureShape } from "../../nn/interventions/sites";
import type { FoldedEdit } from "./fold-beta";

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

/** The array of each parameter and switch of a kind; an ablation is stored as a scaling by −1. */
const partOf: Readonly<Record<Exclude<Intervention["kind"], "ablate">, Readonly<Record<string, Part>>>> = {
  scale: { alpha: ".scale" },
  add: { v: "" },
  dynamic: { g: ".dynamic.g", b: ".dynamic.b", normalize: ".dynamic.normalize" },
  replace: { value: ".replace" },
  project: { direction: ".project" },
};

/** The arrays of an intervention map by name, in the order of the forward pass. */
export function nameEdits(edits: readonly FoldedEdit[], config: GPTConfig): [name: string, array: TensorToStore][] {
  const counts = new Map<string, number>();
  const timeOf = ({ place }: FoldedEdit) => place.layer * sites.length + sites.indexOf(place.site);
  return edits
    .toSorted((a, b) => timeOf(a) - timeOf(b))
    .flatMap((edit) => {
      const place = hookName(edit.place.site, edit.place.layer);
      const number = (counts.get(place) ?? 0) + 1;
      counts.set(place, number);
      const name = number === 1 ? place : `${place}#${number}`;
      return arraysOf(edit, config).map(([part, array]): [string, TensorToStore] => [name + part, array]);
    });
}

function arraysOf(edit: FoldedEdit, config: GPTConfig): [Part, TensorToStore][] {
  const { kind, values, flags, positions, areListed } = edit;
  const named = partOf[kind as keyof typeof partOf];
  const arrays = Object.entries(values).map(([name, x]): [Part, TensorToStore] => {
    if (typeof x === "number") return [named[name]!, { dtype: "F32", shape: [], data: Float32Array.of(x) }];
    const shape = storedShape(edit, name, x.shape, config);
    // At z a scalar for each head, at all positions.
    const part = kind === "scale" && positions === undefined && shape.length === 1 ? ".head_scale" : named[name]!;
    return [part, { dtype: "F32", shape, data: x.toTypedArray() }];
  });
  for (const [name, flag] of Object.entries(flags)) arrays.push([named[name]!, integers([flag ? 1 : 0], [])]);
  if (areListed) arrays.push([".positions", integers(positions!, [positions!.length])]);
  return arrays;
}

/** `shape [positions | 1, …activation]` without the axes that say nothing. */
function storedShape(edit: FoldedEdit, name: string, shape: readonly number[], config: GPTConfig): readonly number[] {
  const { kind, place, positions, areListed } = edit;
  const [fewest] = editKinds[kind].parameters[name]!(featureShape(place.site, config));
  let own = shape.slice(1);
  while (own.length > fewest!.length && own.at(-1) === 1) own = own.slice(0, -1);
  const hasPositions = shape[0]! > 1 || (positions !== undefined && !areListed);
  return hasPositions ? [shape[0]!, ...own] : own;
}

function integers(values: readonly number[], shape: readonly number[]): TensorToStore {
  return { dtype: "I32", shape, data: Int32Array.from(values) };
}
