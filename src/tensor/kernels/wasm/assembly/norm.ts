// Layer normalisation and root-mean-square normalisation over contiguous rows.
import { addScaled, clearRow, Deviation, rowSum, Square, SquaredDeviation, Value } from "./rows";
import { loadSome, madd, splat, storeSome, sumLanes } from "./simd";

/** The mean in double: its low part matters when the mean is large against the spread. */
function meanOf(x: usize, n: i32): f64 {
  const rough: f32 = rowSum<Value>(x, n, 0, 0) / <f32>n;
  return <f64>rough + <f64>rowSum<Deviation>(x, n, rough, 0) / n;
}

function inverseSpread(x: usize, n: i32, high: f32, low: f32, eps: f32): f32 {
  return 1 / sqrt<f32>(rowSum<SquaredDeviation>(x, n, high, low) / <f32>n + eps);
}

function inverseRms(x: usize, n: i32, eps: f32): f32 {
  return 1 / sqrt<f32>(rowSum<Square>(x, n, 0, 0) / <f32>n + eps);
}

// @ts-ignore: decorator
@inline
function take(p: usize, count: i32): v128 {
  return count == 4 ? v128.load(p) : loadSome(p, count);
}

// @ts-ignore: decorator
@inline
function put(p: usize, v: v128, count: i32): void {
  if (count == 4) v128.store(p, v);
  else storeSome(p, v, count);
}

/** (x − high − low)·scale for up to four elements. */
// @ts-ignore: decorator
@inline
function normal(x: usize, count: i32, high: v128, low: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.sub(f32x4.sub(take(x, count), high), low), scale);
}

export function layerNorm(
  x: usize, w: usize, b: usize, out: usize, rows: i32, n: i32, eps: f32,
): void {
  for (let r = 0; r < rows; r++) {
    const mean = meanOf(x, n);
    const high = <f32>mean;
    const low = <f32>(mean - high);
    const vHigh = splat(high);
    const vLow = splat(low);
    const scale = splat(inverseSpread(x, n, high, low, eps));
    for (let j = 0; j < n; j += 4) {
      const at: usize = j << 2;
      const count = min(n - j, 4);
      let y = normal(x + at, count, vHigh, vLow, scale);
      if (w) y = f32x4.mul(y, take(w + at, count));
      if (b) y = f32x4.add(y, take(b + at, count));
      put(out + at, y, count);
    }
    x += n << 2;
    out += n << 2;
  }
}

/** With h = g·w and x̂ the normalised row: scale·(h − mean(h) − x̂·mean(h·x̂)). */
export function layerNormBackwardX(
  x: usize, w: usize, g: usize, out: usize, rows: i32, n: i32, eps: f32,
): void {
  for (let r = 0; r < rows; r++) {
    const mean = meanOf(x, n);
    const high = <f32>mean;
    const low = <f32>(mean - high);
    const vHigh = splat(high);
    const vLow = splat(low);
    const scale = splat(inverseSpread(x, n, high, low, eps));
    let sumH = splat(0);
    let sumHx = splat(0);
    for (let j = 0; j < n; j += 4) {
      const at: usize = j << 2;
      const count = min(n - j, 4);
      // Missing lanes of g load as 0, so they add nothing.
      let h = take(g + at, count);
      if (w) h = f32x4.mul(h, take(w + at, count));
      sumH = f32x4.add(sumH, h);
      sumHx = madd(h, normal(x + at, count, vHigh, vLow, scale), sumHx);
    }
    const meanH = splat(sumLanes(sumH) / <f32>n);
    const meanHx = splat(sumLanes(sumHx) / <f32>n);
    for (let j = 0; j < n; j += 4) {
      const at: usize = j << 2;
      const count = min(n - j, 4);
      let h = take(g + at, count);
      if (w) h = f32x4.mul(h, take(w + at, count));
      const along = f32x4.mul(normal(x + at, count, vHigh, vLow, scale), meanHx);
      put(out + at, f32x4.mul(f32x4.sub(f32x4.sub(h, meanH), along), scale), count);
    }
    x += n << 2;
    g += n << 2;
    out += n << 2;
  }
}

/** gw = Σ g·x̂ and gb = Σ g over the rows; gb may be 0. */
export function layerNormBackwardW(
  x: usize, g: usize, gw: usize, gb: usize, rows: i32, n: i32, eps: f32,
): void {
  clearRow(gw, n);
  if (gb) clearRow(gb, n);
  for (let r = 0; r < rows; r++) {
    const mean = meanOf(x, n);
    const high = <f32>mean;
    const low = <f32>(mean - high);
    const vHigh = splat(high);
    const vLow = splat(low);
    const scale = splat(inverseSpread(x, n, high, low, eps));
    for (let j = 0; j < n; j += 4) {
      const at: usize = j << 2;
      const count = min(n - j, 4);
      const xhat = normal(x + at, count, vHigh, vLow, scale);
      put(gw + at, madd(take(g + at, count), xhat, take(gw + at, count)), count);
    }
    if (gb) addScaled(n, 1, g, gb);
    x += n << 2;
    g += n << 2;
  }
}

export function rmsNorm(x: usize, w: usize, out: usize, rows: i32, n: i32, eps: f32): void {
  for (let r = 0; r < rows; r++) {
    const scale = splat(inverseRms(x, n, eps));
    for (let j = 0; j < n; j += 4) {
      const at: usize = j << 2;
      const count = min(n - j, 4);
      let y = f32x4.mul(take(x + at, count), scale);
      if (w) y = f32x4.mul(y, take(w + at, count));
      put(out + at, y, count);
    }
    x += n << 2;
    out += n << 2;
  }
}

/** With h = g·w: scale·(h − x·scale²·mean(h·x)). */
export function rmsNormBackwardX(
  x: usize, w: usize, g: usize, out: usize, rows: i32, n: i32, eps: f32,
): void {
  for (let r = 0; r < rows; r++) {
    const inverse = inverseRms(x, n, eps);
    const scale = splat(inverse);
    let sum = splat(0);
    for (let j = 0; j < n; j += 4) {
      const at: usize = j << 2;
      const count = min(n - j, 4);
      let h = take(g + at, count);
      if (w) h = f32x4.mul(h, take(w + at, count));
      sum = madd(h, f32x4.mul(take(x + at, count), scale), sum);
    }
    const meanHx = splat(sumLanes(sum) / <f32>n);
    for (let j = 0; j < n; j += 4) {
      const at: usize = j << 2;
      const count = min(n - j, 4);
      let h = take(g + at, count);
      if (w) h = f32x4.mul(h, take(w + at, count));
      const along = f32x4.mul(f32x4.mul(take(x + at, count), scale), meanHx);
      put(out + at, f32x4.mul(f32x4.sub(h, along), scale), count);
    }
    x += n << 2;
    g += n << 2;
    out += n << 2;
  }
}

/** gw = Σ g·x·scale over the rows. */
export function rmsNormBackwardW(x: usize, g: usize, gw: usize, rows: i32, n: i32, eps: f32): void {
  clearRow(gw, n);
  for (let r = 0; r < rows; r++) {
    const scale = splat(inverseRms(x, n, eps));
    for (let j = 0; j < n; j += 4) {
      const at: usize = j << 2;
      const count = min(n - j, 4);
      const xhat = f32x4.mul(take(x + at, count), scale);
      put(gw + at, madd(take(g + at, count), xhat, take(gw + at, count)), count);
    }
    x += n << 2;
    g += n << 2;
  }
}
