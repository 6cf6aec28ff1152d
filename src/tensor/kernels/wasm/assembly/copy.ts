// Strided copies of 4-byte elements, and filling.
import { splat, storeTransposed } from "./simd";

// Below this many elements a loop beats the fixed cost of memory.copy.
const SHORT_ROW: i32 = 32;
// Transposes go in strips of one cache line of destination.
const STRIP: i32 = 16;

export function fill(ptr: usize, n: i32, value: f32): void {
  const v = splat(value);
  let left = n;
  for (; left >= 4; left -= 4) {
    v128.store(ptr, v);
    ptr += 16;
  }
  for (; left > 0; left--) {
    store<f32>(ptr, value);
    ptr += 4;
  }
}

function copyRow(src: usize, srcStride: i32, dst: usize, dstStride: i32, n: i32): void {
  let left = n;
  if (srcStride == 1 && dstStride == 1) {
    if (n >= SHORT_ROW) {
      memory.copy(dst, src, n << 2);
      return;
    }
    for (; left >= 4; left -= 4) {
      v128.store(dst, v128.load(src));
      src += 16;
      dst += 16;
    }
  }
  for (; left > 0; left--) {
    store<u32>(dst, load<u32>(src));
    src += srcStride << 2;
    dst += dstStride << 2;
  }
}

/** dst[i·dstRow + j] = src[i + j·srcRow] for i < rows, j < cols. */
function transpose(src: usize, srcRow: i32, dst: usize, dstRow: i32, rows: i32, cols: i32): void {
  const from: usize = srcRow << 2;
  const to: usize = dstRow << 2;
  for (let strip = 0; strip < cols; strip += STRIP) {
    const stop = min(strip + STRIP, cols);
    const whole = strip + ((stop - strip) & ~3);
    let i = 0;
    for (; i + 4 <= rows; i += 4) {
      for (let j = strip; j < whole; j += 4) {
        const s = src + (i << 2) + <usize>j * from;
        storeTransposed(
          v128.load(s),
          v128.load(s + from),
          v128.load(s + 2 * from),
          v128.load(s + 3 * from),
          dst + <usize>i * to + (j << 2),
          to,
        );
      }
      for (let r = i; r < i + 4; r++) {
        copyRow(src + (r << 2) + <usize>whole * from, srcRow, dst + <usize>r * to + (whole << 2), 1, stop - whole);
      }
    }
    for (; i < rows; i++) {
      copyRow(src + (i << 2) + <usize>strip * from, srcRow, dst + <usize>i * to + (strip << 2), 1, stop - strip);
    }
  }
}

/** Copies all axes from `axis` on; when `unit` is an axis, it is transposed against the last one. */
function copyAxes(axis: i32, unit: i32, rank: i32, meta: usize, src: usize, dst: usize): void {
  const at = meta + (axis << 2);
  const lists = rank << 2;
  const size = load<i32>(at);
  const srcStride = load<i32>(at + lists);
  const dstStride = load<i32>(at + 2 * lists);
  if (axis == rank - 1) {
    if (unit < 0) {
      copyRow(src, srcStride, dst, dstStride, size);
    } else {
      const other = meta + (unit << 2);
      transpose(src, srcStride, dst, load<i32>(other + 2 * lists), load<i32>(other), size);
    }
    return;
  }
  if (axis == unit) {
    copyAxes(axis + 1, unit, rank, meta, src, dst);
    return;
  }
  for (let i = 0; i < size; i++) {
    copyAxes(axis + 1, unit, rank, meta, src, dst);
    src += srcStride << 2;
    dst += dstStride << 2;
  }
}

/** The axis to transpose against the last one: source stride 1 where the last one's is not. */
function unitAxis(rank: i32, meta: usize): i32 {
  const lists = rank << 2;
  const last = meta + ((rank - 1) << 2);
  if (load<i32>(last + lists) == 1 || load<i32>(last + 2 * lists) != 1) return -1;
  for (let axis = rank - 2; axis >= 0; axis--) {
    const at = meta + (axis << 2);
    if (load<i32>(at + lists) == 1 && load<i32>(at) > 1) return axis;
  }
  return -1;
}

export function copyStrided(rank: i32, meta: usize, src: usize, dst: usize): void {
  if (rank == 0) copyRow(src, 1, dst, 1, 1);
  else copyAxes(0, unitAxis(rank, meta), rank, meta, src, dst);
}
