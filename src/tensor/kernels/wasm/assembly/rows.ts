// Sums and extremes over one contiguous row, shared by the row-wise kernels.
import * as math from "./math";
import { first, gatherSome, keepSome, loadSome, madd, splat, sumLanes } from "./simd";

/** Vectors per partial sum: short partial sums keep rounding errors small on long rows. */
export const CHUNK: i32 = 64;

/** Terms of a row sum; p and q are parameters that are the same for all lanes. */
export class Value { @inline of(x: v128, _p: v128, _q: v128): v128 { return x; } }
export class Deviation { @inline of(x: v128, p: v128, _q: v128): v128 { return f32x4.sub(x, p); } }
export class ExpDeviation { @inline of(x: v128, p: v128, _q: v128): v128 { return math.exp(f32x4.sub(x, p)); } }
export class Square { @inline of(x: v128, _p: v128, _q: v128): v128 { return f32x4.mul(x, x); } }
export class SquaredDeviation {
  @inline of(x: v128, p: v128, q: v128): v128 {
    const d = f32x4.sub(f32x4.sub(x, p), q);
    return f32x4.mul(d, d);
  }
}

/** Σ F(x, p, q) over n elements. */
export function rowSum<F>(x: usize, n: i32, p: f32, q: f32): f32 {
  const f = changetype<F>(0);
  const vp = splat(p);
  const vq = splat(q);
  let total = splat(0);
  let vectors = n >> 2;
  while (vectors > 0) {
    const chunk = min(vectors, CHUNK);
    let even = splat(0);
    let odd = splat(0);
    let i = chunk;
    for (; i >= 2; i -= 2) {
      even = f32x4.add(even, f.of(v128.load(x), vp, vq));
      odd = f32x4.add(odd, f.of(v128.load(x, 16), vp, vq));
      x += 32;
    }
    if (i > 0) {
      even = f32x4.add(even, f.of(v128.load(x), vp, vq));
      x += 16;
    }
    total = f32x4.add(total, f32x4.add(even, odd));
    vectors -= chunk;
  }
  const left = n & 3;
  if (left > 0) total = f32x4.add(total, keepSome(f.of(loadSome(x, left), vp, vq), left));
  return sumLanes(total);
}

/** Σ x·y over n elements. */
export function rowDot(x: usize, y: usize, n: i32): f32 {
  let even = splat(0);
  let odd = splat(0);
  let left = n;
  for (; left >= 8; left -= 8) {
    even = madd(v128.load(x), v128.load(y), even);
    odd = madd(v128.load(x, 16), v128.load(y, 16), odd);
    x += 32;
    y += 32;
  }
  if (left >= 4) {
    even = madd(v128.load(x), v128.load(y), even);
    x += 16;
    y += 16;
    left -= 4;
  }
  if (left > 0) odd = madd(loadSome(x, left), loadSome(y, left), odd);
  return sumLanes(f32x4.add(even, odd));
}

/** The largest element; −∞ for an empty row, NaN if there is one. */
export function rowMax(x: usize, n: i32): f32 {
  const lowest = splat(-Infinity);
  let a = lowest;
  let b = lowest;
  let left = n;
  for (; left >= 8; left -= 8) {
    a = f32x4.max(a, v128.load(x));
    b = f32x4.max(b, v128.load(x, 16));
    x += 32;
  }
  if (left >= 4) {
    a = f32x4.max(a, v128.load(x));
    x += 16;
    left -= 4;
  }
  if (left > 0) b = f32x4.max(b, gatherSome(x, 1, left, lowest));
  a = f32x4.max(a, b);
  a = f32x4.max(a, f32x4.shuffle(a, a, 2, 3, 0, 1));
  return first(f32x4.max(a, f32x4.shuffle(a, a, 1, 0, 3, 2)));
}

export function clearRow(p: usize, n: i32): void {
  memory.fill(p, 0, n << 2);
}

/** out += s·x over n elements. */
// @ts-ignore: decorator
@inline
export function addScaled(n: i32, s: f32, x: usize, out: usize): void {
  const scale = splat(s);
  let left = n;
  for (; left >= 4; left -= 4) {
    v128.store(out, madd(scale, v128.load(x), v128.load(out)));
    x += 16;
    out += 16;
  }
  for (; left > 0; left--) {
    store<f32>(out, load<f32>(out) + s * load<f32>(x));
    x += 4;
    out += 4;
  }
}
