import type { Shape } from "../../layout";
import type { Tensor } from "../../tensor";

/** Sizes and strides of the axes that `collapse` found; reused by every call. */
const sizes: number[] = [];
const strides: number[][] = [];
const result = { rank: 0, meta: [] as number[] };

/**
 * The axes of an elementwise kernel with neighbours merged where every operand allows it, so that inner loops are
 * long; as the kernels want it: shape, then the strides of each operand. Valid until the next call.
 */
export function collapse(shape: Shape, operands: readonly Tensor[]): { rank: number; readonly meta: readonly number[] } {
  const { meta } = result;
  const count = operands.length;
  meta.length = 0;
  if (allContiguous(operands)) {
    meta.push(operands[0]!.size);
    for (let i = 0; i < count; i++) meta.push(1);
    result.rank = 1;
    return result;
  }
  let rank = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    const n = shape[axis]!;
    if (n === 1) continue;
    if (rank > 0 && continues(operands, axis, n, strides[rank - 1]!)) sizes[rank - 1]! *= n;
    else {
      sizes[rank] = n;
      strides[rank] ??= [];
      rank++;
    }
    const own = strides[rank - 1]!;
    for (let i = 0; i < count; i++) own[i] = operands[i]!.layout.strides[axis]!;
  }
  for (let axis = 0; axis < rank; axis++) meta.push(sizes[axis]!);
  for (let i = 0; i < count; i++) for (let axis = 0; axis < rank; axis++) meta.push(strides[axis]![i]!);
  result.rank = rank;
  return result;
}

function allContiguous(operands: readonly Tensor[]): boolean {
  for (let i = 0; i < operands.length; i++) if (!operands[i]!.layout.isContiguous) return false;
  return true;
}

/** True when in every operand the axis lies within the one outside of it, as if the two were one. */
function continues(operands: readonly Tensor[], axis: number, n: number, outer: readonly number[]): boolean {
  for (let i = 0; i < operands.length; i++) if (outer[i] !== operands[i]!.layout.strides[axis]! * n) return false;
  return true;
}

/** Number of rows along the last axis. */
export function rows(x: Tensor): number {
  return x.size === 0 ? 0 : x.size / x.shape[x.rank - 1]!;
}

/** Bytes from one matrix of a batch to the next. */
export function batchStep(x: Tensor): number {
  return 4 * x.layout.strides[0]!;
}
