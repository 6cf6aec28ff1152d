// Broadcasting functions of two or three strided inputs into a contiguous output.
import { Binary, Compare } from "../../numbers";
import { gather, gatherSome, splat, storeSome } from "./simd";

class Add { @inline of(a: v128, b: v128): v128 { return f32x4.add(a, b); } }
class Sub { @inline of(a: v128, b: v128): v128 { return f32x4.sub(a, b); } }
class Mul { @inline of(a: v128, b: v128): v128 { return f32x4.mul(a, b); } }
class Div { @inline of(a: v128, b: v128): v128 { return f32x4.div(a, b); } }
class Maximum { @inline of(a: v128, b: v128): v128 { return f32x4.max(a, b); } }
class Minimum { @inline of(a: v128, b: v128): v128 { return f32x4.min(a, b); } }
class Eq { @inline of(a: v128, b: v128): v128 { return f32x4.eq(a, b); } }
class Ne { @inline of(a: v128, b: v128): v128 { return f32x4.ne(a, b); } }
class Lt { @inline of(a: v128, b: v128): v128 { return f32x4.lt(a, b); } }
class Le { @inline of(a: v128, b: v128): v128 { return f32x4.le(a, b); } }
class Gt { @inline of(a: v128, b: v128): v128 { return f32x4.gt(a, b); } }
class Ge { @inline of(a: v128, b: v128): v128 { return f32x4.ge(a, b); } }

class Pow {
  @inline of(a: v128, b: v128): v128 {
    return f32x4(
      Mathf.pow(f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0)),
      Mathf.pow(f32x4.extract_lane(a, 1), f32x4.extract_lane(b, 1)),
      Mathf.pow(f32x4.extract_lane(a, 2), f32x4.extract_lane(b, 2)),
      Mathf.pow(f32x4.extract_lane(a, 3), f32x4.extract_lane(b, 3)),
    );
  }
}

// How an input delivers four elements: packed, one value repeated, or any stride.
class Dense { @inline at(p: usize, _stride: i32): v128 { return v128.load(p); } }
class Repeated { @inline at(p: usize, _stride: i32): v128 { return v128.load_splat<f32>(p); } }
class Strided { @inline at(p: usize, stride: i32): v128 { return gather(p, stride); } }

class Floats {
  @inline width(): usize { return 4; }
  @inline put(p: usize, v: v128): void { v128.store(p, v); }
  @inline putSome(p: usize, v: v128, count: i32): void { storeSome(p, v, count); }
}

/** Lane masks become bytes 0 or 1; the product spreads four bits over four bytes. */
class Flags {
  @inline width(): usize { return 1; }
  @inline put(p: usize, v: v128): void {
    store<i32>(p, (i32x4.bitmask(v) * 0x00204081) & 0x01010101);
  }
  @inline putSome(p: usize, v: v128, count: i32): void {
    const bits = i32x4.bitmask(v);
    for (let i = 0; i < count; i++) store<u8>(p + i, (bits >> i) & 1);
  }
}

function rowOf<F, A, B, Out>(a: usize, sa: i32, b: usize, sb: i32, out: usize, n: i32): void {
  const f = changetype<F>(0);
  const readA = changetype<A>(0);
  const readB = changetype<B>(0);
  const write = changetype<Out>(0);
  let left = n;
  for (; left >= 4; left -= 4) {
    write.put(out, f.of(readA.at(a, sa), readB.at(b, sb)));
    a += sa << 4;
    b += sb << 4;
    out += write.width() << 2;
  }
  if (left > 0) {
    const zero = splat(0);
    write.putSome(out, f.of(gatherSome(a, sa, left, zero), gatherSome(b, sb, left, zero)), left);
  }
}

function row<F, Out>(a: usize, sa: i32, b: usize, sb: i32, out: usize, n: i32): void {
  if (sa == 1 && sb == 1) rowOf<F, Dense, Dense, Out>(a, sa, b, sb, out, n);
  else if (sa == 1 && sb == 0) rowOf<F, Dense, Repeated, Out>(a, sa, b, sb, out, n);
  else if (sa == 0 && sb == 1) rowOf<F, Repeated, Dense, Out>(a, sa, b, sb, out, n);
  else rowOf<F, Strided, Strided, Out>(a, sa, b, sb, out, n);
}

