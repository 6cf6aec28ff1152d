// Rotary position embedding on rows of heads.

/**
 * In each row of `all` vectors of size `d`, turns the pairs (i, i + half) of the first `heads` by the row's angles;
 * everything else is copied. Multiplies and adds apart, so that all elements are rounded alike.
 */
export function rotary(
  x: usize, cos: usize, sin: usize, out: usize, rows: i32, heads: i32, all: i32, d: i32, half: i32,
): void {
  const bytes: usize = <usize>d << 2;
  const span: usize = <usize>half << 2;
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      turn(x, cos, sin, out, span);
      memory.copy(out + 2 * span, x + 2 * span, bytes - 2 * span);
      x += bytes;
      out += bytes;
    }
    const rest = <usize>(all - heads) * bytes;
    memory.copy(out, x, rest);
    x += rest;
    out += rest;
    cos += span;
    sin += span;
  }
}

// @ts-ignore: decorator
@inline
function turn(x: usize, cos: usize, sin: usize, out: usize, span: usize): void {
  let at: usize = 0;
  for (; at + 16 <= span; at += 16) {
    const a = v128.load(x + at);
    const b = v128.load(x + span + at);
    const c = v128.load(cos + at);
    const s = v128.load(sin + at);
    v128.store(out + at, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)));
    v128.store(out + span + at, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)));
  }
  for (; at < span; at += 4) {
    const a = load<f32>(x + at);
    const b = load<f32>(x + span + at);
    const c = load<f32>(cos + at);
    const s = load<f32>(sin + at);
    store<f32>(out + at, a * c - b * s);
    store<f32>(out + span + at, b * c + a * s);
  }
}
