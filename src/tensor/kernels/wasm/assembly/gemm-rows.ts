// Products with very few rows, where reading B is the whole cost: it is read once, in order, and never packed.
import { BF16, F16, F32, Stored } from "./elements";
import { Five, Four, One, Three, Two } from "./gemm-tile";
import { loadSome, madd, splat, storeSome, sumLanes } from "./simd";

/** c + a0·b0 + a1·b1 + a2·b2 + a3·b3. */
// @ts-ignore: decorator
@inline
function addFour(
  c: v128, a0: v128, a1: v128, a2: v128, a3: v128, b0: v128, b1: v128, b2: v128, b3: v128,
): v128 {
  const low = madd(a1, b1, f32x4.mul(a0, b0));
  const high = madd(a3, b3, f32x4.mul(a2, b2));
  return f32x4.add(c, f32x4.add(low, high));
}

/** One row of C += four rows of B: whole groups of eight columns. All steps in bytes. */
function streamAlone<B>(n: i32, a: usize, aStep: usize, b: usize, bStep: usize, c: usize): void {
  const from = changetype<B>(0);
  const a0 = v128.load_splat<f32>(a);
  const a1 = v128.load_splat<f32>(a + aStep);
  const a2 = v128.load_splat<f32>(a + 2 * aStep);
  const a3 = v128.load_splat<f32>(a + 3 * aStep);
  const next: usize = 4 << from.shift();
  let b1 = b + bStep;
  let b2 = b1 + bStep;
  let b3 = b2 + bStep;
  for (let left = n; left >= 8; left -= 8) {
    let low = v128.load(c);
    let high = v128.load(c, 16);
    if (from.rowsAreNormal(b, bStep)) {
      low = addFour(
        low, a0, a1, a2, a3, from.fourNormal(b), from.fourNormal(b1), from.fourNormal(b2), from.fourNormal(b3),
      );
      high = addFour(
        high, a0, a1, a2, a3,
        from.fourNormal(b + next), from.fourNormal(b1 + next), from.fourNormal(b2 + next), from.fourNormal(b3 + next),
      );
    } else {
      low = addFour(low, a0, a1, a2, a3, from.four(b), from.four(b1), from.four(b2), from.four(b3));
      high = addFour(
        high, a0, a1, a2, a3, from.four(b + next), from.four(b1 + next), from.four(b2 + next), from.four(b3 + next),
      );
    }
    v128.store(c, low);
    v128.store(c, high, 16);
    c += 32;
    b += 2 * next;
    b1 += 2 * next;
    b2 += 2 * next;
    b3 += 2 * next;
  }
}

/** As the function above, for several rows, which share the numbers of B. */
function streamFour<B>(
  rows: i32, n: i32, a: usize, aStep: usize, aRow: usize, b: usize, bStep: usize, c: usize, cStep: usize,
): void {
  const from = changetype<B>(0);
  const next: usize = 4 << from.shift();
  for (let left = n; left >= 8; left -= 8) {
    const areNormal = from.rowsAreNormal(b, bStep);
    for (let part: usize = 0; part < 32; part += 16) {
      const b0 = areNormal ? from.fourNormal(b) : from.four(b);
      const b1 = areNormal ? from.fourNormal(b + bStep) : from.four(b + bStep);
      const b2 = areNormal ? from.fourNormal(b + 2 * bStep) : from.four(b + 2 * bStep);
      const b3 = areNormal ? from.fourNormal(b + 3 * bStep) : from.four(b + 3 * bStep);
      let row = a;
      let to = c + part;
      for (let i = 0; i < rows; i++) {
        const a0 = v128.load_splat<f32>(row);
        const a1 = v128.load_splat<f32>(row + aStep);
        const a2 = v128.load_splat<f32>(row + 2 * aStep);
        const a3 = v128.load_splat<f32>(row + 3 * aStep);
        v128.store(to, addFour(v128.load(to), a0, a1, a2, a3, b0, b1, b2, b3));
        row += aRow;
        to += cStep;
      }
      b += next;
    }
    c += 32;
  }
}

