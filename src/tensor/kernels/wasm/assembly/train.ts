// Embedding look-up, its gradient, and the optimiser step.
import { widenRow } from "./elements";
import { addScaled } from "./rows";
import { loadSome, madd, splat, storeSome } from "./simd";

export function embedding(weight: usize, index: usize, out: usize, count: i32, d: i32): void {
  const step: usize = d << 2;
  for (let i = 0; i < count; i++) {
    memory.copy(out, weight + <usize>load<i32>(index + (i << 2)) * step, step);
    out += step;
  }
}

/** As `embedding`, for weights stored in 16 bits. */
export function embeddingWidened<B>(weight: usize, index: usize, out: usize, count: i32, d: i32): void {
  const step: usize = d << changetype<B>(0).shift();
  for (let i = 0; i < count; i++) {
    widenRow<B>(weight + <usize>load<i32>(index + (i << 2)) * step, out, d);
    out += d << 2;
  }
}

/** out[index[i]] += g[i] for `columns` of rows of d; rows of out that are not named stay as they are. */
export function scatterAddRows(index: usize, g: usize, out: usize, count: i32, columns: i32, d: i32): void {
  const step: usize = d << 2;
  for (let i = 0; i < count; i++) {
    addScaled(columns, 1, g, out + <usize>load<i32>(index + (i << 2)) * step);
    g += step;
  }
}

/** AdamW: the weight decay acts on p directly, not through the gradient. */
export function adam(
  p: usize, g: usize, m: usize, v: usize, n: i32,
  lr: f32, beta1: f32, beta2: f32, eps: f32, weightDecay: f32, correction1: f32, correction2: f32,
): void {
  const keepM = splat(beta1);
  const keepV = splat(beta2);
  const newM = splat(1 - beta1);
  const newV = splat(1 - beta2);
  const decay = splat(-lr * weightDecay);
  const rate = splat(lr);
  const unbiasM = splat(1 / correction1);
  const unbiasV = splat(1 / correction2);
  const floor = splat(eps);
  for (let j = 0; j < n; j += 4) {
    const at: usize = j << 2;
    const count = min(n - j, 4);
    const whole = count == 4;
    const grad = whole ? v128.load(g + at) : loadSome(g + at, count);
    const oldM = whole ? v128.load(m + at) : loadSome(m + at, count);
    const oldV = whole ? v128.load(v + at) : loadSome(v + at, count);
    const oldP = whole ? v128.load(p + at) : loadSome(p + at, count);
    const nextM = madd(keepM, oldM, f32x4.mul(newM, grad));
    const nextV = madd(keepV, oldV, f32x4.mul(newV, f32x4.mul(grad, grad)));
    const root = f32x4.add(f32x4.sqrt(f32x4.mul(nextV, unbiasV)), floor);
    const step = f32x4.div(f32x4.mul(rate, f32x4.mul(nextM, unbiasM)), root);
    const nextP = f32x4.sub(madd(decay, oldP, oldP), step);
    if (whole) {
      v128.store(m + at, nextM);
      v128.store(v + at, nextV);
      v128.store(p + at, nextP);
    } else {
      storeSome(m + at, nextM, count);
      storeSome(v + at, nextV, count);
      storeSome(p + at, nextP, count);
    }
  }
}
