// The innermost products: a 4×8 tile of C held in eight registers over the whole depth.
// Together with two vectors of B and one value of A this fits the 15 registers engines leave free.
import { madd, splat } from "./simd";

export const TILE_ROWS: i32 = 4;
export const TILE_COLS: i32 = 8;
/** Bytes of one finished tile kept aside while its edge is cut off. */
export const TILE_BYTES: i32 = TILE_ROWS * TILE_COLS * 4;

// @ts-ignore: decorator
@inline
function putRow(c: usize, low: v128, high: v128, add: bool, bias: usize): void {
  if (add) {
    low = f32x4.add(low, v128.load(c));
    high = f32x4.add(high, v128.load(c, 16));
  }
  if (bias) {
    low = f32x4.add(low, v128.load(bias));
    high = f32x4.add(high, v128.load(bias, 16));
  }
  v128.store(c, low);
  v128.store(c, high, 16);
}

/** Tile from a packed panel of A (4 values per depth step) and one of B (8 values). */
export function packedTile(
  depth: i32, a: usize, b: usize, c: usize, cStep: usize, add: bool, bias: usize,
): void {
  let c00 = splat(0);
  let c01 = splat(0);
  let c10 = splat(0);
  let c11 = splat(0);
  let c20 = splat(0);
  let c21 = splat(0);
  let c30 = splat(0);
  let c31 = splat(0);
  for (let left = depth; left > 0; left--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load_splat<f32>(a);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = v128.load_splat<f32>(a, 4);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = v128.load_splat<f32>(a, 8);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = v128.load_splat<f32>(a, 12);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    a += 16;
    b += 32;
  }
  putRow(c, c00, c01, add, bias);
  putRow(c + cStep, c10, c11, add, bias);
  putRow(c + 2 * cStep, c20, c21, add, bias);
  putRow(c + 3 * cStep, c30, c31, add, bias);
}

/**
 * Tile straight from A with any strides, and from rows of B that are `bStep` bytes apart.
 * Only `rows` rows of A exist: the others repeat the last one and are cut off by the caller.
 */
export function directTile(
  depth: i32, a: usize, rows: i32, aRow: usize, aStep: usize, b: usize, bStep: usize,
  c: usize, cStep: usize, add: bool, bias: usize,
): void {
  let c00 = splat(0);
  let c01 = splat(0);
  let c10 = splat(0);
  let c11 = splat(0);
  let c20 = splat(0);
  let c21 = splat(0);
  let c30 = splat(0);
  let c31 = splat(0);
  let p1 = a + <usize>min(1, rows - 1) * aRow;
  let p2 = a + <usize>min(2, rows - 1) * aRow;
  let p3 = a + <usize>min(3, rows - 1) * aRow;
  for (let left = depth; left > 0; left--) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load_splat<f32>(a);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = v128.load_splat<f32>(p1);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = v128.load_splat<f32>(p2);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = v128.load_splat<f32>(p3);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    a += aStep;
    p1 += aStep;
    p2 += aStep;
    p3 += aStep;
    b += bStep;
  }
  putRow(c, c00, c01, add, bias);
  putRow(c + cStep, c10, c11, add, bias);
  putRow(c + 2 * cStep, c20, c21, add, bias);
  putRow(c + 3 * cStep, c30, c31, add, bias);
}

/** Moves the part of a tile that lies inside C. */
export function cutTile(
  tile: usize, c: usize, cStep: usize, rows: i32, cols: i32, add: bool, bias: usize,
): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const at: usize = j << 2;
      let v = load<f32>(tile + at);
      if (add) v += load<f32>(c + at);
      if (bias) v += load<f32>(bias + at);
      store<f32>(c + at, v);
    }
    tile += TILE_COLS << 2;
    c += cStep;
  }
}