/** The last columns, fewer than eight, of one row. */
function streamRest<B>(n: i32, a: usize, aStep: usize, b: usize, bStep: usize, c: usize): void {
  for (let left = n; left > 0; left -= 4) {
    const count = min(left, 4);
    const sum = addFour(
      count == 4 ? v128.load(c) : loadSome(c, count),
      v128.load_splat<f32>(a),
      v128.load_splat<f32>(a + aStep),
      v128.load_splat<f32>(a + 2 * aStep),
      v128.load_splat<f32>(a + 3 * aStep),
      load4<B>(b, count),
      load4<B>(b + bStep, count),
      load4<B>(b + 2 * bStep, count),
      load4<B>(b + 3 * bStep, count),
    );
    if (count == 4) v128.store(c, sum);
    else storeSome(c, sum, count);
    b += 4 << changetype<B>(0).shift();
    c += 16;
  }
}

/** Four neighbours, or the first `count` of them. */
function load4<B>(p: usize, count: i32): v128 {
  const from = changetype<B>(0);
  return count == 4 ? from.four(p) : from.some(p, count);
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

function stream<B>(
  rows: i32, n: i32, k: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, c: usize, cRow: i32,
): void {
  const shift = changetype<B>(0).shift();
  const aStep: usize = aCol << 2;
  const bStep: usize = bRow << shift;
  const whole = n & ~7;
  let p = 0;
  for (; p + 4 <= k; p += 4) {
    if (rows == 1) streamAlone<B>(n, a, aStep, b, bStep, c);
    else streamFour<B>(rows, n, a, aStep, aRow << 2, b, bStep, c, cRow << 2);
    if (whole < n) {
      const from = b + (whole << shift);
      for (let i = 0; i < rows; i++) {
        streamRest<B>(n - whole, a + ((i * aRow) << 2), aStep, from, bStep, c + ((i * cRow + whole) << 2));
      }
    }
    a += 4 * aStep;
    b += 4 * bStep;
  }
  for (; p < k; p++) {
    for (let i = 0; i < rows; i++) {
      streamOne<B>(n, load<f32>(a + ((i * aRow) << 2)), b, c + ((i * cRow) << 2));
    }
    a += aStep;
    b += bStep;
  }
}

/** For B with unit column stride and few rows. C must hold its starting values already. */
export function streamRows(
  stored: i32, m: i32, n: i32, k: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32, c: usize, cRow: i32,
): void {
  switch (stored) {
    case Stored.F16: return stream<F16>(m, n, k, a, aRow, aCol, b, bRow, c, cRow);
    case Stored.BF16: return stream<BF16>(m, n, k, a, aRow, aCol, b, bRow, c, cRow);
    default: return stream<F32>(m, n, k, a, aRow, aCol, b, bRow, c, cRow);
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
  if (rows == 1) {
    // One row alone would wait for its two sums: four.
    for (; left >= 16; left -= 16) {
      const next = b + (8 << from.shift());
      if (from.areNormal(b) && from.areNormal(next)) {
        even0 = madd(v128.load(a), from.fourNormal(b), even0);
        odd0 = madd(v128.load(a, 16), from.fourNormal(b + (4 << from.shift())), odd0);
        even1 = madd(v128.load(a, 32), from.fourNormal(next), even1);
        odd1 = madd(v128.load(a, 48), from.fourNormal(next + (4 << from.shift())), odd1);
      } else {
        even0 = madd(v128.load(a), from.four(b), even0);
        odd0 = madd(v128.load(a, 16), from.four(b + (4 << from.shift())), odd0);
        even1 = madd(v128.load(a, 32), from.four(next), even1);
        odd1 = madd(v128.load(a, 48), from.four(next + (4 << from.shift())), odd1);
      }
      a += 64;
      b += 16 << from.shift();
    }
    even0 = f32x4.add(even0, even1);
    odd0 = f32x4.add(odd0, odd1);
  }
  for (; left >= 8; left -= 8) {
    let low: v128;
    let high: v128;
    if (from.areNormal(b)) {
      low = from.fourNormal(b);
      high = from.fourNormal(b + (4 << from.shift()));
    } else {
      low = from.four(b);
      high = from.four(b + (4 << from.shift()));
    }
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
