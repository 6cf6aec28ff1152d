// Layer normalisation and root-mean-square normalisation over contiguous rows: forward, and the gradient of x.
import { rowSum, Value } from "./rows";
import { keepSome, loadSome, madd, splat, storeSome, sumLanes } from "./simd";

// Of the row at hand: x̂ = (x − centre)·scale + shift. Globals belong to an instance of the module, so to one thread.
let centre: f32 = 0;
let scale: f32 = 0;
let shift: f32 = 0;

/** The parts in which the two norms differ. Calls are inlined, and what returns a constant vanishes. */
class Layer {
  @inline centred(): bool { return true; }
  @inline deviation(x: v128, centre: v128): v128 { return f32x4.sub(x, centre); }
  @inline hat(x: v128, centre: v128, scale: v128, shift: v128): v128 {
    return madd(f32x4.sub(x, centre), scale, shift);
  }
  @inline bias(p: usize): v128 { return v128.load(p); }
  @inline biasSome(p: usize, count: i32): v128 { return loadSome(p, count); }
  @inline affine(hat: v128, w: v128, b: v128): v128 { return madd(hat, w, b); }
}
class Rms {
  @inline centred(): bool { return false; }
  @inline deviation(x: v128, _centre: v128): v128 { return x; }
  @inline hat(x: v128, _centre: v128, scale: v128, _shift: v128): v128 { return f32x4.mul(x, scale); }
  @inline bias(_p: usize): v128 { return splat(0); }
  @inline biasSome(_p: usize, _count: i32): v128 { return splat(0); }
  @inline affine(hat: v128, w: v128, _b: v128): v128 { return f32x4.mul(hat, w); }
}

/** A first mean: what it misses by rounding, `scaleRow` finds as the mean of the deviations. */
// @ts-ignore: decorator
@inline
function centreRow<K>(x: usize, n: i32): void {
  centre = changetype<K>(0).centred() ? rowSum<Value>(x, n, 0) / <f32>n : 0;
}

/** Sets scale and shift from the mean of d = x − centre and of d². */
// @ts-ignore: decorator
@inline
function scaleRow(mean: f32, meanSquare: f32, eps: f32): void {
  scale = 1 / sqrt<f32>(max<f32>(meanSquare - mean * mean, 0) + eps);
  shift = -mean * scale;
}

/** Returns what the centre misses of the mean. */
function measure<K>(x: usize, n: i32, eps: f32): f32 {
  const k = changetype<K>(0);
  centreRow<K>(x, n);
  const c = splat(centre);
  let sum = splat(0);
  let square = splat(0);
  let otherSquare = splat(0);
  let left = n;
  for (; left >= 8; left -= 8) {
    const d = k.deviation(v128.load(x), c);
    const e = k.deviation(v128.load(x, 16), c);
    if (k.centred()) sum = f32x4.add(sum, f32x4.add(d, e));
    square = madd(d, d, square);
    otherSquare = madd(e, e, otherSquare);
    x += 32;
  }
  for (; left > 0; left -= 4) {
    const v = left >= 4 ? v128.load(x) : loadSome(x, left);
    const d = keepSome(k.deviation(v, c), left);
    sum = f32x4.add(sum, d);
    square = madd(d, d, square);
    x += 16;
  }
  const mean: f32 = k.centred() ? sumLanes(sum) / <f32>n : 0;
  scaleRow(mean, sumLanes(f32x4.add(square, otherSquare)) / <f32>n, eps);
  return mean;
}

function forward<K>(x: usize, w: usize, b: usize, out: usize, rows: i32, n: i32, eps: f32): void {
  const k = changetype<K>(0);
  const left = n & 3;
  const whole: usize = (n - left) << 2;
  for (let r = 0; r < rows; r++) {
    measure<K>(x, n, eps);
    const c = splat(centre);
    const s = splat(scale);
    const t = splat(shift);
    for (let at: usize = 0; at < whole; at += 16) {
      const hat = k.hat(v128.load(x + at), c, s, t);
      v128.store(out + at, k.affine(hat, v128.load(w + at), k.bias(b + at)));
    }
    if (left > 0) {
      const hat = k.hat(loadSome(x + whole, left), c, s, t);
      storeSome(out + whole, k.affine(hat, loadSome(w + whole, left), k.biasSome(b + whole, left)), left);
    }
    x += n << 2;
    out += n << 2;
  }
}

