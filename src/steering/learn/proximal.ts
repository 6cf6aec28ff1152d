import type { Tensor } from "../../autograd";

/** Proximal step of ℓ1: moves every value towards 0 by `by`, and to exactly 0 within it. */
export function shrink(x: Tensor, by: number): void {
  const data = x.storage.data() as Float32Array;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    data[i] = Math.abs(value) <= by ? 0 : value - Math.sign(value) * by;
  }
}

/** The ℓ1 norm, which `shrink` works against. */
export function norm1(x: Tensor): number {
  return (x.storage.data() as Float32Array).reduce((sum, value) => sum + Math.abs(value), 0);
}

/** The sum of the norms of all locations, which `shrinkGroups` works against. */
export function groupNorms(x: Tensor, locationAxes: number): number {
  const data = x.storage.data() as Float32Array;
  const size = x.shape.slice(locationAxes).reduce((a, b) => a * b, 1);
  let sum = 0;
  for (let at = 0; at < data.length; at += size) sum += Math.hypot(...data.subarray(at, at + size));
  return sum;
}

/** Proximal step of the group lasso: shortens the vector of each location (the leading axes) by `by`. */
export function shrinkGroups(x: Tensor, locationAxes: number, by: number): void {
  if (by === 0) return;
  const data = x.storage.data() as Float32Array;
  const size = x.shape.slice(locationAxes).reduce((a, b) => a * b, 1);
  for (let at = 0; at < data.length; at += size) {
    const group = data.subarray(at, at + size);
    const norm = Math.hypot(...group);
    const factor = norm <= by ? 0 : 1 - by / norm;
    for (let i = 0; i < size; i++) group[i]! *= factor;
  }
}
