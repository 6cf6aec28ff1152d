// Multiply-adds on registers only: what no product can beat on this machine. Built once fused and once not.

/** `rounds` × 12 independent multiply-adds of four floats; returns a sum, so that nothing is dropped. */
export function peak12(rounds: i32, x: f32, y: f32): f32 {
  const a = f32x4.splat(x);
  const b = f32x4.splat(y);
  let s0 = a, s1 = b, s2 = a, s3 = b, s4 = a, s5 = b, s6 = a, s7 = b, s8 = a, s9 = b, s10 = a, s11 = b;
  for (let i = 0; i < rounds; i++) {
    s0 = fma(s0, a, b); s1 = fma(s1, a, b); s2 = fma(s2, a, b); s3 = fma(s3, a, b);
    s4 = fma(s4, a, b); s5 = fma(s5, a, b); s6 = fma(s6, a, b); s7 = fma(s7, a, b);
    s8 = fma(s8, a, b); s9 = fma(s9, a, b); s10 = fma(s10, a, b); s11 = fma(s11, a, b);
  }
  return total(sum(sum(sum(s0, s1), sum(s2, s3)), sum(sum(s4, s5), sum(s6, s7))), sum(sum(s8, s9), sum(s10, s11)));
}

export function peak10(rounds: i32, x: f32, y: f32): f32 {
  const a = f32x4.splat(x);
  const b = f32x4.splat(y);
  let s0 = a, s1 = b, s2 = a, s3 = b, s4 = a, s5 = b, s6 = a, s7 = b, s8 = a, s9 = b;
  for (let i = 0; i < rounds; i++) {
    s0 = fma(s0, a, b); s1 = fma(s1, a, b); s2 = fma(s2, a, b); s3 = fma(s3, a, b); s4 = fma(s4, a, b);
    s5 = fma(s5, a, b); s6 = fma(s6, a, b); s7 = fma(s7, a, b); s8 = fma(s8, a, b); s9 = fma(s9, a, b);
  }
  return total(sum(sum(sum(s0, s1), sum(s2, s3)), sum(sum(s4, s5), sum(s6, s7))), sum(s8, s9));
}

export function peak8(rounds: i32, x: f32, y: f32): f32 {
  const a = f32x4.splat(x);
  const b = f32x4.splat(y);
  let s0 = a, s1 = b, s2 = a, s3 = b, s4 = a, s5 = b, s6 = a, s7 = b;
  for (let i = 0; i < rounds; i++) {
    s0 = fma(s0, a, b); s1 = fma(s1, a, b); s2 = fma(s2, a, b); s3 = fma(s3, a, b);
    s4 = fma(s4, a, b); s5 = fma(s5, a, b); s6 = fma(s6, a, b); s7 = fma(s7, a, b);
  }
  return total(sum(sum(s0, s1), sum(s2, s3)), sum(sum(s4, s5), sum(s6, s7)));
}

// Chains s·a + b: each waits for itself only. FUSED is set on the command line of the compiler.
// @ts-ignore: decorator
@inline
function fma(s: v128, a: v128, b: v128): v128 {
  return FUSED ? f32x4.relaxed_madd(s, a, b) : f32x4.add(f32x4.mul(s, a), b);
}

// @ts-ignore: decorator
@inline
function sum(a: v128, b: v128): v128 {
  return f32x4.add(a, b);
}

// @ts-ignore: decorator
@inline
function total(a: v128, b: v128): f32 {
  const s = sum(a, b);
  return f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3);
}
