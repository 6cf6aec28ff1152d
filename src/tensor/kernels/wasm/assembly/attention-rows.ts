// Rows of a block of attention scores, padded to whole vectors so that no row needs a scalar tail.
import * as math from "./math";
import { first, keepSome, madd, splat, sumLanes } from "./simd";

/** Row stride of a block: scores beyond the last key are never read by a product. */
// @ts-ignore: decorator
@inline
export function paddedRow(keys: i32): i32 {
  return (keys + 3) & ~3;
}

/** The last vector of a row, with lanes that no key stands for at −∞. */
// @ts-ignore: decorator
@inline
function lastScores(x: usize, scale: v128, left: i32): v128 {
  const hidden = i32x4.ge_s(i32x4(0, 1, 2, 3), i32x4.splat(left));
  return v128.bitselect(splat(-Infinity), f32x4.mul(v128.load(x), scale), hidden);
}

/** In place: scores of the first `seen` keys become softmax(scale · x), all others 0. */
export function weightRow(x: usize, seen: i32, width: i32, scale: f32): void {
  const end = x + (width << 2);
  const left = seen & 3;
  const whole = x + ((max(seen, 0) & ~3) << 2);
  const stop = seen <= 0 ? x : left > 0 ? whole + 16 : whole;
  const factor = splat(scale);
  let tops = splat(-Infinity);
  for (let p = x; p < whole; p += 16) {
    const s = f32x4.mul(v128.load(p), factor);
    v128.store(p, s);
    tops = f32x4.max(tops, s);
  }
  if (stop > whole) {
    const s = lastScores(whole, factor, left);
    v128.store(whole, s);
    tops = f32x4.max(tops, s);
  }
  tops = f32x4.max(tops, f32x4.shuffle(tops, tops, 2, 3, 0, 1));
  tops = f32x4.max(tops, f32x4.shuffle(tops, tops, 1, 0, 3, 2));
  let from = stop;
  // A query that sees nothing, or only -∞, attends to nothing.
  if (first(tops) == -Infinity) from = x;
  else {
    let sum = splat(0);
    for (let p = x; p < stop; p += 16) {
      const e = math.exp(f32x4.sub(v128.load(p), tops));
      v128.store(p, e);
      sum = f32x4.add(sum, e);
    }
    const inverse = splat(1 / sumLanes(sum));
    for (let p = x; p < stop; p += 16) v128.store(p, f32x4.mul(v128.load(p), inverse));
  }
  for (; from < end; from += 16) v128.store(from, splat(0));
}

/** In place on g: weights p and their gradient g become scale · p · (g − Σ p·g), the gradient of the scores. */
export function scoreGradientRow(p: usize, g: usize, seen: i32, width: i32, scale: f32): void {
  const left = seen & 3;
  const whole: usize = (max(seen, 0) & ~3) << 2;
  let dot = splat(0);
  for (let i: usize = 0; i < whole; i += 16) dot = madd(v128.load(p + i), v128.load(g + i), dot);
  let end = whole;
  if (seen > 0 && left > 0) {
    // Lanes beyond the last key may hold anything, which 0 · g would not clear.
    const slope = keepSome(v128.load(g + whole), left);
    v128.store(g + whole, slope);
    dot = madd(v128.load(p + whole), slope, dot);
    end += 16;
  }
  const mean = splat(sumLanes(dot));
  const factor = splat(scale);
  for (let i: usize = 0; i < end; i += 16) {
    const slope = f32x4.mul(v128.load(p + i), f32x4.sub(v128.load(g + i), mean));
    v128.store(g + i, f32x4.mul(slope, factor));
  }
  for (const size: usize = width << 2; end < size; end += 16) v128.store(g + end, splat(0));
}
