// Packing: a strip of a matrix becomes depth-major float32, so that the tile product reads it in order.
import { BF16, F16, F32, Stored, widenEight } from "./elements";
import { storeTransposed } from "./simd";
import { TILE_COLS, TILE_ROWS } from "./gemm-tile";

/** Four lanes of a panel of B: element (lane, p) goes to dst + 32·p + 4·lane. Strides in elements. */
function packFour<B>(src: usize, laneStride: i32, depthStride: i32, depth: i32, dst: usize): void {
  const from = changetype<B>(0);
  const lane: usize = laneStride << from.shift();
  const step: usize = depthStride << from.shift();
  let p = 0;
  if (depthStride == 1) {
    for (; p + 4 <= depth; p += 4) {
      storeTransposed(
        from.four(src),
        from.four(src + lane),
        from.four(src + 2 * lane),
        from.four(src + 3 * lane),
        dst,
        TILE_COLS << 2,
      );
      src += 4 << from.shift();
      dst += 4 * TILE_COLS << 2;
    }
  }
  for (; p < depth; p++) {
    v128.store(dst, from.apart(src, laneStride));
    src += step;
    dst += TILE_COLS << 2;
  }
}

/** One panel of 8 columns of B, of which `cols` exist; the others are 0. */
function panel<B>(src: usize, colStride: i32, depthStride: i32, cols: i32, depth: i32, dst: usize): void {
  const from = changetype<B>(0);
  const step: usize = depthStride << from.shift();
  if (cols == TILE_COLS && colStride == 1) return packRows<B>(src, step, 1, depth, dst);
  if (cols == TILE_COLS) {
    packFour<B>(src, colStride, depthStride, depth, dst);
    packFour<B>(src + (colStride << (2 + from.shift())), colStride, depthStride, depth, dst + 16);
    return;
  }
  for (let p = 0; p < depth; p++) {
    for (let j = 0; j < TILE_COLS; j++) {
      store<f32>(dst + (j << 2), j < cols ? from.one(src + ((j * colStride) << from.shift())) : 0);
    }
    src += step;
    dst += TILE_COLS << 2;
  }
}

/** All panels at once: rows of B are read from end to end, which the processor fetches ahead. */
function packRows<B>(src: usize, step: usize, count: i32, depth: i32, dst: usize): void {
  const shift = changetype<B>(0).shift();
  const skip: usize = (depth * TILE_COLS) << 2;
  for (let p = 0; p < depth; p++) {
    let from = src;
    let to = dst;
    for (let q = count; q > 0; q--) {
      widenEight<B>(from, to);
      from += TILE_COLS << shift;
      to += skip;
    }
    src += step;
    dst += TILE_COLS << 2;
  }
}

function panels<B>(src: usize, colStride: i32, depthStride: i32, cols: i32, depth: i32, dst: usize): void {
  const shift = changetype<B>(0).shift();
  if (colStride == 1) return packRows<B>(src, depthStride << shift, cols / TILE_COLS, depth, dst);
  for (let j = 0; j < cols; j += TILE_COLS) {
    panel<B>(src + ((j * colStride) << shift), colStride, depthStride, TILE_COLS, depth, dst + ((j * depth) << 2));
  }
}

/** A last panel of B, stored as the number says, of which `cols` columns exist. */
export function packPanel(
  stored: i32, src: usize, colStride: i32, depthStride: i32, cols: i32, depth: i32, dst: usize,
): void {
  switch (stored) {
    case Stored.F16: return panel<F16>(src, colStride, depthStride, cols, depth, dst);
    case Stored.BF16: return panel<BF16>(src, colStride, depthStride, cols, depth, dst);
    default: return panel<F32>(src, colStride, depthStride, cols, depth, dst);
  }
}

/** Whole panels of 8 columns of B, one after the other. */
export function packPanels(
  stored: i32, src: usize, colStride: i32, depthStride: i32, cols: i32, depth: i32, dst: usize,
): void {
  switch (stored) {
    case Stored.F16: return panels<F16>(src, colStride, depthStride, cols, depth, dst);
    case Stored.BF16: return panels<BF16>(src, colStride, depthStride, cols, depth, dst);
    default: return panels<F32>(src, colStride, depthStride, cols, depth, dst);
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
