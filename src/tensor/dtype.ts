/**
 * Element types. `f32` computes models, `f64` checks gradients, `i32` indexes, `bool` masks (one byte, 0 or 1). `f16`
 * and `bf16` only store frozen weights in half the memory: products and look-ups widen them as they read them, other
 * ops want a cast. Their storage holds the bits in a `Uint16Array`; whatever shows elements (`toArray`, `toTypedArray`,
 * `item`, printing) shows numbers.
 */
export type DType = "f32" | "f64" | "i32" | "bool" | "f16" | "bf16";

/** The typed array that holds a dtype's elements. */
export interface TypedArrays {
  f32: Float32Array;
  f64: Float64Array;
  i32: Int32Array;
  bool: Uint8Array;
  f16: Uint16Array;
  bf16: Uint16Array;
}
/** The typed array of any dtype. */
export type TypedArray = TypedArrays[DType];

/** Bytes of one element. */
export const itemSize: Readonly<Record<DType, number>> = { f32: 4, f64: 8, i32: 4, bool: 1, f16: 2, bf16: 2 };

/** True for what ops compute with and gradients flow through; the 16-bit dtypes only store. */
export function isFloat(dtype: DType): boolean {
  return dtype === "f32" || dtype === "f64";
}

/** A typed array of `length` elements over `buffer` at `byteOffset`, or a fresh one. */
export function typedArray<D extends DType>(dtype: D, length: number, buffer?: ArrayBufferLike, byteOffset = 0) {
  const source = buffer ?? new ArrayBuffer(length * itemSize[dtype]);
  const make = {
    f32: () => new Float32Array(source, byteOffset, length),
    f64: () => new Float64Array(source, byteOffset, length),
    i32: () => new Int32Array(source, byteOffset, length),
    bool: () => new Uint8Array(source, byteOffset, length),
    f16: () => new Uint16Array(source, byteOffset, length),
    bf16: () => new Uint16Array(source, byteOffset, length),
  };
  return make[dtype]() as TypedArrays[D];
}
