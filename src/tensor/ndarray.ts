import ndarray, { type NdArray } from "ndarray";
import { tensor } from "./create";
import type { DType, TypedArray } from "./dtype";
import { DtypeError } from "./errors";
import { Layout } from "./layout";
import type { Tensor } from "./tensor";

/**
 * Bridge to `ndarray` and the scientific JavaScript packages built on it. Both directions copy: engine memory moves
 * when it grows, so that a shared view would silently go stale.
 */

/**
 * An `ndarray` of the same shape and dtype (`bool` becomes `uint8`, 16-bit floats `float32`), row-major, with memory of
 * its own.
 */
export function toNdarray(x: Tensor): NdArray<TypedArray> {
  return ndarray(x.toTypedArray(), [...x.shape]) as NdArray<TypedArray>;
}

const dtypes: Readonly<Record<string, DType>> = {
  float32: "f32",
  float64: "f64",
  int32: "i32",
  uint8: "bool",
  array: "f64",
};

/**
 * A tensor with the elements of any `ndarray` view (strides, offset and negative steps included). Plain arrays give
 * `f64`, `uint8` gives `bool`.
 * @throws `DtypeError` for element types that the engine does not have.
 */
export function fromNdarray(view: NdArray, options: { dtype?: DType } = {}): Tensor {
  const own = dtypes[view.dtype];
  const dtype = options.dtype ?? own;
  if (dtype === undefined) {
    throw new DtypeError("fromNdarray", `no dtype for ndarray type "${view.dtype}"`, {
      hint: `Say which to convert to: fromNdarray(view, { dtype: "f32" }). Known: ${Object.keys(dtypes).join(", ")}.`,
    });
  }
  const offsets = new Layout(view.shape, view.stride, view.offset).offsets();
  // Stores with get and set are allowed too, and BigInt arrays when a dtype to convert to is given.
  const data = view.data as unknown as ArrayLike<number> & { get?: (at: number) => number };
  const read = typeof data.get === "function" ? (at: number) => data.get!(at) : (at: number) => data[at]!;
  const values = Float64Array.from(offsets, (at) => Number(read(at)));
  return tensor(values, { dtype, shape: view.shape });
}
