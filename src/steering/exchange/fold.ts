import { add as plus, type Tensor, transpose, zeros } from "../../autograd";
import { applyEdit, type Intervention } from "../../nn/interventions/edits";
import { fitTo } from "../../nn/interventions/plan-shapes";
import { featureAxes, type ResolvedEdit } from "../../nn/interventions/resolve";

/** An output projection: `y = x · rows + bias`. */
export interface Projection {
  /** `[in, out]` */
  rows: Tensor;
  /** `[out]` */
  bias: Tensor | undefined;
}

/** Applies an edit that is tied to no position to each row of `h [rows, …activation]`. */
export function editRows({ site, edit, values }: ResolvedEdit, h: Tensor, beta: number): Tensor {
  const parameters = Object.entries(values).map(([name, { value }]) => {
    return [name, typeof value === "number" ? value : fitTo(h.rank - 1, value, false)] as const;
  });
  return applyEdit(edit, h, Object.fromEntries(parameters), beta, featureAxes(site, edit));
}

/**
 * All kinds but `dynamic` are maps `h → A·h + c`. This is `A`: `add` has none, `replace` keeps the share of `h` that
 * `ablate` keeps.
 */
function linearPart(resolved: ResolvedEdit, h: Tensor, beta: number): Tensor {
  if (resolved.edit.kind === "add") return h;
  const edit: Intervention = resolved.edit.kind === "replace" ? { kind: "ablate" } : resolved.edit;
  return editRows({ ...resolved, edit }, h, beta);
}

/** Whether an edit has a part `c` that is added, for which there must be a bias. */
export function addsConstant({ edit }: ResolvedEdit): boolean {
  return edit.kind === "add" || edit.kind === "replace";
}

/** Folds an edit of what a projection gives into it. */
export function foldAfter(resolved: ResolvedEdit, { rows, bias }: Projection, beta: number): Projection {
  return {
    rows: linearPart(resolved, rows, beta),
    bias: bias && editRows(resolved, bias.unsqueeze(0), beta).squeeze(0),
  };
}

/**
 * Folds an edit of what a projection reads, `[heads, d_head]`, into it. The maps `A` of all kinds are symmetric, so that
 * they act on the columns of the projection as on an activation.
 */
export function foldBefore(
  resolved: ResolvedEdit,
  { rows, bias }: Projection,
  beta: number,
  feature: readonly [heads: number, d_head: number],
): Projection {
  const [input, output] = rows.shape as [number, number];
  const columns = transpose(rows).reshape([output, ...feature]);
  const edited = transpose(linearPart(resolved, columns, beta).reshape([output, input]));
  if (bias === undefined || !addsConstant(resolved)) return { rows: edited, bias };
  const constant = editRows(resolved, zeros([1, ...feature], { dtype: rows.dtype }), beta);
  return { rows: edited, bias: plus(bias, constant.reshape([1, input]).matmul(rows).squeeze(0)) };
}
