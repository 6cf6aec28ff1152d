// Elementary functions on four lanes. Polynomials are minimax fits on the reduced ranges.
import { madd, splat } from "./simd";

const LOG2_E: f32 = 1.44269504;
// ln 2 in two parts: the high part has few bits, so n·LN2_HIGH is exact.
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.12194440e-4;
// Adding 1.5·2^23 rounds to an integer that sits in the low bits of the float.
const ROUNDER: f32 = 12582912.0;
const MAX_F32: f32 = 3.40282347e38;
const SQRT_2_OVER_PI: f32 = 0.7978845608;
const GELU_CUBIC: f32 = 0.044715;
const SQRT_HALF: f32 = 0.70710678118;
const INV_SQRT_2PI: f32 = 0.3989422804;

/** e^r − 1 for |r| ≤ ln(2)/2. */
// @ts-ignore: decorator
@inline
function expm1Reduced(r: v128): v128 {
  let p = madd(splat(1.99150311e-4), r, splat(1.39420599e-3));
  p = madd(p, r, splat(8.33327172e-3));
  p = madd(p, r, splat(4.16663419e-2));
  p = madd(p, r, splat(1.66666668e-1));
  p = madd(p, r, splat(5.00000005e-1));
  return madd(p, f32x4.mul(r, r), r);
}

// @ts-ignore: decorator
@inline
function reduceByLn2(x: v128, n: v128): v128 {
  return madd(n, splat(-LN2_LOW), madd(n, splat(-LN2_HIGH), x));
}

/** 2^n for integer lanes with −126 ≤ n ≤ 127. */
// @ts-ignore: decorator
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

// @ts-ignore: decorator
@inline
export function exp(v: v128): v128 {
  // pmin and pmax with x first keep a NaN in x.
  const x = f32x4.pmax(f32x4.pmin(v, splat(89)), splat(-104.5));
  const shifted = madd(x, splat(LOG2_E), splat(ROUNDER));
  const n = f32x4.sub(shifted, splat(ROUNDER));
  const integer = i32x4.sub(shifted, f32x4.splat(ROUNDER));
  const e = f32x4.add(expm1Reduced(reduceByLn2(x, n)), splat(1));
  // Two scalings reach 2^128 and the denormals, which one exponent field cannot.
  const half = i32x4.shr_s(integer, 1);
  const scaled = f32x4.mul(e, powerOfTwo(half));
  return f32x4.mul(scaled, powerOfTwo(i32x4.sub(integer, half)));
}

// @ts-ignore: decorator
@inline
export function log(v: v128): v128 {
  const denormal = f32x4.lt(v, splat(1.17549435e-38));
  const x = v128.bitselect(f32x4.mul(v, splat(8388608)), v, denormal);
  // The mantissa is taken from [sqrt(1/2), sqrt(2)) so that results near 1 keep their precision.
  const e = i32x4.shr_s(i32x4.sub(x, i32x4.splat(0x3f3504f3)), 23);
  const f = f32x4.sub(i32x4.sub(x, i32x4.shl(e, 23)), splat(1));
  const exponent = f32x4.sub(f32x4.convert_i32x4_s(e), v128.and(denormal, splat(23)));
  let p = madd(splat(6.91514700e-2), f, splat(-1.17896950e-1));
  p = madd(p, f, splat(1.18730160e-1));
  p = madd(p, f, splat(-1.23843700e-1));
  p = madd(p, f, splat(1.42186550e-1));
  p = madd(p, f, splat(-1.66692490e-1));
  p = madd(p, f, splat(2.00022270e-1));
  p = madd(p, f, splat(-2.49999870e-1));
  p = madd(p, f, splat(3.33333100e-1));
  const square = f32x4.mul(f, f);
  let y = f32x4.mul(f32x4.mul(square, f), p);
  y = madd(exponent, splat(LN2_LOW), y);
  y = madd(square, splat(-0.5), y);
  y = madd(exponent, splat(LN2_HIGH), f32x4.add(f, y));
  const infinite = splat(Infinity);
  y = v128.bitselect(y, v, f32x4.lt(v, infinite));
  y = v128.bitselect(f32x4.neg(infinite), y, f32x4.eq(v, splat(0)));
  return v128.or(y, f32x4.lt(v, splat(0)));
}

/** log(1 + x) for 0 ≤ x ≤ 1; the correction restores what rounding 1 + x lost. */
// @ts-ignore: decorator
@inline
function log1p(x: v128): v128 {
  const u = f32x4.add(x, splat(1));
  const lost = f32x4.sub(x, f32x4.sub(u, splat(1)));
  return f32x4.add(log(u), f32x4.div(lost, u));
}

// @ts-ignore: decorator
@inline
function copySign(magnitude: v128, sign: v128): v128 {
  return v128.bitselect(sign, magnitude, i32x4.splat(0x80000000));
}

/** expm1(2|x|) / (expm1(2|x|) + 2): no cancellation anywhere, 1 from |x| = 10 on. */
// @ts-ignore: decorator
@inline
export function tanh(v: v128): v128 {
  const magnitude = f32x4.pmin(f32x4.abs(v), splat(10));
  const x = f32x4.add(magnitude, magnitude);
  const shifted = madd(x, splat(LOG2_E), splat(ROUNDER));
  const n = f32x4.sub(shifted, splat(ROUNDER));
  const scale = powerOfTwo(i32x4.sub(shifted, splat(ROUNDER)));
  const e = madd(scale, expm1Reduced(reduceByLn2(x, n)), f32x4.sub(scale, splat(1)));
  return copySign(f32x4.div(e, f32x4.add(e, splat(2))), v);
}

