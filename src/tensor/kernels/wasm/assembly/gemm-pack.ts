// Packing: a strip of a matrix becomes depth-major, so that the tile product reads it in order.
import { gather, storeTransposed } from "./simd";
import { TILE_COLS, TILE_ROWS } from "./gemm-tile";

/** Four lanes of a panel of B: element (lane, p) goes to dst + 32·p + 4·lane. Strides in elements. */
function packFour(src: usize, laneStride: i32, depthStride: i32, depth: i32, dst: usize): void {
  const lane: usize = laneStride << 2;
  const step: usize = depthStride << 2;
  let p = 0;
  if (depthStride == 1) {
    for (; p + 4 <= depth; p += 4) {
      storeTransposed(
        v128.load(src),
        v128.load(src + lane),
        v128.load(src + 2 * lane),
        v128.load(src + 3 * lane),
        dst,
        TILE_COLS << 2,
      );
      src += 16;
      dst += 4 * TILE_COLS << 2;
    }
  }
  for (; p < depth; p++) {
    v128.store(dst, gather(src, laneStride));
    src += step;
    dst += TILE_COLS << 2;
  }
}

/** One panel of 8 columns of B, of which `cols` exist; the others are 0. */
export function packPanel(src: usize, colStride: i32, depthStride: i32, cols: i32, depth: i32, dst: usize): void {
  const step: usize = depthStride << 2;
  if (cols == TILE_COLS && colStride == 1) {
    for (let p = 0; p < depth; p++) {
      v128.store(dst, v128.load(src));
      v128.store(dst, v128.load(src, 16), 16);
      src += step;
      dst += TILE_COLS << 2;
    }
    return;
  }
  if (cols == TILE_COLS) {
    packFour(src, colStride, depthStride, depth, dst);
    packFour(src + (colStride << 4), colStride, depthStride, depth, dst + 16);
    return;
  }
  for (let p = 0; p < depth; p++) {
    for (let j = 0; j < TILE_COLS; j++) {
      store<f32>(dst + (j << 2), j < cols ? load<f32>(src + ((j * colStride) << 2)) : 0);
    }
    src += step;
    dst += TILE_COLS << 2;
  }
}

// @ts-ignore: decorator
@inline
function copyEight(from: usize, to: usize): void {
  v128.store(to, v128.load(from));
  v128.store(to, v128.load(from, 16), 16);
}

/** All panels at once: rows of B are read from end to end, which the processor fetches ahead. */
function packRows(src: usize, step: usize, panels: i32, depth: i32, dst: usize): void {
  const panel: usize = (depth * TILE_COLS) << 2;
  for (let p = 0; p < depth; p++) {
    let from = src;
    let to = dst;
    for (let q = panels; q > 0; q--) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      from += TILE_COLS << 2;
      to += panel;
    }
    src += step;
    dst += TILE_COLS << 2;
  }
}

/** Whole panels of 8 columns of B, one after the other. */
export function packPanels(src: usize, colStride: i32, depthStride: i32, cols: i32, depth: i32, dst: usize): void {
  if (colStride == 1) return packRows(src, depthStride << 2, cols / TILE_COLS, depth, dst);
  for (let j = 0; j < cols; j += TILE_COLS) {
    packPanel(src + ((j * colStride) << 2), colStride, depthStride, TILE_COLS, depth, dst + ((j * depth) << 2));
  }
}

/** Six neighbours, each written four times. */
// @ts-ignore: decorator
@inline
function spreadSix(from: usize, to: usize): void {
  const low = v128.load(from);
  const high = v128.load(from, 8);
  v128.store(to, f32x4.shuffle(low, low, 0, 0, 0, 0));
  v128.store(to, f32x4.shuffle(low, low, 1, 1, 1, 1), 16);
  v128.store(to, f32x4.shuffle(low, low, 2, 2, 2, 2), 32);
  v128.store(to, f32x4.shuffle(low, low, 3, 3, 3, 3), 48);
  v128.store(to, f32x4.shuffle(high, high, 2, 2, 2, 2), 64);
  v128.store(to, f32x4.shuffle(high, high, 3, 3, 3, 3), 80);
}

/** One row of A along its depth. */
function spreadRow(from: usize, step: usize, depth: i32, to: usize, skip: usize): void {
  let p = 0;
  if (step == 4) {
    for (; p + 4 <= depth; p += 4) {
      const v = v128.load(from);
      v128.store(to, f32x4.shuffle(v, v, 0, 0, 0, 0));
      v128.store(to + skip, f32x4.shuffle(v, v, 1, 1, 1, 1));
      v128.store(to + 2 * skip, f32x4.shuffle(v, v, 2, 2, 2, 2));
      v128.store(to + 3 * skip, f32x4.shuffle(v, v, 3, 3, 3, 3));
      from += 16;
      to += 4 * skip;
    }
  }
  for (; p < depth; p++) {
    v128.store(to, v128.load_splat<f32>(from));
    from += step;
    to += skip;
  }
}

/** One panel of `rows` rows of A with every value written four times: (row, p) goes to dst + 16·(p·rows + row). */
export function packWide(src: usize, rowStride: i32, depthStride: i32, rows: i32, depth: i32, dst: usize): void {
  const step: usize = depthStride << 2;
  const skip: usize = rows << 4;
  if (rows == TILE_ROWS && rowStride == 1) {
    for (; depth > 0; depth--) {
      spreadSix(src, dst);
      src += step;
      dst += skip;
    }
    return;
  }
  for (let i = 0; i < rows; i++) {
    spreadRow(src + ((i * rowStride) << 2), step, depth, dst + (i << 4), skip);
  }
}