/** One entry of meta, which holds the shape and then one list of strides per input. */
// @ts-ignore: decorator
@inline
function entry(meta: usize, rank: i32, list: i32, axis: i32): i32 {
  return load<i32>(meta + ((list * rank + axis) << 2));
}

/** Recursion keeps the counters on the call stack, so instances may share one memory. */
function walk<F, Out>(axis: i32, rank: i32, meta: usize, a: usize, b: usize, out: usize): usize {
  const size = entry(meta, rank, 0, axis);
  const sa = entry(meta, rank, 1, axis);
  const sb = entry(meta, rank, 2, axis);
  if (axis == rank - 1) {
    row<F, Out>(a, sa, b, sb, out, size);
    return out + <usize>size * changetype<Out>(0).width();
  }
  for (let i = 0; i < size; i++) {
    out = walk<F, Out>(axis + 1, rank, meta, a, b, out);
    a += sa << 2;
    b += sb << 2;
  }
  return out;
}

function start<F, Out>(rank: i32, meta: usize, a: usize, b: usize, out: usize): void {
  if (rank == 0) row<F, Out>(a, 1, b, 1, out, 1);
  else walk<F, Out>(0, rank, meta, a, b, out);
}

export function binary(op: i32, rank: i32, meta: usize, a: usize, b: usize, out: usize): void {
  switch (op) {
    case Binary.add: return start<Add, Floats>(rank, meta, a, b, out);
    case Binary.sub: return start<Sub, Floats>(rank, meta, a, b, out);
    case Binary.mul: return start<Mul, Floats>(rank, meta, a, b, out);
    case Binary.div: return start<Div, Floats>(rank, meta, a, b, out);
    case Binary.maximum: return start<Maximum, Floats>(rank, meta, a, b, out);
    case Binary.minimum: return start<Minimum, Floats>(rank, meta, a, b, out);
    case Binary.pow: return start<Pow, Floats>(rank, meta, a, b, out);
    default: unreachable();
  }
}

export function compare(op: i32, rank: i32, meta: usize, a: usize, b: usize, out: usize): void {
  switch (op) {
    case Compare.eq: return start<Eq, Flags>(rank, meta, a, b, out);
    case Compare.ne: return start<Ne, Flags>(rank, meta, a, b, out);
    case Compare.lt: return start<Lt, Flags>(rank, meta, a, b, out);
    case Compare.le: return start<Le, Flags>(rank, meta, a, b, out);
    case Compare.gt: return start<Gt, Flags>(rank, meta, a, b, out);
    case Compare.ge: return start<Ge, Flags>(rank, meta, a, b, out);
    default: unreachable();
  }
}

function selectRow(c: usize, sc: i32, a: usize, sa: i32, b: usize, sb: i32, out: usize, n: i32): void {
  let left = n;
  if (sc == 1 && sa == 1 && sb == 1) {
    for (; left >= 4; left -= 4) {
      const bytes = v128.load_zero<u32>(c);
      const flags = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes));
      const mask = i32x4.ne(flags, i32x4.splat(0));
      v128.store(out, v128.bitselect(v128.load(a), v128.load(b), mask));
      c += 4;
      a += 16;
      b += 16;
      out += 16;
    }
  }
  for (; left > 0; left--) {
    store<u32>(out, load<u32>(load<u8>(c) != 0 ? a : b));
    c += sc;
    a += sa << 2;
    b += sb << 2;
    out += 4;
  }
}

function selectWalk(axis: i32, rank: i32, meta: usize, c: usize, a: usize, b: usize, out: usize): usize {
  const size = entry(meta, rank, 0, axis);
  const sc = entry(meta, rank, 1, axis);
  const sa = entry(meta, rank, 2, axis);
  const sb = entry(meta, rank, 3, axis);
  if (axis == rank - 1) {
    selectRow(c, sc, a, sa, b, sb, out, size);
    return out + (size << 2);
  }
  for (let i = 0; i < size; i++) {
    out = selectWalk(axis + 1, rank, meta, c, a, b, out);
    c += sc;
    a += sa << 2;
    b += sb << 2;
  }
  return out;
}

export function where_(rank: i32, meta: usize, cond: usize, a: usize, b: usize, out: usize): void {
  if (rank == 0) selectRow(cond, 1, a, 1, b, 1, out, 1);
  else selectWalk(0, rank, meta, cond, a, b, out);
}