/** With h = g·w: scale·(h − mean(h) − x̂·mean(h·x̂)), where the root mean square has no mean(h). */
function backwardX<K>(x: usize, w: usize, g: usize, out: usize, rows: i32, n: i32, eps: f32): void {
  const k = changetype<K>(0);
  const left = n & 3;
  const whole: usize = (n - left) << 2;
  const size = <f32>n;
  for (let r = 0; r < rows; r++) {
    centreRow<K>(x, n);
    const c = splat(centre);
    let sum = splat(0);
    let square = splat(0);
    let sumH = splat(0);
    let dot = splat(0);
    for (let at: usize = 0; at < whole; at += 16) {
      const d = k.deviation(v128.load(x + at), c);
      const h = f32x4.mul(v128.load(g + at), v128.load(w + at));
      sum = f32x4.add(sum, d);
      square = madd(d, d, square);
      sumH = f32x4.add(sumH, h);
      dot = madd(h, d, dot);
    }
    if (left > 0) {
      // Missing lanes of g load as 0.
      const d = keepSome(k.deviation(loadSome(x + whole, left), c), left);
      const h = f32x4.mul(loadSome(g + whole, left), loadSome(w + whole, left));
      sum = f32x4.add(sum, d);
      square = madd(d, d, square);
      sumH = f32x4.add(sumH, h);
      dot = madd(h, d, dot);
    }
    scaleRow(k.centred() ? sumLanes(sum) / size : 0, sumLanes(square) / size, eps);
    const meanH: f32 = k.centred() ? sumLanes(sumH) / size : 0;
    const meanHx: f32 = scale * (sumLanes(dot) / size) + shift * meanH;
    // The same formula as one line in h and d = x − centre.
    const s = splat(scale);
    const slope = splat(-scale * meanHx * scale);
    const constant = splat(-scale * (meanH + shift * meanHx));
    for (let at: usize = 0; at < whole; at += 16) {
      const h = f32x4.mul(v128.load(g + at), v128.load(w + at));
      const d = k.deviation(v128.load(x + at), c);
      const rest = k.centred() ? madd(d, slope, constant) : f32x4.mul(d, slope);
      v128.store(out + at, madd(h, s, rest));
    }
    if (left > 0) {
      const h = f32x4.mul(loadSome(g + whole, left), loadSome(w + whole, left));
      const d = k.deviation(loadSome(x + whole, left), c);
      storeSome(out + whole, madd(h, s, madd(d, slope, constant)), left);
    }
    x += n << 2;
    g += n << 2;
    out += n << 2;
  }
}

/** [rows, 2]: mean and scale of each row, for `normWeightGradient`. */
function statistics<K>(x: usize, out: usize, rows: i32, n: i32, eps: f32): void {
  for (let r = 0; r < rows; r++) {
    const missing = measure<K>(x, n, eps);
    store<f32>(out, centre + missing);
    store<f32>(out, scale, 4);
    x += n << 2;
    out += 8;
  }
}

export function layerNorm(x: usize, w: usize, b: usize, out: usize, rows: i32, n: i32, eps: f32): void {
  forward<Layer>(x, w, b, out, rows, n, eps);
}
export function layerNormGradient(x: usize, w: usize, g: usize, out: usize, rows: i32, n: i32, eps: f32): void {
  backwardX<Layer>(x, w, g, out, rows, n, eps);
}
export function layerNormStatistics(x: usize, out: usize, rows: i32, n: i32, eps: f32): void {
  statistics<Layer>(x, out, rows, n, eps);
}
export function rmsNorm(x: usize, w: usize, out: usize, rows: i32, n: i32, eps: f32): void {
  forward<Rms>(x, w, 0, out, rows, n, eps);
}
export function rmsNormGradient(x: usize, w: usize, g: usize, out: usize, rows: i32, n: i32, eps: f32): void {
  backwardX<Rms>(x, w, g, out, rows, n, eps);
}
export function rmsNormStatistics(x: usize, out: usize, rows: i32, n: i32, eps: f32): void {
  statistics<Rms>(x, out, rows, n, eps);
}
