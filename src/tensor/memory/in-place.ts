import { kernelsFor } from "../kernels";
import { profiler } from "../profile";
import { empty, type Tensor } from "../tensor";

/** `sum += x`, in any layout of distinct elements. Not recorded: for gradients that nobody differentiates. */
export function addInto(sum: Tensor, x: Tensor): void {
  const kernels = kernelsFor(sum.dtype);
  if (profiler.isOn) profiler.count([sum, x, sum]);
  if (sum.layout.isContiguous) kernels.binary("add", sum, x, sum);
  else {
    // The kernel wants an output without gaps.
    const total = empty(sum.shape, sum.dtype);
    kernels.binary("add", sum, x, total);
    kernels.copy(total, sum);
  }
}

/** Overwrites `target`, in any layout of distinct elements, with `x` of its shape. Not recorded. */
export function copyInto(target: Tensor, x: Tensor): void {
  if (profiler.isOn) profiler.count([x, target]);
  kernelsFor(x.dtype).copy(x, target);
}
