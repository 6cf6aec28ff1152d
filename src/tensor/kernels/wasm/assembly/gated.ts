// SwiGLU, silu(gate)·up, on contiguous elements, and the derivative for the gate.
import * as math from "./math";
import { loadSome, storeSome } from "./simd";

export function swiglu(gate: usize, up: usize, out: usize, n: i32): void {
  let left = n;
  for (; left >= 4; left -= 4) {
    v128.store(out, f32x4.mul(math.silu(v128.load(gate)), v128.load(up)));
    gate += 16;
    up += 16;
    out += 16;
  }
  if (left > 0) storeSome(out, f32x4.mul(math.silu(loadSome(gate, left)), loadSome(up, left)), left);
}

/** out = g·up·silu′(gate). */
export function swigluGateGradient(gate: usize, up: usize, g: usize, out: usize, n: i32): void {
  let left = n;
  for (; left >= 4; left -= 4) {
    v128.store(out, f32x4.mul(math.siluSlope(v128.load(gate)), f32x4.mul(v128.load(up), v128.load(g))));
    gate += 16;
    up += 16;
    g += 16;
    out += 16;
  }
  if (left > 0) {
    const rest = f32x4.mul(loadSome(up, left), loadSome(g, left));
    storeSome(out, f32x4.mul(math.siluSlope(loadSome(gate, left)), rest), left);
  }
}
