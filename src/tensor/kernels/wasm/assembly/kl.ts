// KL between rows of logits without some columns, and its derivative. The columns left out cut a row into segments.
import * as math from "./math";
import { CHUNK, clearRow, ExpDeviation, rowMax, rowSum } from "./rows";
import { keepSome, loadSome, madd, splat, storeSome, sumLanes } from "./simd";
import { expRow, logOf } from "./softmax";

/** Where the segment from column `from` ends: at the next of the k columns in `index`, or at n. */
function segmentEnd(from: i32, n: i32, index: usize, k: i32): i32 {
  let end = n;
  for (let i = 0; i < k; i++) {
    const column = load<i32>(index + (i << 2));
    if (column >= from && column < end) end = column;
  }
  return end;
}

/** The largest element of all segments, −∞ when there is none. */
function segmentsMax(x: usize, n: i32, index: usize, k: i32): f32 {
  let top: f32 = -Infinity;
  for (let from = 0; from < n; ) {
    const end = segmentEnd(from, n, index, k);
    top = max<f32>(top, rowMax(x + (from << 2), end - from));
    from = end + 1;
  }
  return top;
}

// Sums over the segments of the row at hand. Globals belong to an instance of the module, so to one thread.
let sumP: f32 = 0;
let sumQ: f32 = 0;
let sumChange: f32 = 0;

/** Σ e^a, Σ e^b and Σ e^a·(a − b) with a and b from their largest, in short partial sums for precision. */
function addSegment(x: usize, y: usize, n: i32, topX: f32, topY: f32): void {
  const vX = splat(topX);
  const vY = splat(topY);
  for (let vectors = (n + 3) >> 2; vectors > 0; ) {
    const chunk = min(vectors, CHUNK);
    let p = splat(0);
    let q = splat(0);
    let change = splat(0);
    for (let i = 0; i < chunk; i++) {
      const whole = n >= 4;
      const a = f32x4.sub(whole ? v128.load(x) : loadSome(x, n), vX);
      const b = f32x4.sub(whole ? v128.load(y) : loadSome(y, n), vY);
      const e = keepSome(math.exp(a), n);
      p = f32x4.add(p, e);
      q = f32x4.add(q, keepSome(math.exp(b), n));
      // Where e^a is 0, a may be −∞, and the term is 0 all the same.
      const difference = v128.and(f32x4.sub(a, b), f32x4.ne(e, splat(0)));
      change = madd(e, difference, change);
      x += 16;
      y += 16;
      n -= 4;
    }
    sumP += sumLanes(p);
    sumQ += sumLanes(q);
    sumChange += sumLanes(change);
    vectors -= chunk;
  }
}

function klRow(x: usize, y: usize, n: i32, index: usize, k: i32): f32 {
  const topX = segmentsMax(x, n, index, k);
  const topY = segmentsMax(y, n, index, k);
  if (topX == -Infinity) return 0;
  if (topY == -Infinity) return topX == topX ? Infinity : NaN;
  sumP = 0;
  sumQ = 0;
  sumChange = 0;
  for (let from = 0; from < n; ) {
    const end = segmentEnd(from, n, index, k);
    const at: usize = from << 2;
    addSegment(x + at, y + at, end - from, topX, topY);
    from = end + 1;
  }
  // One logarithm of the ratio: exactly 0 for equal rows.
  return sumChange / sumP - logOf(sumP / sumQ);
}

/** Rows of x and y [rows, n], index [rows, k]. */
export function klWithout(x: usize, y: usize, index: usize, out: usize, rows: i32, n: i32, k: i32): void {
  for (let r = 0; r < rows; r++) {
    store<f32>(out, klRow(x, y, n, index, k));
    x += n << 2;
    y += n << 2;
    index += k << 2;
    out += 4;
  }
}

/** out = b·e^(y − top) − a·out over a segment. */
function mixSegment(y: usize, out: usize, n: i32, top: f32, b: f32, a: f32): void {
  const vTop = splat(top);
  const vB = splat(b);
  const vA = splat(-a);
  let left = n;
  for (; left >= 4; left -= 4) {
    const q = f32x4.mul(math.exp(f32x4.sub(v128.load(y), vTop)), vB);
    v128.store(out, madd(v128.load(out), vA, q));
    y += 16;
    out += 16;
  }
  if (left > 0) {
    const q = f32x4.mul(math.exp(f32x4.sub(loadSome(y, left), vTop)), vB);
    storeSome(out, madd(loadSome(out, left), vA, q), left);
  }
}

/** out = g·(softmax(y) − softmax(x)) over the segments, 0 elsewhere. */
function slopeRow(x: usize, y: usize, n: i32, index: usize, k: i32, g: f32, out: usize): void {
  // A row of only −∞ has no share in the result; from −∞ it would be NaN.
  const topX = max<f32>(segmentsMax(x, n, index, k), -f32.MAX_VALUE);
  const topY = max<f32>(segmentsMax(y, n, index, k), -f32.MAX_VALUE);
  clearRow(out, n);
  let p: f32 = 0;
  let q: f32 = 0;
  for (let from = 0; from < n; ) {
    const end = segmentEnd(from, n, index, k);
    const at: usize = from << 2;
    p += expRow(x + at, out + at, end - from, topX);
    q += rowSum<ExpDeviation>(y + at, end - from, topY);
    from = end + 1;
  }
  const a: f32 = p == 0 ? 0 : g / p;
  const b: f32 = q == 0 ? 0 : g / q;
  for (let from = 0; from < n; ) {
    const end = segmentEnd(from, n, index, k);
    const at: usize = from << 2;
    mixSegment(y + at, out + at, end - from, topY, b, a);
    from = end + 1;
  }
}

/** The derivative with respect to y, times g [rows]. */
export function klWithoutGradient(
  x: usize, y: usize, index: usize, g: usize, out: usize, rows: i32, n: i32, k: i32,
): void {
  for (let r = 0; r < rows; r++) {
    slopeRow(x, y, n, index, k, load<f32>(g), out);
    x += n << 2;
    y += n << 2;
    index += k << 2;
    g += 4;
    out += n << 2;
  }
}
