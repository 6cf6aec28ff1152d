// How weights are stored: kernels that read them take one of these classes, and get float32.
import { widenHalf } from "./half";
import { gather, loadSome, splat } from "./simd";

/** The same as a number, where a function for each would only make the module larger. */
export const enum Stored { F32, F16, BF16 }

/** A size in elements becomes bytes by this shift. */
// @ts-ignore: decorator
@inline
export function shiftOf(stored: i32): i32 {
  return stored == Stored.F32 ? 2 : 1;
}

export class F32 {
  /** A size in elements becomes bytes by this shift. */
  @inline shift(): i32 { return 2; }
  /** The element at an address. */
  @inline one(p: usize): f32 { return load<f32>(p); }
  /** Four neighbours. */
  @inline four(p: usize): v128 { return v128.load(p); }
  /** The first `count` (1 to 3) of four neighbours, the others 0. */
  @inline some(p: usize, count: i32): v128 { return loadSome(p, count); }
  /** Four elements `stride` apart. */
  @inline apart(p: usize, stride: i32): v128 { return gather(p, stride); }
}

/** Lanes of 16 bits, in the low half of lanes of 32 with the sign in front. */
// @ts-ignore: decorator
@inline
function bitsApart(p: usize, stride: i32): v128 {
  const step: usize = stride << 1;
  const v = i32x4.replace_lane(i32x4.splat(load<i16>(p)), 1, load<i16>(p + step));
  return i32x4.replace_lane(i32x4.replace_lane(v, 2, load<i16>(p + 2 * step)), 3, load<i16>(p + 3 * step));
}

function someBits(p: usize, count: i32): v128 {
  let v = i32x4.replace_lane(splat(0), 0, load<i16>(p));
  if (count > 1) v = i32x4.replace_lane(v, 1, load<i16>(p + 2));
  if (count > 2) v = i32x4.replace_lane(v, 2, load<i16>(p + 4));
  return v;
}

export class F16 {
  @inline shift(): i32 { return 1; }
  @inline one(p: usize): f32 { return f32x4.extract_lane(widenHalf(i32x4.splat(load<i16>(p))), 0); }
  @inline four(p: usize): v128 { return widenHalf(v128.load_ext<i16>(p)); }
  @inline some(p: usize, count: i32): v128 { return widenHalf(someBits(p, count)); }
  @inline apart(p: usize, stride: i32): v128 { return widenHalf(bitsApart(p, stride)); }
}

export class BF16 {
  @inline shift(): i32 { return 1; }
  @inline one(p: usize): f32 { return reinterpret<f32>(<u32>load<u16>(p) << 16); }
  @inline four(p: usize): v128 { return i32x4.shl(v128.load_ext<u16>(p), 16); }
  @inline some(p: usize, count: i32): v128 { return i32x4.shl(someBits(p, count), 16); }
  @inline apart(p: usize, stride: i32): v128 { return i32x4.shl(bitsApart(p, stride), 16); }
}

/** `n` neighbours as float32. */
export function widenRow<B>(src: usize, dst: usize, n: i32): void {
  const from = changetype<B>(0);
  let left = n;
  for (; left >= 4; left -= 4) {
    v128.store(dst, from.four(src));
    src += 4 << from.shift();
    dst += 16;
  }
  for (; left > 0; left--) {
    store<f32>(dst, from.one(src));
    src += 1 << from.shift();
    dst += 4;
  }
}
