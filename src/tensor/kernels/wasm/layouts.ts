import { type Shape, sizeOf } from "../../layout";
import type { Tensor } from "../../tensor";

/** Sizes and strides of the axes found so far; reused by every call. */
const sizes: number[] = [];
const strides: number[][] = [];
/** Of operands without gaps, by their number: one axis of stride 1. */
const plain = [0, 1, 2, 3, 4].map((count) => ({ rank: 1, meta: [0, ...new Array<number>(count).fill(1)] }));

/**
 * The axes of an elementwise kernel with neighbours merged where every operand allows it, so that inner loops are
 * long; as the kernels want it: shape, then the strides of each operand. Valid until the next call.
 */
export function collapse(
  shape: Shape,
  operands: readonly Tensor[],
): { rank: number; readonly meta: readonly number[] } {
  const count = operands.length;
  if (allContiguous(operands)) {
    const whole = plain[count]!;
    whole.meta[0] = operands[0]!.size;
    return whole;
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
  const meta = sizes.slice(0, rank);
  for (let i = 0; i < count; i++) for (let axis = 0; axis < rank; axis++) meta.push(strides[axis]![i]!);
  return { rank, meta };
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

/** `[outer, n, count, inner]` of x and an index along one axis; `undefined` when they differ on another axis. */
export function alongAxis(x: Tensor, index: Tensor, axis: number): [number, number, number, number] | undefined {
  if (index.shape.some((n, i) => i !== axis && n !== x.shape[i])) return undefined;
  const [outer, inner] = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis + 1))];
  return [outer, x.shape[axis]!, index.shape[axis]!, inner];
}

/** Sizes and strides of attention, in the order of `AttentionSizes` in `assembly/attention.ts`. */
export function attentionSizes(q: Tensor, k: Tensor, v: Tensor, out: Tensor): number[] {
  const [, queries, heads, size] = q.shape as [number, number, number, number];
  const strides = [q, k, v, out].flatMap((x) => x.layout.strides.slice(0, 3));
  return [queries, k.shape[1]!, heads, k.shape[2]!, size, ...strides];
}
