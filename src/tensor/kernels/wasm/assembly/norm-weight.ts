// The gradient of the weight of either norm: a sum over rows, column by column.
import { fill } from "./copy";
import { loadSome, storeSome } from "./simd";

/** g·x̂ for four columns of one row. */
// @ts-ignore: decorator
@inline
function term(x: v128, g: v128, mean: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.sub(x, mean), f32x4.mul(g, scale));
}

/** The sum of the terms of 4, 2 or 1 rows for the last one to three columns, as the same tree as in `fourRows`. */
function partTerms(rows: i32, x: usize, g: usize, step: usize, stats: usize, count: i32): v128 {
  if (rows == 1) {
    return term(loadSome(x, count), loadSome(g, count), v128.load32_splat(stats), v128.load32_splat(stats, 4));
  }
  const half = rows >> 1;
  const low = partTerms(half, x, g, step, stats, count);
  const skip = half * step;
  return f32x4.add(low, partTerms(half, x + skip, g + skip, step, stats + 8 * half, count));
}

function addPart(rows: i32, x: usize, g: usize, step: usize, stats: usize, out: usize, count: i32): void {
  if (count > 0) storeSome(out, f32x4.add(loadSome(out, count), partTerms(rows, x, g, step, stats, count)), count);
}

function addFourRows(x: usize, g: usize, step: usize, stats: usize, out: usize, columns: i32): void {
  const meanA = v128.load32_splat(stats);
  const scaleA = v128.load32_splat(stats, 4);
  const meanB = v128.load32_splat(stats, 8);
  const scaleB = v128.load32_splat(stats, 12);
  const meanC = v128.load32_splat(stats, 16);
  const scaleC = v128.load32_splat(stats, 20);
  const meanD = v128.load32_splat(stats, 24);
  const scaleD = v128.load32_splat(stats, 28);
  let left = columns;
  for (; left >= 4; left -= 4) {
    const a = term(v128.load(x), v128.load(g), meanA, scaleA);
    const b = term(v128.load(x + step), v128.load(g + step), meanB, scaleB);
    const c = term(v128.load(x + 2 * step), v128.load(g + 2 * step), meanC, scaleC);
    const d = term(v128.load(x + 3 * step), v128.load(g + 3 * step), meanD, scaleD);
    v128.store(out, f32x4.add(v128.load(out), f32x4.add(f32x4.add(a, b), f32x4.add(c, d))));
    x += 16;
    g += 16;
    out += 16;
  }
  addPart(4, x, g, step, stats, out, left);
}

function addRow(x: usize, g: usize, stats: usize, out: usize, columns: i32): void {
  const mean = v128.load32_splat(stats);
  const scale = v128.load32_splat(stats, 4);
  let left = columns;
  for (; left >= 4; left -= 4) {
    v128.store(out, f32x4.add(v128.load(out), term(v128.load(x), v128.load(g), mean, scale)));
    x += 16;
    g += 16;
    out += 16;
  }
  addPart(1, x, g, 0, stats, out, left);
}

/**
 * out = Σ over rows of g·x̂, with the statistics [rows, 2] of the norm's rows. The first `columns` of rows of n: x, g
 * and out may point to the first of a range of columns.
 */
export function normWeightGradient(
  x: usize, g: usize, stats: usize, out: usize, rows: i32, n: i32, columns: i32,
): void {
  const step: usize = n << 2;
  fill(out, columns, 0);
  for (; rows >= 4; rows -= 4) {
    addFourRows(x, g, step, stats, out, columns);
    x += 4 * step;
    g += 4 * step;
    stats += 32;
  }
  for (; rows > 0; rows--) {
    addRow(x, g, stats, out, columns);
    x += step;
    g += step;
    stats += 8;
  }
}
