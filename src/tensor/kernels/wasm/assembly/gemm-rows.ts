// Products with very few rows, where reading B is the whole cost: it is read once, in order, and never packed.
import { BF16, F16, F32, Stored } from "./elements";
import { Five, Four, One, Three, Two } from "./gemm-tile";
import { loadSome, madd, splat, storeSome, sumLanes } from "./simd";

/** c plus four vectors of B, each times its element of A; these lie `step` bytes apart. */
// @ts-ignore: decorator
@inline
function addFour(c: v128, a: usize, step: usize, b0: v128, b1: v128, b2: v128, b3: v128): v128 {
  const low = madd(v128.load_splat<f32>(a + step), b1, f32x4.mul(v128.load_splat<f32>(a), b0));
  const high = madd(v128.load_splat<f32>(a + 3 * step), b3, f32x4.mul(v128.load_splat<f32>(a + 2 * step), b2));
  return f32x4.add(c, f32x4.add(low, high));
}

/** Rows of C += four rows of B, each times its elements of A. All steps in bytes. */
function streamFour<B, R>(
  n: i32, a: usize, aStep: usize, aRow: usize, b: usize, bStep: usize, c: usize, cStep: usize,
): void {
  const from = changetype<B>(0);
  const rows = changetype<R>(0).rows();
  let left = n;
  for (; left >= 4; left -= 4) {
    const b0 = from.four(b);
    const b1 = from.four(b + bStep);
    const b2 = from.four(b + 2 * bStep);
    const b3 = from.four(b + 3 * bStep);
    v128.store(c, addFour(v128.load(c), a, aStep, b0, b1, b2, b3));
    for (let i: usize = 1; i < <usize>rows; i++) {
      const to = c + i * cStep;
      v128.store(to, addFour(v128.load(to), a + i * aRow, aStep, b0, b1, b2, b3));
    }
    b += 4 << from.shift();
    c += 16;
  }
  if (left == 0) return;
  const b0 = from.some(b, left);
  const b1 = from.some(b + bStep, left);
  const b2 = from.some(b + 2 * bStep, left);
  const b3 = from.some(b + 3 * bStep, left);
  for (let i: usize = 0; i < <usize>rows; i++) {
    const to = c + i * cStep;
    storeSome(to, addFour(loadSome(to, left), a + i * aRow, aStep, b0, b1, b2, b3), left);
  }
}

/** One row of C += s · one row of B. */
function streamOne<B>(n: i32, s: f32, b: usize, c: usize): void {
  const from = changetype<B>(0);
  const scale = splat(s);
  let left = n;
  for (; left >= 4; left -= 4) {
    v128.store(c, madd(scale, from.four(b), v128.load(c)));
    b += 4 << from.shift();
    c += 16;
  }
  if (left > 0) storeSome(c, madd(scale, from.some(b, left), loadSome(c, left)), left);
}

function stream<B, R>(
  n: i32, k: i32, a: usize, aRow: usize, aStep: usize, b: usize, bStep: usize, c: usize, cStep: usize,
): void {
  let p = 0;
  for (; p + 4 <= k; p += 4) {
    streamFour<B, R>(n, a, aStep, aRow, b, bStep, c, cStep);
    a += 4 * aStep;
    b += 4 * bStep;
  }
  for (; p < k; p++) {
    for (let i: usize = 0; i < <usize>changetype<R>(0).rows(); i++) {
      streamOne<B>(n, load<f32>(a + i * aRow), b, c + i * cStep);
    }
    a += aStep;
    b += bStep;
  }
}

function streamStored<B>(
  m: i32, n: i32, k: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, c: usize, cRow: i32,
): void {
  const row: usize = aRow << 2;
  const step: usize = aCol << 2;
  const bStep: usize = bRow << changetype<B>(0).shift();
  const cStep: usize = cRow << 2;
  switch (m) {
    case 5: return stream<B, Five>(n, k, a, row, step, b, bStep, c, cStep);
    case 4: return stream<B, Four>(n, k, a, row, step, b, bStep, c, cStep);
    case 3: return stream<B, Three>(n, k, a, row, step, b, bStep, c, cStep);
    case 2: return stream<B, Two>(n, k, a, row, step, b, bStep, c, cStep);
    default: return stream<B, One>(n, k, a, row, step, b, bStep, c, cStep);
  }
}

/** For B with unit column stride and 1 to 5 rows. C must hold its starting values already. */
export function streamRows(
  stored: i32, m: i32, n: i32, k: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, c: usize, cRow: i32,
): void {
  switch (stored) {
    case Stored.F16: return streamStored<F16>(m, n, k, a, aRow, aCol, b, bRow, c, cRow);
    case Stored.BF16: return streamStored<BF16>(m, n, k, a, aRow, aCol, b, bRow, c, cRow);
    default: return streamStored<F32>(m, n, k, a, aRow, aCol, b, bRow, c, cRow);
  }
}

