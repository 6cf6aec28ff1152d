// Reductions over the middle axis of [outer, n, inner].
import { fill } from "./copy";
import { Reduce } from "../../numbers";
import { rowMax } from "./rows";
import { first, gatherSome, loadSome, splat, storeSome } from "./simd";

/** Steps per partial result: short partial sums keep rounding errors small. */
const CHUNK: i32 = 64;

class Sum {
  @inline identity(): f32 { return 0; }
  @inline of(a: v128, b: v128): v128 { return f32x4.add(a, b); }
}
class Max {
  @inline identity(): f32 { return -Infinity; }
  @inline of(a: v128, b: v128): v128 { return f32x4.max(a, b); }
}
class Min {
  @inline identity(): f32 { return Infinity; }
  @inline of(a: v128, b: v128): v128 { return f32x4.min(a, b); }
}

/** One contiguous row of n. */
function alongRow<F>(x: usize, n: i32): f32 {
  const f = changetype<F>(0);
  const empty = splat(f.identity());
  let total = empty;
  let steps = n >> 4;
  while (steps > 0) {
    const chunk = min(steps, CHUNK);
    let a = empty;
    let b = empty;
    let c = empty;
    let d = empty;
    for (let i = 0; i < chunk; i++) {
      a = f.of(a, v128.load(x));
      b = f.of(b, v128.load(x, 16));
      c = f.of(c, v128.load(x, 32));
      d = f.of(d, v128.load(x, 48));
      x += 64;
    }
    total = f.of(total, f.of(f.of(a, b), f.of(c, d)));
    steps -= chunk;
  }
  let left = n & 15;
  for (; left >= 4; left -= 4) {
    total = f.of(total, v128.load(x));
    x += 16;
  }
  if (left > 0) total = f.of(total, gatherSome(x, 1, left, empty));
  total = f.of(total, f32x4.shuffle(total, total, 2, 3, 0, 1));
  return first(f.of(total, f32x4.shuffle(total, total, 1, 0, 3, 2)));
}

// @ts-ignore: decorator
@inline
function fourRows<F>(x: usize, step: usize): v128 {
  const f = changetype<F>(0);
  const ab = f.of(v128.load(x), v128.load(x + step));
  return f.of(ab, f.of(v128.load(x + 2 * step), v128.load(x + 3 * step)));
}

// @ts-ignore: decorator
@inline
function eightRows<F>(x: usize, step: usize): v128 {
  return changetype<F>(0).of(fourRows<F>(x, step), fourRows<F>(x + 4 * step, step));
}

/** Trees of 16, 8, 4, 2 or 1 rows for the last one to three columns. */
function partRows<F>(rows: i32, x: usize, step: usize, count: i32): v128 {
  if (rows == 1) return loadSome(x, count);
  const half = rows >> 1;
  const low = partRows<F>(half, x, step, count);
  return changetype<F>(0).of(low, partRows<F>(half, x + half * step, step, count));
}

/** out = f(out, 16, 8 or 1 rows of x), over all columns: that many streams are prefetched, and a tree is precise. */
// @ts-ignore: decorator
@inline
function pass<F>(rows: i32, x: usize, step: usize, out: usize, columns: i32): void {
  const f = changetype<F>(0);
  const left = columns & 3;
  const end: usize = x + ((columns - left) << 2);
  while (x < end) {
    let part: v128;
    if (rows == 16) part = f.of(eightRows<F>(x, step), eightRows<F>(x + 8 * step, step));
    else if (rows == 8) part = eightRows<F>(x, step);
    else part = v128.load(x);
    v128.store(out, f.of(v128.load(out), part));
    x += 16;
    out += 16;
  }
  if (left > 0) storeSome(out, f.of(loadSome(out, left), partRows<F>(rows, x, step, left)), left);
}

/** n rows, `step` bytes apart. A column has the same result in any range of columns. */
function overRows<F>(x: usize, n: i32, step: usize, out: usize, columns: i32): void {
  fill(out, columns, changetype<F>(0).identity());
  for (; n >= 16; n -= 16) {
    pass<F>(16, x, step, out, columns);
    x += 16 * step;
  }
  for (; n >= 8; n -= 8) {
    pass<F>(8, x, step, out, columns);
    x += 8 * step;
  }
  for (; n > 0; n--) {
    pass<F>(1, x, step, out, columns);
    x += step;
  }
}

function reduceRows<F>(x: usize, out: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    store<f32>(out, alongRow<F>(x, n));
    x += n << 2;
    out += 4;
  }
}

/** Each of `rows` contiguous rows of n. */
export function reduceLast(op: i32, x: usize, out: usize, rows: i32, n: i32): void {
  switch (op) {
    case Reduce.sum: return reduceRows<Sum>(x, out, rows, n);
    case Reduce.max: return reduceRows<Max>(x, out, rows, n);
    case Reduce.min: return reduceRows<Min>(x, out, rows, n);
    default: unreachable();
  }
}

/** `columns` of one matrix of n rows that are `step` bytes apart. */
export function reduceDown(op: i32, x: usize, out: usize, n: i32, step: usize, columns: i32): void {
  switch (op) {
    case Reduce.sum: return overRows<Sum>(x, n, step, out, columns);
    case Reduce.max: return overRows<Max>(x, n, step, out, columns);
    case Reduce.min: return overRows<Min>(x, n, step, out, columns);
    default: unreachable();
  }
}

/** Index of the first largest element of each row; a NaN counts as the largest. */
export function argmax(x: usize, out: usize, rows: i32, n: i32): void {
  for (let r = 0; r < rows; r++) {
    const best = rowMax(x, n);
    let i = 0;
    for (; i < n - 1; i++) {
      const v = load<f32>(x + (i << 2));
      if (v == best || v != v) break;
    }
    store<i32>(out + (r << 2), i);
    x += n << 2;
  }
}
