// Reductions over the middle axis of [outer, n, inner].
import * as ops from "./ops";
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

/** Sixteen neighbouring columns at once, so that whole cache lines are used. */
function sixteenColumns<F>(x: usize, n: i32, step: usize, out: usize): void {
  const f = changetype<F>(0);
  const empty = splat(f.identity());
  let ta = empty;
  let tb = empty;
  let tc = empty;
  let td = empty;
  while (n > 0) {
    const chunk = min(n, CHUNK);
    let a = empty;
    let b = empty;
    let c = empty;
    let d = empty;
    for (let i = 0; i < chunk; i++) {
      a = f.of(a, v128.load(x));
      b = f.of(b, v128.load(x, 16));
      c = f.of(c, v128.load(x, 32));
      d = f.of(d, v128.load(x, 48));
      x += step;
    }
    ta = f.of(ta, a);
    tb = f.of(tb, b);
    tc = f.of(tc, c);
    td = f.of(td, d);
    n -= chunk;
  }
  v128.store(out, ta);
  v128.store(out, tb, 16);
  v128.store(out, tc, 32);
  v128.store(out, td, 48);
}

/** Up to four neighbouring columns. */
function fourColumns<F>(x: usize, n: i32, step: usize, out: usize, columns: i32): void {
  const f = changetype<F>(0);
  const empty = splat(f.identity());
  let total = empty;
  while (n > 0) {
    const chunk = min(n, CHUNK);
    let part = empty;
    for (let i = 0; i < chunk; i++) {
      part = f.of(part, columns == 4 ? v128.load(x) : loadSome(x, columns));
      x += step;
    }
    total = f.of(total, part);
    n -= chunk;
  }
  if (columns == 4) v128.store(out, total);
  else storeSome(out, total, columns);
}

/** `columns` neighbouring columns; `step` bytes lie between the rows of x. */
function down<F>(x: usize, out: usize, n: i32, step: usize, columns: i32): void {
  let j = 0;
  for (; j + 16 <= columns; j += 16) sixteenColumns<F>(x + (j << 2), n, step, out + (j << 2));
  for (; j < columns; j += 4) fourColumns<F>(x + (j << 2), n, step, out + (j << 2), min(columns - j, 4));
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
    case ops.SUM: return reduceRows<Sum>(x, out, rows, n);
    case ops.MAX: return reduceRows<Max>(x, out, rows, n);
    case ops.MIN: return reduceRows<Min>(x, out, rows, n);
    default: unreachable();
  }
}

/** `columns` of one matrix of n rows that are `step` bytes apart. */
export function reduceDown(op: i32, x: usize, out: usize, n: i32, step: usize, columns: i32): void {
  switch (op) {
    case ops.SUM: return down<Sum>(x, out, n, step, columns);
    case ops.MAX: return down<Max>(x, out, n, step, columns);
    case ops.MIN: return down<Min>(x, out, n, step, columns);
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
