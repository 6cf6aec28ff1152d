// The innermost product: a tile of C, up to 6×8, held in registers over the whole depth.
// 12 accumulators, two vectors of B and one of A are the 15 registers that engines leave free. A comes with every
// value written four times: a plain load then takes the place of a broadcast, which costs an address computation.
import { madd, splat } from "./simd";

export const TILE_ROWS: i32 = 6;
export const TILE_COLS: i32 = 8;
/**
 * Offset of the loads of A. It makes some instructions longer, and so moves the loop's jumps away from a 32-byte boundary,
 * where several Intel generations take half again as long ("JCC erratum").
 */
const LEAD: i32 = 96;
/** Bytes of one finished tile kept aside while its edge is cut off. */
export const TILE_BYTES: i32 = TILE_ROWS * TILE_COLS * 4;

export class One { @inline rows(): i32 { return 1; } }
export class Two { @inline rows(): i32 { return 2; } }
export class Three { @inline rows(): i32 { return 3; } }
export class Four { @inline rows(): i32 { return 4; } }
export class Five { @inline rows(): i32 { return 5; } }
class Six { @inline rows(): i32 { return 6; } }

/**
 * One function for each number of rows, so that the unused ones vanish. Not unrolled, and nothing but stores after the
 * loop: engines otherwise reorder its loads and run out of registers.
 */
function tile<R>(
  depth: i32, a: usize, b: usize, bStep: usize, c: usize, cStep: usize, add: bool, bias: usize,
): void {
  const rows = changetype<R>(0).rows();
  let c00 = splat(0);
  let c01 = splat(0);
  let c10 = splat(0);
  let c11 = splat(0);
  let c20 = splat(0);
  let c21 = splat(0);
  let c30 = splat(0);
  let c31 = splat(0);
  let c40 = splat(0);
  let c41 = splat(0);
  let c50 = splat(0);
  let c51 = splat(0);
  if (add) {
    c00 = v128.load(c);
    c01 = v128.load(c, 16);
    if (rows > 1) {
      c10 = v128.load(c + cStep);
      c11 = v128.load(c + cStep, 16);
    }
    if (rows > 2) {
      c20 = v128.load(c + 2 * cStep);
      c21 = v128.load(c + 2 * cStep, 16);
    }
    if (rows > 3) {
      c30 = v128.load(c + 3 * cStep);
      c31 = v128.load(c + 3 * cStep, 16);
    }
    if (rows > 4) {
      c40 = v128.load(c + 4 * cStep);
      c41 = v128.load(c + 4 * cStep, 16);
    }
    if (rows > 5) {
      c50 = v128.load(c + 5 * cStep);
      c51 = v128.load(c + 5 * cStep, 16);
    }
  } else if (bias) {
    const low = v128.load(bias);
    const high = v128.load(bias, 16);
    c00 = low;
    c01 = high;
    c10 = low;
    c11 = high;
    c20 = low;
    c21 = high;
    c30 = low;
    c31 = high;
    c40 = low;
    c41 = high;
    c50 = low;
    c51 = high;
  }
  a -= LEAD;
  for (let left = depth; left > 0; left--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load(a, LEAD);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    if (rows > 1) {
      const a1 = v128.load(a, LEAD + 16);
      c10 = madd(a1, b0, c10);
      c11 = madd(a1, b1, c11);
    }
    if (rows > 2) {
      const a2 = v128.load(a, LEAD + 32);
      c20 = madd(a2, b0, c20);
      c21 = madd(a2, b1, c21);
    }
    if (rows > 3) {
      const a3 = v128.load(a, LEAD + 48);
      c30 = madd(a3, b0, c30);
      c31 = madd(a3, b1, c31);
    }
    if (rows > 4) {
      const a4 = v128.load(a, LEAD + 64);
      c40 = madd(a4, b0, c40);
      c41 = madd(a4, b1, c41);
    }
    if (rows > 5) {
      const a5 = v128.load(a, LEAD + 80);
      c50 = madd(a5, b0, c50);
      c51 = madd(a5, b1, c51);
    }
    a += rows << 4;
    b += bStep;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  if (rows > 1) {
    v128.store(c + cStep, c10);
    v128.store(c + cStep, c11, 16);
  }
  if (rows > 2) {
    v128.store(c + 2 * cStep, c20);
    v128.store(c + 2 * cStep, c21, 16);
  }
  if (rows > 3) {
    v128.store(c + 3 * cStep, c30);
    v128.store(c + 3 * cStep, c31, 16);
  }
  if (rows > 4) {
    v128.store(c + 4 * cStep, c40);
    v128.store(c + 4 * cStep, c41, 16);
  }
  if (rows > 5) {
    v128.store(c + 5 * cStep, c50);
    v128.store(c + 5 * cStep, c51, 16);
  }
}

/**
 * A tile of `rows` (1 to 6) rows and 8 columns, added to C, or to the bias, or alone; `a` from `packWide`, rows of `b`
 * are `bStep` bytes apart.
 */
export function wideTile(
  rows: i32, depth: i32, a: usize, b: usize, bStep: usize, c: usize, cStep: usize, add: bool, bias: usize,
): void {
  switch (rows) {
    case 6: return tile<Six>(depth, a, b, bStep, c, cStep, add, bias);
    case 5: return tile<Five>(depth, a, b, bStep, c, cStep, add, bias);
    case 4: return tile<Four>(depth, a, b, bStep, c, cStep, add, bias);
    case 3: return tile<Three>(depth, a, b, bStep, c, cStep, add, bias);
    case 2: return tile<Two>(depth, a, b, bStep, c, cStep, add, bias);
    default: return tile<One>(depth, a, b, bStep, c, cStep, add, bias);
  }
}

/** As `wideTile`, for a tile of which only `cols` columns exist: computed in `room` (TILE_BYTES) and moved. */
export function cutTile(
  rows: i32, cols: i32, depth: i32, a: usize, b: usize, c: usize, cStep: usize, add: bool, bias: usize, room: usize,
): void {
  const row: usize = TILE_COLS << 2;
  const bytes: usize = cols << 2;
  for (let i = 0; i < rows; i++) {
    if (add) memory.copy(room + <usize>i * row, c + <usize>i * cStep, bytes);
    else if (bias) memory.copy(room + <usize>i * row, bias, bytes);
  }
  wideTile(rows, depth, a, b, row, room, row, add || bias != 0, 0);
  for (let i = 0; i < rows; i++) memory.copy(c + <usize>i * cStep, room + <usize>i * row, bytes);
}
