// A block of attention scores, one row for each key and one lane for each query: maxima and sums need no shuffling, and
// rows are padded to whole vectors. What padding lanes hold is never read by a product.
import * as math from "./math";
import { madd, splat } from "./simd";

/** Lanes of a row for this many queries. */
// @ts-ignore: decorator
@inline
export function paddedRow(queries: i32): i32 {
  return (queries + 3) & ~3;
}

/** The lanes that see the key `ahead` of those that the first lane sees: each lane sees one more than the last. */
// @ts-ignore: decorator
@inline
function seeing(ahead: i32): v128 {
  return i32x4.gt_s(i32x4(0, 1, 2, 3), i32x4.splat(ahead));
}

/**
 * In place, for four queries: scores become softmax(scale · x) over the keys, of which the first query sees `seen`, the
 * next one more, and so on. `step`: bytes from key to key.
 */
export function weightLanes(x: usize, step: usize, keys: i32, seen: i32, scale: f32): void {
  const factor = splat(scale);
  const lowest = splat(-Infinity);
  const shared = min(max(seen, 0), keys);
  const edge = min(max(seen + 3, 0), keys);
  let top = lowest;
  let p = x;
  for (let j = 0; j < shared; j++) {
    // A NaN lost here comes back in the sum.
    top = f32x4.pmax(f32x4.mul(v128.load(p), factor), top);
    p += step;
  }
  for (let j = shared; j < edge; j++) {
    const s = v128.bitselect(f32x4.mul(v128.load(p), factor), lowest, seeing(j - seen));
    top = f32x4.pmax(s, top);
    p += step;
  }
  // A query that sees nothing, or only −∞, attends to nothing: any finite shift makes its terms 0.
  const none = f32x4.eq(top, lowest);
  top = v128.andnot(top, none);
  let sum = splat(0);
  p = x;
  for (let j = 0; j < shared; j++) {
    const e = math.exp(f32x4.sub(f32x4.mul(v128.load(p), factor), top));
    v128.store(p, e);
    sum = f32x4.add(sum, e);
    p += step;
  }
  for (let j = shared; j < edge; j++) {
    const e = math.exp(f32x4.sub(f32x4.mul(v128.load(p), factor), top));
    const visible = v128.and(e, seeing(j - seen));
    v128.store(p, visible);
    sum = f32x4.add(sum, visible);
    p += step;
  }
  const inverse = f32x4.div(splat(1), v128.bitselect(splat(1), sum, none));
  p = x;
  for (let j = 0; j < edge; j++) {
    v128.store(p, f32x4.mul(v128.load(p), inverse));
    p += step;
  }
  for (let j = edge; j < keys; j++) {
    v128.store(p, splat(0));
    p += step;
  }
}

/** In place on g, for four queries: the gradient of weights p becomes that of scores, scale · p · (g − Σ p·g). */
export function scoreGradientLanes(p: usize, g: usize, step: usize, keys: i32, scale: f32): void {
  const size = <usize>keys * step;
  let dot = splat(0);
  for (let i: usize = 0; i < size; i += step) dot = madd(v128.load(p + i), v128.load(g + i), dot);
  const factor = splat(scale);
  for (let i: usize = 0; i < size; i += step) {
    const slope = f32x4.mul(v128.load(p + i), f32x4.sub(v128.load(g + i), dot));
    v128.store(g + i, f32x4.mul(slope, factor));
  }
}
