// Packing: a strip of a matrix becomes depth-major, so that the tile product reads it in order.
import { gather, storeTransposed } from "./simd";
import { TILE_COLS } from "./gemm-tile";

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

/** One panel of `rows` rows of A with every value written four times: (row, p) goes to dst + 16·(p·rows + row). */
export function packWide(src: usize, rowStride: i32, depthStride: i32, rows: i32, depth: i32, dst: usize): void {
  const step: usize = depthStride << 2;
  const skip: usize = rows << 4;
  for (let i = 0; i < rows; i++) {
    let from = src + ((i * rowStride) << 2);
    let to = dst + (i << 4);
    let p = 0;
    if (depthStride == 1) {
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
}
