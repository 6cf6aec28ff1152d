// Sums and extremes over one contiguous row, shared by the row-wise kernels.
import * as math from "./math";
import { first, gatherSome, keepSome, loadSome, madd, splat, sumLanes } from "./simd";

/** Vectors per partial sum: short partial sums keep rounding errors small on long rows. */
export const CHUNK: i32 = 64;

/** Terms of a row sum; p is a parameter that is the same for all lanes. */
export class Value { @inline of(x: v128, _p: v128): v128 { return x; } }
export class ExpDeviation { @inline of(x: v128, p: v128): v128 { return math.exp(f32x4.sub(x, p)); } }

/** Σ F(x, p) over n elements. */
export function rowSum<F>(x: usize, n: i32, p: f32): f32 {
  const f = changetype<F>(0);
  const vp = splat(p);
  let total = splat(0);
  let vectors = n >> 2;
  while (vectors > 0) {
    const chunk = min(vectors, CHUNK);
    let a = splat(0);
    let b = splat(0);
    let c = splat(0);
    let d = splat(0);
    let i = chunk;
    for (; i >= 4; i -= 4) {
      a = f32x4.add(a, f.of(v128.load(x), vp));
      b = f32x4.add(b, f.of(v128.load(x, 16), vp));
      c = f32x4.add(c, f.of(v128.load(x, 32), vp));
      d = f32x4.add(d, f.of(v128.load(x, 48), vp));
      x += 64;
    }
    for (; i > 0; i--) {
      a = f32x4.add(a, f.of(v128.load(x), vp));
      x += 16;
    }
    total = f32x4.add(total, f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
    vectors -= chunk;
  }
  const left = n & 3;
  if (left > 0) total = f32x4.add(total, keepSome(f.of(loadSome(x, left), vp), left));
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
