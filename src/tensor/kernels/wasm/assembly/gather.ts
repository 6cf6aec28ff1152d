// Picking and adding along the middle axis of x [outer, n, inner] by an index [outer, count, inner].

/** out[o, c, i] = x[o, index[o, c, i], i]. */
export function gatherAlong(x: usize, index: usize, out: usize, outer: i32, n: i32, count: i32, inner: i32): void {
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < count; c++) {
      for (let i = 0; i < inner; i++) {
        store<f32>(out, load<f32>(x + ((load<i32>(index) * inner + i) << 2)));
        index += 4;
        out += 4;
      }
    }
    x += (n * inner) << 2;
  }
}

/** x[o, index[o, c, i], i] += source[o, c, i]. */
export function scatterAddAlong(
  x: usize, index: usize, source: usize, outer: i32, n: i32, count: i32, inner: i32,
): void {
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < count; c++) {
      for (let i = 0; i < inner; i++) {
        const at = x + ((load<i32>(index) * inner + i) << 2);
        store<f32>(at, load<f32>(at) + load<f32>(source));
        index += 4;
        source += 4;
      }
    }
    x += (n * inner) << 2;
  }
}
