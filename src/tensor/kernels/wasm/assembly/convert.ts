// Strided copies from and to 16-bit floats.
import { Conversion } from "../../numbers";
import { BF16, F16, widenRow } from "./elements";
import { narrowToBfloat, narrowToHalf } from "./half";

/** Bytes of an element are 1 << this. */
// @ts-ignore: decorator
@inline
export function sourceShift(kind: i32): i32 {
  return kind == Conversion.f32_f16 || kind == Conversion.f32_bf16 ? 2 : 1;
}

// @ts-ignore: decorator
@inline
export function targetShift(kind: i32): i32 {
  return kind == Conversion.f16_f32 || kind == Conversion.bf16_f32 ? 2 : 1;
}

/** Bits of four floats, the low halves of the lanes side by side. */
// @ts-ignore: decorator
@inline
function narrow(kind: i32, x: v128): v128 {
  const bits = kind == Conversion.f32_f16 ? narrowToHalf(x) : narrowToBfloat(x);
  return i16x8.narrow_i32x4_u(bits, bits);
}

function narrowRow(kind: i32, src: usize, dst: usize, n: i32): void {
  let left = n;
  for (; left >= 4; left -= 4) {
    v128.store_lane<i64>(dst, narrow(kind, v128.load(src)), 0);
    src += 16;
    dst += 8;
  }
  for (; left > 0; left--) {
    v128.store_lane<i16>(dst, narrow(kind, v128.load_zero<f32>(src)), 0);
    src += 4;
    dst += 2;
  }
}

function convertOne(kind: i32, src: usize, dst: usize): void {
  switch (kind) {
    case Conversion.f16_f32: return store<f32>(dst, changetype<F16>(0).one(src));
    case Conversion.bf16_f32: return store<f32>(dst, changetype<BF16>(0).one(src));
    case Conversion.bits: return store<u16>(dst, load<u16>(src));
    default: return narrowRow(kind, src, dst, 1);
  }
}

function convertRow(kind: i32, src: usize, srcStride: i32, dst: usize, dstStride: i32, n: i32): void {
  if (srcStride == 1 && dstStride == 1) {
    switch (kind) {
      case Conversion.f16_f32: return widenRow<F16>(src, dst, n);
      case Conversion.bf16_f32: return widenRow<BF16>(src, dst, n);
      case Conversion.bits: return memory.copy(dst, src, n << 1);
      default: return narrowRow(kind, src, dst, n);
    }
  }
  for (let left = n; left > 0; left--) {
    convertOne(kind, src, dst);
    src += srcStride << sourceShift(kind);
    dst += dstStride << targetShift(kind);
  }
}

function convertAxes(kind: i32, axis: i32, rank: i32, meta: usize, src: usize, dst: usize): void {
  const at = meta + (axis << 2);
  const lists = rank << 2;
  const size = load<i32>(at);
  const srcStride = load<i32>(at + lists);
  const dstStride = load<i32>(at + 2 * lists);
  if (axis == rank - 1) return convertRow(kind, src, srcStride, dst, dstStride, size);
  for (let i = 0; i < size; i++) {
    convertAxes(kind, axis + 1, rank, meta, src, dst);
    src += srcStride << sourceShift(kind);
    dst += dstStride << targetShift(kind);
  }
}

export function convertStrided(kind: i32, rank: i32, meta: usize, src: usize, dst: usize): void {
  if (rank == 0) convertOne(kind, src, dst);
  else convertAxes(kind, 0, rank, meta, src, dst);
}
