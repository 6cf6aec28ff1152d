import type { DType } from "./dtype";

/** The 16-bit dtypes: `f16` is IEEE half precision, `bf16` the upper half of a float32. Arrays hold their bits. */
export type HalfDType = "f16" | "bf16";

/** True for the 16-bit dtypes. */
export function isHalf(dtype: DType): dtype is HalfDType {
  return dtype === "f16" || dtype === "bf16";
}

/** The number that the bits of an `f16` stand for. */
export function halfToNumber(bits: number): number {
  return halfNumbers()[bits & 0xffff]!;
}

/** The number that the bits of a `bf16` stand for. */
export function bfloatToNumber(bits: number): number {
  word[0] = bits << 16;
  return single[0]!;
}

/** Bits of the nearest `f16`, ties to the even one; beyond ±65504 (rounded) infinity. */
export function numberToHalf(x: number): number {
  return nearestBits(x, 10, 15);
}

/** Bits of the nearest `bf16`, ties to the even one; beyond the largest infinity. */
export function numberToBfloat(x: number): number {
  return nearestBits(x, 7, 127);
}

/** Gives the function from numbers to elements: bits for 16-bit dtypes, 0 or 1 for `bool`, else the number itself. */
export function encoder(dtype: DType): (x: number) => number {
  if (dtype === "f16") return numberToHalf;
  if (dtype === "bf16") return numberToBfloat;
  return dtype === "bool" ? (x) => (x !== 0 ? 1 : 0) : (x) => x;
}

/** The number that an element stands for: see `encoder`. */
export function decode(element: number, dtype: DType): number {
  return dtype === "f16" ? halfToNumber(element) : dtype === "bf16" ? bfloatToNumber(element) : element;
}

/** Writes the numbers that `bits` stand for to the start of `out`. */
export function widenInto(bits: Uint16Array, dtype: HalfDType, out: Float32Array): void {
  if (dtype === "f16") {
    const numbers = halfNumbers();
    for (let i = 0; i < bits.length; i++) out[i] = numbers[bits[i]!]!;
    return;
  }
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
}

/** Writes the bits of the values, rounded as `numberToHalf` and `numberToBfloat` do, to the start of `out`. */
export function narrowInto(values: Float32Array, dtype: HalfDType, out: Uint16Array): void {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  if (dtype === "f16") for (let i = 0; i < words.length; i++) out[i] = halfBits(words[i]!);
  else for (let i = 0; i < words.length; i++) out[i] = bfloatBits(words[i]!);
}

/** All of a storage as numbers that plain loops can read: 16-bit elements widened, others as they are. */
export function numbersOf<T extends { length: number }>(data: T | Uint16Array, dtype: DType): T | Float32Array {
  if (!isHalf(dtype)) return data as T;
  const numbers = new Float32Array(data.length);
  widenInto(data as Uint16Array, dtype, numbers);
  return numbers;
}

let table: Float32Array | undefined;

/** Every `f16` by its bits; made when first needed. */
function halfNumbers(): Float32Array {
  table ??= Float32Array.from({ length: 65536 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
  });
  return table;
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);
const double = new Float64Array(1);
const doubleWords = new Uint32Array(double.buffer);
/** Added to a smaller double and taken away again, rounds it to an integer, ties to even. */
const rounding = 2 ** 52;

/** Straight from float64: by way of float32 would round twice. */
function nearestBits(x: number, fractionBits: number, bias: number): number {
  const infinity = (2 * bias + 1) << fractionBits;
  double[0] = x;
  const high = doubleWords[1]!;
  const sign = (high >>> 31) << 15;
  if (Number.isNaN(x)) return sign | infinity | (1 << (fractionBits - 1));
  const exponent = Math.max(((high >>> 20) & 0x7ff) - 1023, 1 - bias);
  const steps = Math.abs(x) / 2 ** (exponent - fractionBits);
  // Bits count up through the exponents, so that a fraction that rounds up carries into the next one by itself.
  const bits = ((exponent + bias - 1) << fractionBits) + (steps + rounding - rounding);
  return sign | Math.min(bits, infinity);
}

/** Bits of the nearest `bf16` from the bits of a float32. */
function bfloatBits(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** Bits of the nearest `f16` from the bits of a float32. */
function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00;
  // 65520 lies half-way between the largest number and what would be the next.
  if (size >= 0x477ff000) return sign | 0x7c00;
  if (size < 0x38800000) {
    // Below 2⁻¹⁴, in steps of 2⁻²⁴.
    word[0] = size;
    return sign | (single[0]! * 2 ** 24 + rounding - rounding);
  }
  return sign | ((size - 0x38000000 + 0xfff + ((size >>> 13) & 1)) >>> 13);
}
