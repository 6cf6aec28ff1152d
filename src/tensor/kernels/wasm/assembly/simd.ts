// Helpers shared by every kernel: multiply-add, partial loads and stores, horizontal folds.

/** a·b + c, fused where the module is built for relaxed SIMD. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

// @ts-ignore: decorator
@inline
export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** The first `count` (1 to 3) lanes from elements `stride` apart; the other lanes keep `rest`. */
export function gatherSome(p: usize, stride: i32, count: i32, rest: v128): v128 {
  const step: usize = stride << 2;
  let v = v128.load_lane<f32>(p, rest, 0);
  if (count > 1) v = v128.load_lane<f32>(p + step, v, 1);
  if (count > 2) v = v128.load_lane<f32>(p + 2 * step, v, 2);
  return v;
}

// @ts-ignore: decorator
@inline
export function loadSome(p: usize, count: i32): v128 {
  return gatherSome(p, 1, count, splat(0));
}

export function storeSome(p: usize, v: v128, count: i32): void {
  v128.store_lane<f32>(p, v, 0);
  if (count > 1) v128.store_lane<f32>(p + 4, v, 1);
  if (count > 2) v128.store_lane<f32>(p + 8, v, 2);
}

/** Four elements `stride` apart. */
// @ts-ignore: decorator
@inline
export function gather(p: usize, stride: i32): v128 {
  const step: usize = stride << 2;
  let v = v128.load_zero<f32>(p);
  v = v128.load_lane<f32>(p + step, v, 1);
  v = v128.load_lane<f32>(p + 2 * step, v, 2);
  return v128.load_lane<f32>(p + 3 * step, v, 3);
}

/** Keeps the first `count` lanes and clears the others. */
// @ts-ignore: decorator
@inline
export function keepSome(v: v128, count: i32): v128 {
  return v128.and(v, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)));
}

// @ts-ignore: decorator
@inline
export function first(v: v128): f32 {
  return f32x4.extract_lane(v, 0);
}

/** Sum of the four lanes, as (0+2) + (1+3). */
// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  const pairs = f32x4.add(v, f32x4.shuffle(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** Stores the transpose of the 4×4 block with rows a, b, c, d; `step` is the byte distance of output rows. */
// @ts-ignore: decorator
@inline
export function storeTransposed(a: v128, b: v128, c: v128, d: v128, p: usize, step: usize): void {
  const abLow = f32x4.shuffle(a, b, 0, 4, 1, 5);
  const abHigh = f32x4.shuffle(a, b, 2, 6, 3, 7);
  const cdLow = f32x4.shuffle(c, d, 0, 4, 1, 5);
  const cdHigh = f32x4.shuffle(c, d, 2, 6, 3, 7);
  v128.store(p, f32x4.shuffle(abLow, cdLow, 0, 1, 4, 5));
  v128.store(p + step, f32x4.shuffle(abLow, cdLow, 2, 3, 6, 7));
  v128.store(p + 2 * step, f32x4.shuffle(abHigh, cdHigh, 0, 1, 4, 5));
  v128.store(p + 3 * step, f32x4.shuffle(abHigh, cdHigh, 2, 3, 6, 7));
}
