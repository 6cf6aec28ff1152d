// Packing: a strip of a matrix becomes depth-major, so that the tile product reads it in order.
import { gather, storeTransposed } from "./simd";

/** Four lanes of a panel: element (lane, p) goes to dst + p·dstStep + 4·lane. Strides in elements. */
function packFour(
  src: usize, laneStride: i32, depthStride: i32, depth: i32, dst: usize, dstStep: usize,
): void {
  const lane: usize = laneStride << 2;
  const step: usize = depthStride << 2;
  let p = 0;
  if (laneStride == 1) {
    for (; p < depth; p++) {
      v128.store(dst, v128.load(src));
      src += step;
      dst += dstStep;
    }
    return;
  }
  if (depthStride == 1) {
    for (; p + 4 <= depth; p += 4) {
      storeTransposed(
        v128.load(src),
        v128.load(src + lane),
        v128.load(src + 2 * lane),
        v128.load(src + 3 * lane),
        dst,
        dstStep,
      );
      src += 16;
      dst += 4 * dstStep;
    }
  }
  for (; p < depth; p++) {
    v128.store(dst, gather(src, laneStride));
    src += step;
    dst += dstStep;
  }
}

/** One panel of `width` lanes (a multiple of 4), of which `lanes` exist; the others are 0. */
export function packPanel(
  src: usize, laneStride: i32, depthStride: i32, lanes: i32, depth: i32, dst: usize, width: i32,
): void {
  const dstStep: usize = width << 2;
  for (let lane = 0; lane < width; lane += 4) {
    const from = src + ((lane * laneStride) << 2);
    const to = dst + (lane << 2);
    if (lane + 4 <= lanes) {
      packFour(from, laneStride, depthStride, depth, to, dstStep);
    } else {
      for (let p = 0; p < depth; p++) {
        for (let i = 0; i < 4; i++) {
          const at = from + ((i * laneStride + p * depthStride) << 2);
          store<f32>(to + <usize>p * dstStep + (i << 2), lane + i < lanes ? load<f32>(at) : 0);
        }
      }
    }
  }
}
