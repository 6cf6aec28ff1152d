import { add as plus, type Tensor, transpose, zeros } from "../../autograd";
import { applyKind, applyLinear, editKinds } from "../../nn/interventions/kinds";
import type { ResolvedEdit } from "../../nn/interventions/resolve";
import { featureAxes } from "../../nn/interventions/sites";

/** An output projection: `y = x · rows + bias`. */
export interface Projection {
  /** `[in, out]` */
  readonly rows: Tensor;
  /** `[out]` */
  readonly bias: Tensor | undefined;
}

/** Applies an edit that is tied to no position to each row of `h [rows, …activation]`. */
export function editRows(edit: ResolvedEdit, h: Tensor, beta: number): Tensor {
  return applyKind(edit.kind, h, edit.values, settingOf(edit, beta));
}

/** The part `A` of an edit `h → A·h + c` alone. */
function linearPart(edit: ResolvedEdit, h: Tensor, beta: number): Tensor {
  return applyLinear(edit.kind, h, edit.values, settingOf(edit, beta));
}

const settingOf = ({ place, flags }: ResolvedEdit, beta: number) => ({ beta, axes: featureAxes(place.site), flags });

/** Whether an edit has a part `c` that is added, for which there must be a bias. */
export function addsConstant({ kind }: ResolvedEdit): boolean {
  return editKinds[kind].constant !== undefined;
}

/** The projection that gives what an edit makes of its output. */
export function withOutputEdited(edit: ResolvedEdit, { rows, bias }: Projection, beta: number): Projection {
  return {
    rows: linearPart(edit, rows, beta),
    bias: bias && editRows(edit, bias.unsqueeze(0), beta).squeeze(0),
  };
}

/**
 * The projection that gives the same for `x` as the old one for what an edit makes of `x [heads, d_head]`. The maps `A` of
 * all kinds are symmetric, so that they act on the columns of the projection as on an activation.
 */
export function withInputEdited(
  edit: ResolvedEdit,
  { rows, bias }: Projection,
  beta: number,
  feature: readonly [heads: number, d_head: number],
): Projection {
  const [input, output] = rows.shape as [number, number];
  const columns = transpose(rows).reshape([output, ...feature]);
  const edited = transpose(linearPart(edit, columns, beta).reshape([output, input]));
  if (bias === undefined || !addsConstant(edit)) return { rows: edited, bias };
  const constant = editRows(edit, zeros([1, ...feature], { dtype: rows.dtype }), beta);
  return { rows: edited, bias: plus(bias, constant.reshape([1, input]).matmul(rows).squeeze(0)) };
}