/** Adds the products of rows of A with one column of B, all contiguous; steps in bytes. */
function dotColumn<B, R>(k: i32, a: usize, aRow: usize, b: usize, c: usize, cStep: usize): void {
  const from = changetype<B>(0);
  const rows = changetype<R>(0).rows();
  let even0 = splat(0);
  let odd0 = splat(0);
  let even1 = splat(0);
  let odd1 = splat(0);
  let even2 = splat(0);
  let odd2 = splat(0);
  let even3 = splat(0);
  let odd3 = splat(0);
  let even4 = splat(0);
  let odd4 = splat(0);
  let left = k;
  for (; left >= 8; left -= 8) {
    const low = from.four(b);
    const high = from.four(b + (4 << from.shift()));
    even0 = madd(v128.load(a), low, even0);
    odd0 = madd(v128.load(a, 16), high, odd0);
    if (rows > 1) {
      even1 = madd(v128.load(a + aRow), low, even1);
      odd1 = madd(v128.load(a + aRow, 16), high, odd1);
    }
    if (rows > 2) {
      even2 = madd(v128.load(a + 2 * aRow), low, even2);
      odd2 = madd(v128.load(a + 2 * aRow, 16), high, odd2);
    }
    if (rows > 3) {
      even3 = madd(v128.load(a + 3 * aRow), low, even3);
      odd3 = madd(v128.load(a + 3 * aRow, 16), high, odd3);
    }
    if (rows > 4) {
      even4 = madd(v128.load(a + 4 * aRow), low, even4);
      odd4 = madd(v128.load(a + 4 * aRow, 16), high, odd4);
    }
    a += 32;
    b += 8 << from.shift();
  }
  finish<B>(left, a, b, c, even0, odd0);
  if (rows > 1) finish<B>(left, a + aRow, b, c + cStep, even1, odd1);
  if (rows > 2) finish<B>(left, a + 2 * aRow, b, c + 2 * cStep, even2, odd2);
  if (rows > 3) finish<B>(left, a + 3 * aRow, b, c + 3 * cStep, even3, odd3);
  if (rows > 4) finish<B>(left, a + 4 * aRow, b, c + 4 * cStep, even4, odd4);
}

/** Adds the last `left` (0 to 7) products and both sums to one element of C. */
function finish<B>(left: i32, a: usize, b: usize, c: usize, even: v128, odd: v128): void {
  const from = changetype<B>(0);
  if (left >= 4) {
    even = madd(v128.load(a), from.four(b), even);
    a += 16;
    b += 4 << from.shift();
    left -= 4;
  }
  if (left > 0) odd = madd(loadSome(a, left), from.some(b, left), odd);
  store<f32>(c, load<f32>(c) + sumLanes(f32x4.add(even, odd)));
}

function dot<B, R>(
  n: i32, k: i32, a: usize, aRow: usize, b: usize, column: usize, c: usize, cStep: usize,
): void {
  for (let j = 0; j < n; j++) {
    dotColumn<B, R>(k, a, aRow, b, c, cStep);
    b += column;
    c += 4;
  }
}

function dotStored<B>(
  m: i32, n: i32, k: i32, a: usize, aRow: i32, b: usize, bCol: i32, c: usize, cRow: i32,
): void {
  const row: usize = aRow << 2;
  const column: usize = bCol << changetype<B>(0).shift();
  const cStep: usize = cRow << 2;
  switch (m) {
    case 5: return dot<B, Five>(n, k, a, row, b, column, c, cStep);
    case 4: return dot<B, Four>(n, k, a, row, b, column, c, cStep);
    case 3: return dot<B, Three>(n, k, a, row, b, column, c, cStep);
    case 2: return dot<B, Two>(n, k, a, row, b, column, c, cStep);
    default: return dot<B, One>(n, k, a, row, b, column, c, cStep);
  }
}

/** For A and B contiguous along the depth (a transposed weight) and 1 to 5 rows; C holds its starting values. */
export function dotRows(
  stored: i32, m: i32, n: i32, k: i32, a: usize, aRow: i32, b: usize, bCol: i32, c: usize, cRow: i32,
): void {
  switch (stored) {
    case Stored.F16: return dotStored<F16>(m, n, k, a, aRow, b, bCol, c, cRow);
    case Stored.BF16: return dotStored<BF16>(m, n, k, a, aRow, b, bCol, c, cRow);
    default: return dotStored<F32>(m, n, k, a, aRow, b, bCol, c, cRow);
  }
}