/** x·P(x²) below 1; 1 − exp(Q(|x|)) from there on, where Q fits log(erfc). */
// @ts-ignore: decorator
@inline
export function erf(v: v128): v128 {
  const t = f32x4.pmin(f32x4.abs(v), splat(4));
  const u = f32x4.mul(t, t);
  let p = madd(splat(7.85385769e-5), u, splat(-8.01019252e-4));
  p = madd(p, u, splat(5.18832756e-3));
  p = madd(p, u, splat(-2.68538119e-2));
  p = madd(p, u, splat(1.12835851e-1));
  p = madd(p, u, splat(-3.76126258e-1));
  p = f32x4.mul(madd(p, u, splat(1.12837917)), t);
  let q = madd(splat(1.87605645e-4), t, splat(-2.96012221e-3));
  q = madd(q, t, splat(2.18896734e-2));
  q = madd(q, t, splat(-1.03218265e-1));
  q = madd(q, t, splat(-6.38012147e-1));
  q = madd(q, t, splat(-1.12717169));
  q = madd(q, t, splat(-3.20564417e-4));
  const tail = f32x4.sub(splat(1), exp(q));
  return copySign(v128.bitselect(p, tail, f32x4.lt(t, splat(1))), v);
}

/** e^min(x,0) / (1 + e^−|x|): never overflows and keeps relative precision for large negative x. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(x)));
  const top = v128.bitselect(e, splat(1), f32x4.lt(x, splat(0)));
  return f32x4.div(top, f32x4.add(e, splat(1)));
}

// @ts-ignore: decorator
@inline
export function softplus(x: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(x)));
  return f32x4.add(f32x4.max(x, splat(0)), log1p(e));
}

/** −∞ becomes finite, so that times 0 it gives 0. */
// @ts-ignore: decorator
@inline
function aboveMinusInfinity(x: v128): v128 {
  return f32x4.pmax(x, splat(-MAX_F32));
}

// @ts-ignore: decorator
@inline
export function silu(x: v128): v128 {
  return f32x4.mul(aboveMinusInfinity(x), sigmoid(x));
}

/** 2·sqrt(2/π)·(x + 0.044715·x³). */
// @ts-ignore: decorator
@inline
function geluArgument(x: v128): v128 {
  const inner = madd(f32x4.mul(x, x), splat(GELU_CUBIC), splat(1));
  return f32x4.mul(f32x4.mul(x, splat(2 * SQRT_2_OVER_PI)), inner);
}

/** (1 + tanh(a))/2 is sigmoid(2a), which does not cancel for large negative a. */
// @ts-ignore: decorator
@inline
export function geluTanh(x: v128): v128 {
  return f32x4.mul(aboveMinusInfinity(x), sigmoid(geluArgument(x)));
}

// @ts-ignore: decorator
@inline
function normalCdf(x: v128): v128 {
  return madd(erf(f32x4.mul(x, splat(SQRT_HALF))), splat(0.5), splat(0.5));
}

// @ts-ignore: decorator
@inline
export function geluErf(x: v128): v128 {
  return f32x4.mul(aboveMinusInfinity(x), normalCdf(x));
}

/** The derivatives below are flat outside ±100, and clamping keeps ∞·0 out of them. */
// @ts-ignore: decorator
@inline
function clampToFlat(x: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, splat(100)), splat(-100));
}

/** s + c·s·(1 − s) for s = sigmoid(a); s·(1 − s) is e^−|a| / (1 + e^−|a|)², where nothing cancels. */
// @ts-ignore: decorator
@inline
function sigmoidPlus(a: v128, c: v128): v128 {
  const e = exp(f32x4.neg(f32x4.abs(a)));
  const high = f32x4.div(splat(1), f32x4.add(e, splat(1)));
  const low = f32x4.mul(e, high);
  const s = v128.bitselect(low, high, f32x4.lt(a, splat(0)));
  return madd(c, f32x4.mul(low, high), s);
}

// @ts-ignore: decorator
@inline
export function siluSlope(v: v128): v128 {
  const x = clampToFlat(v);
  return sigmoidPlus(x, x);
}

// @ts-ignore: decorator
@inline
export function geluTanhSlope(v: v128): v128 {
  const x = clampToFlat(v);
  const argumentSlope = f32x4.mul(
    madd(f32x4.mul(x, x), splat(3 * GELU_CUBIC), splat(1)),
    splat(2 * SQRT_2_OVER_PI),
  );
  return sigmoidPlus(geluArgument(x), f32x4.mul(x, argumentSlope));
}

// @ts-ignore: decorator
@inline
export function geluErfSlope(v: v128): v128 {
  const x = clampToFlat(v);
  const density = f32x4.mul(exp(f32x4.mul(f32x4.mul(x, x), splat(-0.5))), splat(INV_SQRT_2PI));
  return madd(x, density, normalCdf(x));
}
