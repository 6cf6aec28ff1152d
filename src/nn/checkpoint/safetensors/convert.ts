import type { DType, TypedArray } from "../../../tensor";
import { decode, isHalf, narrowInto, widenInto } from "../../../tensor/internal";
import { DTYPES, type StoredDtype, type StoredTensor } from "./format";
import { toFloat32 } from "./values";

/** The stored dtypes that hold weights. */
export const FLOATS = ["F32", "F16", "BF16", "F64"] as const satisfies StoredDtype[];
export type StoredFloat = (typeof FLOATS)[number];

/** What a weight is kept as. */
export type WeightDType = Extract<DType, "f32" | "f64" | "f16" | "bf16">;

/** Dtypes whose bytes are the same in the file and in memory. */
const SAME: Readonly<Record<StoredFloat, WeightDType>> = { F32: "f32", F16: "f16", BF16: "bf16", F64: "f64" };

export function isStoredFloat(dtype: StoredDtype): dtype is StoredFloat {
  return (FLOATS as readonly StoredDtype[]).includes(dtype);
}

/** The dtype that keeps stored values as they are. */
export function keptDType(stored: StoredFloat): WeightDType {
  return SAME[stored];
}

/** Elements converted at a time: what lies between file and weight stays in the cache. */
const BLOCK = 8192;
const aligned = new ArrayBuffer(BLOCK * 8);
const alignedBytes = new Uint8Array(aligned);
const singles = new Float32Array(BLOCK);

/**
 * Writes stored elements (`bytes`: whole elements, at any offset) to `target`, the array of `dtype`, from element `at`
 * on, rounded to nearest where it is narrower.
 */
export function convertInto(
  target: TypedArray,
  dtype: WeightDType,
  at: number,
  stored: StoredFloat,
  bytes: Uint8Array,
) {
  const size = DTYPES[stored].bits / 8;
  if (SAME[stored] === dtype) {
    new Uint8Array(target.buffer, target.byteOffset + at * size, bytes.length).set(bytes);
    return;
  }
  for (let begin = 0; begin < bytes.length; begin += BLOCK * size) {
    const part = bytes.subarray(begin, begin + BLOCK * size);
    alignedBytes.set(part);
    const values = valuesOf(stored, part.length / size);
    const start = at + begin / size;
    if (!isHalf(dtype)) target.set(values, start);
    else {
      const narrow = values instanceof Float32Array ? values : Float32Array.from(values);
      narrowInto(narrow, dtype, (target as Uint16Array).subarray(start, start + values.length));
    }
  }
}

/** The numbers that lie in `aligned`. */
function valuesOf(stored: StoredFloat, count: number): Float32Array | Float64Array {
  if (stored === "F32") return new Float32Array(aligned, 0, count);
  if (stored === "F64") return new Float64Array(aligned, 0, count);
  const wide = singles.subarray(0, count);
  widenInto(new Uint16Array(aligned, 0, count), stored === "F16" ? "f16" : "bf16", wide);
  return wide;
}

/**
 * The first of `count` elements from `at` on that is infinite or NaN, or -1. Looks at the exponents only, two 16-bit ones
 * at a time: one added to an exponent that is all ones carries into the sign, cleared before.
 */
export function firstNotFinite(data: TypedArray, dtype: WeightDType, at: number, count: number): number {
  if (dtype !== "f64") {
    const size = dtype === "f32" ? 4 : 2;
    const begin = data.byteOffset + at * size;
    // From one word boundary to another, which takes in a neighbour of an odd 16-bit element.
    // Not with bit operations: addresses beyond 2 GiB would turn negative.
    const first = begin - (begin % 4);
    const words = new Int32Array(data.buffer, first, Math.ceil((begin + count * size - first) / 4));
    const [mask, one] = exponents[dtype];
    if ((carries(words, mask, one) & (mask + one)) === 0) return -1;
  }
  for (let i = at; i < at + count; i++) if (!Number.isFinite(decode(data[i]!, dtype))) return i;
  return -1;
}

/** Where the exponents of a 32-bit word are, and their lowest bits. */
const exponents = {
  f32: [0x7f800000, 0x00800000],
  f16: [0x7c007c00, 0x04000400],
  bf16: [0x7f807f80, 0x00800080],
} as const;

function carries(words: Int32Array, mask: number, one: number): number {
  let all = 0;
  for (let i = 0; i < words.length; i++) all |= ((words[i]! & mask) + one) | 0;
  return all;
}

/** One stored element as a number: for messages. */
export function storedValue(stored: StoredFloat, bytes: Uint8Array): number {
  if (stored === "F64") return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true);
  return toFloat32({ name: "", dtype: stored, shape: [], bytes } satisfies StoredTensor)[0]!;
}
