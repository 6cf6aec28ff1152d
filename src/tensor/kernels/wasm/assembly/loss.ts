// Cross-entropy of logits against class indices, one loss per row.
import * as math from "./math";
import { clearRow, ExpDeviation, rowMax, rowSum } from "./rows";
import { loadSome, splat, storeSome } from "./simd";
import { logOf } from "./softmax";

export function crossEntropy(
  logits: usize, target: usize, out: usize, rows: i32, n: i32, ignore: i32,
): void {
  for (let r = 0; r < rows; r++) {
    const t = load<i32>(target + (r << 2));
    let loss: f32 = 0;
    if (t != ignore) {
      if (<u32>t >= <u32>n) {
        loss = NaN;
      } else {
        const top = rowMax(logits, n);
        const sum = rowSum<ExpDeviation>(logits, n, top);
        loss = logOf(sum) + (top - load<f32>(logits + (t << 2)));
      }
    }
    store<f32>(out + (r << 2), loss);
    logits += n << 2;
  }
}

/** out = g·(softmax − onehot), 0 at ignored rows. */
export function crossEntropyGradient(
  logits: usize, target: usize, g: usize, out: usize, rows: i32, n: i32, ignore: i32,
): void {
  const left = n & 3;
  const whole: usize = (n - left) << 2;
  for (let r = 0; r < rows; r++) {
    const t = load<i32>(target + (r << 2));
    if (t == ignore || <u32>t >= <u32>n) {
      clearRow(out, n);
    } else {
      const top = rowMax(logits, n);
      const share = load<f32>(g + (r << 2));
      const shift = splat(top);
      const sum = rowSum<ExpDeviation>(logits, n, top);
      const scale = splat(1 / sum);
      const weight = splat(share);
      for (let i: usize = 0; i < whole; i += 16) {
        const e = math.exp(f32x4.sub(v128.load(logits + i), shift));
        v128.store(out + i, f32x4.mul(f32x4.mul(e, scale), weight));
      }
      if (left > 0) {
        const e = math.exp(f32x4.sub(loadSome(logits + whole, left), shift));
        storeSome(out + whole, f32x4.mul(f32x4.mul(e, scale), weight), left);
      }
      const at = out + (t << 2);
      store<f32>(at, load<f32>(at) - share);
    }
    logits += n << 2;
    out += n << 2;
  }
}
