import { ArgumentError, tensor } from "../../autograd";
import type { GPTConfig, Interventions } from "../../nn";
import { editKinds, type KindName, type Value } from "../../nn/interventions/kinds";
import { type ResolvedEdit, resolveEdits } from "../../nn/interventions/resolve";

/** An edit for a file: what it does at β = 1, in float32. */
export interface FoldedEdit extends ResolvedEdit {
  /** What it is in the map, for errors. */
  readonly source: KindName;
}

/**
 * Takes an intervention map apart into edits of single places, in the order in which they apply, with β multiplied in. An
 * ablation becomes a scaling by −1.
 *
 * @throws SiteError, ShapeError or ArgumentError naming the key, as `forward` does, and ArgumentError for values that are
 * not finite and for what no edit does at another β.
 */
export function foldBeta(map: Interventions, config: GPTConfig, beta: number): FoldedEdit[] {
  if (!Number.isFinite(beta)) throw new ArgumentError("export", `beta is ${beta}`, { hint: "Use a finite number." });
  return resolveEdits(map, config, "export").flatMap((edit) => {
    const values = Object.fromEntries(Object.entries(edit.values).map(([name, x]) => [name, inFloat32(edit, name, x)]));
    const { kind, key, positions } = edit;
    if (beta === 1 && kind !== "ablate") return [{ ...edit, values, source: kind }];
    const { foldBeta: fold } = editKinds[kind];
    if (fold === undefined) {
      throw new ArgumentError("export", `"${key}" projects, which no file can hold at beta ${beta}`, {
        hint: "Export at beta 1, and dial where it is used.",
      });
    }
    return fold(values, (x) => times(key, x, beta)).map(([folded, parameters]) => {
      // Parameters without an axis of positions need the list of those that they stood beside.
      const isOwn = folded === kind || positions === undefined || hasAxis(parameters, positions.length);
      const areListed = edit.areListed || !isOwn;
      return { ...edit, kind: folded, values: parameters, areListed, source: kind };
    });
  });
}

function hasAxis(values: Readonly<Record<string, Value>>, positions: number): boolean {
  return Object.values(values).some((x) => typeof x !== "number" && x.shape[0] === positions);
}

function inFloat32({ key }: ResolvedEdit, name: string, x: Value): Value {
  const values = typeof x === "number" ? Float32Array.of(x) : Float32Array.from(x.toTypedArray());
  if (!values.every(Number.isFinite)) {
    throw new ArgumentError("export", `"${key}": ${name} is not made of finite numbers`);
  }
  return typeof x === "number" ? values[0]! : tensor(values, { shape: x.shape });
}

function times(key: string, x: Value, beta: number): Value {
  const values = (typeof x === "number" ? Float32Array.of(x) : (x.toTypedArray() as Float32Array)).map((v) => v * beta);
  if (values.every(Number.isFinite)) return typeof x === "number" ? values[0]! : tensor(values, { shape: x.shape });
  throw new ArgumentError("export", `"${key}" at beta ${beta} is too large for float32`);
}
