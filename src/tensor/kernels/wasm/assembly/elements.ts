// How weights are stored: kernels that read them take one of these classes, and get float32.
import { normalHalves, widenHalf, widenNormalHalf } from "./half";
import { gather, loadSome, splat } from "./simd";

/** Numbers for these classes, where a function for each would only make the module larger. */
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
  /** Four neighbours, faster, where `areNormal` holds. */
  @inline fourNormal(p: usize): v128 { return v128.load(p); }
  /** True when each of eight neighbours is an everyday number. */
  @inline areNormal(_p: usize): bool { return true; }
  /** True when `areNormal` holds in each of four rows, `step` bytes apart. */
  @inline rowsAreNormal(_p: usize, _step: usize): bool { return true; }
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
  @inline fourNormal(p: usize): v128 { return widenNormalHalf(v128.load_ext<i16>(p)); }
  @inline areNormal(p: usize): bool { return i16x8.all_true(normalHalves(v128.load(p))); }
  @inline rowsAreNormal(p: usize, step: usize): bool {
    const low = i16x8.min_u(normalHalves(v128.load(p)), normalHalves(v128.load(p + step)));
    const high = i16x8.min_u(normalHalves(v128.load(p + 2 * step)), normalHalves(v128.load(p + 3 * step)));
    return i16x8.all_true(i16x8.min_u(low, high));
  }
  @inline some(p: usize, count: i32): v128 { return widenHalf(someBits(p, count)); }
  @inline apart(p: usize, stride: i32): v128 { return widenHalf(bitsApart(p, stride)); }
}

export class BF16 {
  @inline shift(): i32 { return 1; }
  @inline one(p: usize): f32 { return reinterpret<f32>(<u32>load<u16>(p) << 16); }
  @inline four(p: usize): v128 { return i32x4.shl(v128.load_ext<u16>(p), 16); }
  @inline fourNormal(p: usize): v128 { return this.four(p); }
  @inline areNormal(_p: usize): bool { return true; }
  @inline rowsAreNormal(_p: usize, _step: usize): bool { return true; }
  @inline some(p: usize, count: i32): v128 { return i32x4.shl(someBits(p, count), 16); }
  @inline apart(p: usize, stride: i32): v128 { return i32x4.shl(bitsApart(p, stride), 16); }
}

/** Eight neighbours as float32. */
// @ts-ignore: decorator
@inline
export function widenEight<B>(src: usize, dst: usize): void {
  const from = changetype<B>(0);
  const next = src + (4 << from.shift());
  if (from.areNormal(src)) {
    v128.store(dst, from.fourNormal(src));
    v128.store(dst, from.fourNormal(next), 16);
  } else {
    v128.store(dst, from.four(src));
    v128.store(dst, from.four(next), 16);
  }
}

/** `n` neighbours as float32. */
export function widenRow<B>(src: usize, dst: usize, n: i32): void {
  const from = changetype<B>(0);
  let left = n;
  for (; left >= 8; left -= 8) {
    widenEight<B>(src, dst);
    src += 8 << from.shift();
    dst += 32;
  }
  for (; left > 0; left--) {
    store<f32>(dst, from.one(src));
    src += 1 << from.shift();
    dst += 4;
  }
}
