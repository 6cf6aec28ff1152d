// Vectors of 16-bit floats: `f16` is IEEE half precision, `bf16` the upper half of a float32.
import { splat } from "./simd";

/** Float32 of four `f16`, each sign-extended to 32 bits. Exact; no arithmetic on subnormal numbers, which is slow. */
// @ts-ignore: decorator
@inline
export function widenHalf(bits: v128): v128 {
  // The copies of the sign fill the place between it and the exponent; all but one are cleared.
  const shifted = v128.and(i32x4.shl(bits, 13), i32x4.splat(0x8fffe000));
  const size = v128.and(shifted, i32x4.splat(0x0fffe000));
  const normal = i32x4.add(shifted, i32x4.splat(112 << 23));
  // A fraction without exponent, as the difference of two numbers that have one.
  const least = i32x4.splat(113 << 23);
  const subnormal = f32x4.sub(i32x4.add(size, least), least);
  const signed = v128.or(subnormal, v128.xor(shifted, size));
  const value = v128.bitselect(signed, normal, i32x4.lt_s(size, i32x4.splat(1 << 23)));
  // Beyond the largest number: all ones in the exponent.
  return v128.or(value, v128.and(i32x4.ge_s(size, i32x4.splat(31 << 23)), i32x4.splat(0x7f800000)));
}

/** Lanes are 0 where an `f16` is 0, subnormal, infinite or NaN: its exponent plus 1 is 1 or 32. */
// @ts-ignore: decorator
@inline
export function normalHalves(bits: v128): v128 {
  return v128.and(i16x8.add(bits, i16x8.splat(0x400)), i16x8.splat(0x7800));
}

/** `widenHalf` where `normalHalves` holds: most weights, at a fraction of the cost. */
// @ts-ignore: decorator
@inline
export function widenNormalHalf(bits: v128): v128 {
  return i32x4.add(v128.and(i32x4.shl(bits, 13), i32x4.splat(0x8fffe000)), i32x4.splat(112 << 23));
}

/** Bits of the nearest `f16`, ties to even, in the low half of each lane. */
// @ts-ignore: decorator
@inline
export function narrowToHalf(x: v128): v128 {
  const size = v128.and(x, i32x4.splat(0x7fffffff));
  const odd = v128.and(i32x4.shr_u(size, 13), i32x4.splat(1));
  const rounded = i32x4.add(i32x4.add(size, i32x4.splat(0xfff - (112 << 23))), odd);
  // Below 2⁻¹⁴ in steps of 2⁻²⁴.
  const steps = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(size, splat(16777216))));
  let bits = v128.bitselect(steps, i32x4.shr_u(rounded, 13), i32x4.lt_s(size, i32x4.splat(113 << 23)));
  // 65520 lies half-way between the largest number and what would be the next.
  bits = v128.bitselect(i32x4.splat(0x7c00), bits, i32x4.ge_s(size, i32x4.splat(0x477ff000)));
  bits = v128.bitselect(i32x4.splat(0x7e00), bits, i32x4.gt_s(size, i32x4.splat(0x7f800000)));
  return v128.or(bits, v128.and(i32x4.shr_u(x, 16), i32x4.splat(0x8000)));
}

/** As `narrowToHalf`, for `bf16`. */
// @ts-ignore: decorator
@inline
export function narrowToBfloat(x: v128): v128 {
  const odd = v128.and(i32x4.shr_u(x, 16), i32x4.splat(1));
  const rounded = i32x4.shr_u(i32x4.add(i32x4.add(x, i32x4.splat(0x7fff)), odd), 16);
  const nan = v128.or(i32x4.shr_u(x, 16), i32x4.splat(0x40));
  const size = v128.and(x, i32x4.splat(0x7fffffff));
  return v128.bitselect(nan, rounded, i32x4.gt_s(size, i32x4.splat(0x7f800000)));
}
