// Softmax over contiguous rows, its logarithm, the causal form, and the derivatives.
import { fill } from "./copy";
import * as math from "./math";
import { CHUNK, clearRow, ExpDeviation, rowDot, rowMax, rowSum, Value } from "./rows";
import { first, gatherSome, loadSome, splat, storeSome, sumLanes } from "./simd";

export function logOf(x: f32): f32 {
  return first(math.log(splat(x)));
}

export function scaleRow(x: usize, n: i32, s: f32): void {
  const scale = splat(s);
  let left = n;
  for (; left >= 4; left -= 4) {
    v128.store(x, f32x4.mul(v128.load(x), scale));
    x += 16;
  }
  if (left > 0) storeSome(x, f32x4.mul(loadSome(x, left), scale), left);
}

/** Stores e^(x − top) and returns its sum, taken in short partial sums for precision. */
export function expRow(x: usize, out: usize, n: i32, top: f32): f32 {
  const shift = splat(top);
  let sum = splat(0);
  let vectors = n >> 2;
  while (vectors > 0) {
    const chunk = min(vectors, CHUNK);
    let part = splat(0);
    for (let i = 0; i < chunk; i++) {
      const e = math.exp(f32x4.sub(v128.load(x), shift));
      v128.store(out, e);
      part = f32x4.add(part, e);
      x += 16;
      out += 16;
    }
    sum = f32x4.add(sum, part);
    vectors -= chunk;
  }
  const left = n & 3;
  if (left > 0) {
    // Missing lanes are −∞, which adds 0 to the sum.
    const e = math.exp(f32x4.sub(gatherSome(x, 1, left, splat(-Infinity)), shift));
    storeSome(out, e, left);
    sum = f32x4.add(sum, e);
  }
  return sumLanes(sum);
}

function softmaxRow(x: usize, out: usize, n: i32): void {
  const top = rowMax(x, n);
  if (top == -Infinity) clearRow(out, n);
  else scaleRow(out, n, 1 / expRow(x, out, n, top));
}

export function softmax(x: usize, out: usize, rows: i32, n: i32): void {
  const step: usize = n << 2;
  for (let r = 0; r < rows; r++) {
    softmaxRow(x, out, n);
    x += step;
    out += step;
  }
}

export function causalSoftmax(x: usize, out: usize, matrices: i32, rows: i32, cols: i32): void {
  const step: usize = cols << 2;
  for (let matrix = 0; matrix < matrices; matrix++) {
    for (let r = 0; r < rows; r++) {
      const visible = min(r + 1, cols);
      softmaxRow(x, out, visible);
      clearRow(out + (visible << 2), cols - visible);
      x += step;
      out += step;
    }
  }
}

export function logSoftmax(x: usize, out: usize, rows: i32, n: i32): void {
  const step: usize = n << 2;
  for (let r = 0; r < rows; r++) {
    const top = rowMax(x, n);
    if (top == -Infinity) {
      fill(out, n, top);
    } else {
      // Two subtractions: rounding top + log(sum) first would lose digits for large logits.
      const logSum = splat(logOf(rowSum<ExpDeviation>(x, n, top)));
      const shift = splat(top);
      let i: usize = 0;
      for (; i + 16 <= step; i += 16) {
        v128.store(out + i, f32x4.sub(f32x4.sub(v128.load(x + i), shift), logSum));
      }
      const left = n & 3;
      if (left > 0) {
        storeSome(out + i, f32x4.sub(f32x4.sub(loadSome(x + i, left), shift), logSum), left);
      }
    }
    x += step;
    out += step;
  }
}

/** out = y·(g − Σ g·y). */
export function softmaxGradient(y: usize, g: usize, out: usize, rows: i32, n: i32): void {
  const left = n & 3;
  const whole: usize = (n - left) << 2;
  const step: usize = n << 2;
  for (let r = 0; r < rows; r++) {
    const dot = splat(rowDot(y, g, n));
    for (let i: usize = 0; i < whole; i += 16) {
      v128.store(out + i, f32x4.mul(v128.load(y + i), f32x4.sub(v128.load(g + i), dot)));
    }
    if (left > 0) {
      const rest = f32x4.sub(loadSome(g + whole, left), dot);
      storeSome(out + whole, f32x4.mul(loadSome(y + whole, left), rest), left);
    }
    y += step;
    g += step;
    out += step;
  }
}

/** out = g − e^y·Σ g. */
export function logSoftmaxGradient(y: usize, g: usize, out: usize, rows: i32, n: i32): void {
  const left = n & 3;
  const whole: usize = (n - left) << 2;
  const step: usize = n << 2;
  for (let r = 0; r < rows; r++) {
    const sum = splat(rowSum<Value>(g, n, 0));
    for (let i: usize = 0; i < whole; i += 16) {
      const part = f32x4.mul(math.exp(v128.load(y + i)), sum);
      v128.store(out + i, f32x4.sub(v128.load(g + i), part));
    }
    if (left > 0) {
      const part = f32x4.mul(math.exp(loadSome(y + whole, left)), sum);
      storeSome(out + whole, f32x4.sub(loadSome(g + whole, left), part), left);
    }
    y += step;
    g += step;
    out += step;
  }
}
