import type { Tensor } from "../autograd";

/** Proximal step of ℓ1: moves every value towards 0 by `by`, and to exactly 0 within it. */
export function shrink(x: Tensor, by: number): void {
  const data = x.storage.data() as Float32Array;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    data[i] = Math.abs(value) <= by ? 0 : value - Math.sign(value) * by;
  }
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
