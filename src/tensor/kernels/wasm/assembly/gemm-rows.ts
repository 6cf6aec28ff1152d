// Products with very few rows, where reading B is the whole cost and packing it would double that.
import { addScaled } from "./rows";
import { gatherSome, gather, loadSome, madd, splat, storeSome, sumLanes } from "./simd";

/** C row += four rows of B, each times its element of A. */
function addFourRows(n: i32, a: usize, aStep: usize, b: usize, bStep: usize, c: usize): void {
  const a0 = v128.load_splat<f32>(a);
  const a1 = v128.load_splat<f32>(a + aStep);
  const a2 = v128.load_splat<f32>(a + 2 * aStep);
  const a3 = v128.load_splat<f32>(a + 3 * aStep);
  const b1 = b + bStep;
  const b2 = b1 + bStep;
  const b3 = b2 + bStep;
  let j: usize = 0;
  const whole: usize = (n & ~3) << 2;
  for (; j < whole; j += 16) {
    const low = madd(a1, v128.load(b1 + j), f32x4.mul(a0, v128.load(b + j)));
    const high = madd(a3, v128.load(b3 + j), f32x4.mul(a2, v128.load(b2 + j)));
    v128.store(c + j, f32x4.add(v128.load(c + j), f32x4.add(low, high)));
  }
  const left = n & 3;
  if (left > 0) {
    const low = madd(a1, loadSome(b1 + j, left), f32x4.mul(a0, loadSome(b + j, left)));
    const high = madd(a3, loadSome(b3 + j, left), f32x4.mul(a2, loadSome(b2 + j, left)));
    storeSome(c + j, f32x4.add(loadSome(c + j, left), f32x4.add(low, high)), left);
  }
}

/** For B with unit column stride: B is read once, in order. C must hold its starting values already. */
export function streamRows(
  m: i32, n: i32, k: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, c: usize, cRow: i32,
): void {
  const step: usize = aCol << 2;
  let p = 0;
  for (; p + 4 <= k; p += 4) {
    for (let i = 0; i < m; i++) {
      addFourRows(n, a + ((i * aRow) << 2), step, b, bRow << 2, c + ((i * cRow) << 2));
    }
    a += 4 * step;
    b += bRow << 4;
  }
  for (; p < k; p++) {
    for (let i = 0; i < m; i++) addScaled(n, load<f32>(a + ((i * aRow) << 2)), b, c + ((i * cRow) << 2));
    a += step;
    b += bRow << 2;
  }
}

/** Adds the products of one row of A with `count` (1 to 4) columns of B, each contiguous. */
function dotFour(k: i32, a: usize, aCol: i32, b: usize, column: usize, c: usize, count: i32): void {
  // Columns that do not exist repeat the last one and are not stored.
  let q0 = b;
  let q1 = b + <usize>min(1, count - 1) * column;
  let q2 = b + <usize>min(2, count - 1) * column;
  let q3 = b + <usize>min(3, count - 1) * column;
  let d0 = splat(0);
  let d1 = splat(0);
  let d2 = splat(0);
  let d3 = splat(0);
  let left = k;
  for (; left >= 4; left -= 4) {
    const v = aCol == 1 ? v128.load(a) : gather(a, aCol);
    d0 = madd(v, v128.load(q0), d0);
    d1 = madd(v, v128.load(q1), d1);
    d2 = madd(v, v128.load(q2), d2);
    d3 = madd(v, v128.load(q3), d3);
    a += aCol << 4;
    q0 += 16;
    q1 += 16;
    q2 += 16;
    q3 += 16;
  }
  if (left > 0) {
    const v = gatherSome(a, aCol, left, splat(0));
    d0 = madd(v, loadSome(q0, left), d0);
    d1 = madd(v, loadSome(q1, left), d1);
    d2 = madd(v, loadSome(q2, left), d2);
    d3 = madd(v, loadSome(q3, left), d3);
  }
  const dots = f32x4(sumLanes(d0), sumLanes(d1), sumLanes(d2), sumLanes(d3));
  if (count == 4) v128.store(c, f32x4.add(v128.load(c), dots));
  else storeSome(c, f32x4.add(loadSome(c, count), dots), count);
}

/** For B with unit row stride (a transposed weight): dot products; C holds its starting values. */
export function dotRows(
  m: i32, n: i32, k: i32, a: usize, aRow: i32, aCol: i32, b: usize, bCol: i32, c: usize, cRow: i32,
): void {
  const column: usize = bCol << 2;
  for (let j = 0; j < n; j += 4) {
    const count = min(n - j, 4);
    // All rows while the four columns are in the cache.
    for (let i = 0; i < m; i++) {
      dotFour(k, a + ((i * aRow) << 2), aCol, b + <usize>j * column, column, c + ((i * cRow + j) << 2), count);
    }
  }
}
