import type { Shape } from "../../layout";
import type { Tensor } from "../../tensor";

/**
 * The axes of an elementwise kernel with neighbours merged where every operand allows it, so that inner loops are
 * long; as the kernels want it: shape, then the strides of each operand.
 */
export function collapse(shape: Shape, operands: readonly Tensor[]): { rank: number; meta: readonly number[] } {
  const size = operands[0]!.size;
  if (operands.every((x) => x.layout.isContiguous)) {
    return { rank: 1, meta: [size, ...operands.map(() => 1)] };
  }
  const axes: { n: number; strides: number[] }[] = [];
  for (let axis = 0; axis < shape.length; axis++) {
    const n = shape[axis]!;
    if (n === 1) continue;
    const strides = operands.map((x) => x.layout.strides[axis]!);
    const outer = axes.at(-1);
    if (outer !== undefined && strides.every((stride, i) => outer.strides[i] === stride * n)) {
      outer.n *= n;
      outer.strides = strides;
    } else axes.push({ n, strides });
  }
  const meta = axes.map(({ n }) => n);
  operands.forEach((_, i) => {
    for (const { strides } of axes) meta.push(strides[i]!);
  });
  return { rank: axes.length, meta };
}

/** Number of rows along the last axis. */
export function rows(x: Tensor): number {
  return x.size === 0 ? 0 : x.size / x.shape[x.rank - 1]!;
}

/** Bytes from one matrix of a batch to the next. */
export function batchStep(x: Tensor): number {
  return 4 * x.layout.strides[0]!;
}

/** Sizes and strides of attention, in the order of `AttentionSizes` in `assembly/attention.ts`. */
export function attentionSizes(q: Tensor, k: Tensor, v: Tensor, out: Tensor): number[] {
  const [, queries, heads, size] = q.shape as [number, number, number, number];
  const strides = [q, k, v, out].flatMap((x) => x.layout.strides.slice(0, 3));
  return [queries, k.shape[1]!, heads, k.shape[2]!, size, ...strides];
}
