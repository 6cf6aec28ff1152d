import { type DType, itemSize, type TypedArray } from "./dtype";
import { ArgumentError, DtypeError, ShapeError } from "./errors";
import { decode, numbersOf } from "./half";
import type { Unary } from "./kernels/numbers";
import { type Axis, Layout, type Ranges, type Shape, sameShape } from "./layout";
import { Storage, stepsAreHeld } from "./memory/lifetime";
import { format } from "./print";

/** Nested lists of numbers (or booleans), as deep as the rank. */
export type Nested = number | boolean | readonly Nested[];
/** A tensor, or what ops take in its place: numbers and lists adopt the dtype of the tensors beside them. */
export type TensorLike = Tensor | Nested;

/**
 * A small immutable handle: a layout over a storage. Views share storage. Every op is a function (`add(x, y)`) and the
 * same op is a method (`x.add(y)`).
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: `attachMethods` adds exactly what TensorMethods declares.
export class Tensor {
  /** Set by autodiff on what is computed from a differentiated argument. @internal */
  node: unknown = undefined;

  /** Over memory that exists: `tensor`, `zeros` and others make both. @internal */
  constructor(
    /** The memory, shared by views. @internal */
    readonly storage: Storage,
    /** Where the elements lie in the memory. */
    readonly layout: Layout,
  ) {}

  /** Sizes of the axes. */
  get shape(): Shape {
    return this.layout.shape;
  }

  /** Number of axes. */
  get rank(): number {
    return this.layout.shape.length;
  }

  /** Number of elements. */
  get size(): number {
    return this.layout.size;
  }

  /** Element type. */
  get dtype(): DType {
    return this.storage.dtype;
  }

  /** Byte address of the first element, for kernels. @internal */
  get address(): number {
    return this.storage.address() + this.layout.offset * itemSize[this.storage.dtype];
  }

  /** Another view of the same storage; not recorded for gradients. @internal */
  withLayout(layout: Layout): Tensor {
    return new Tensor(this.storage, layout);
  }

  /** The elements in row-major order, copied; those of `f16` and `bf16` widened to a Float32Array. */
  toTypedArray(): TypedArray {
    return numbersOf(storedElements(this), this.dtype);
  }

  /** The elements as nested lists (a number for rank 0; booleans for `bool`). */
  toArray(): Nested {
    const flat = this.toTypedArray();
    const isBool = this.dtype === "bool";
    let at = 0;
    const build = (axis: number): Nested => {
      if (axis === this.rank) return isBool ? flat[at++] !== 0 : flat[at++]!;
      return Array.from({ length: this.shape[axis]! }, () => build(axis + 1));
    };
    return build(0);
  }

  /**
   * The only element.
   * @throws `ShapeError` when there is not exactly one.
   */
  item(): number {
    if (this.size !== 1) {
      throw new ShapeError("item", `the tensor has ${this.size} elements, not 1`, {
        details: { x: this.shape },
        hint: "Use toArray() for all of them, or sum() to reduce them.",
      });
    }
    return decode(this.storage.data()[this.layout.offset]!, this.dtype);
  }

  /**
   * Overwrites the elements in place, by copy: how parameters are updated. Shapes and dtypes must be equal. Throws
   * inside a differentiated function, where a changed value would falsify the gradient.
   */
  assign(source: Tensor): this {
    if (stepsAreHeld()) {
      throw new ArgumentError("assign", "not inside a function that is being differentiated", {
        hint: "Return the new value and assign it afterwards.",
      });
    }
    if (!sameShape(this.shape, source.shape)) {
      throw new ShapeError("assign", "shapes differ", { details: { to: this.shape, from: source.shape } });
    }
    if (this.dtype !== source.dtype) {
      throw new DtypeError("assign", `a ${this.dtype} tensor cannot take ${source.dtype} values`, {
        hint: `Cast first: source.cast("${this.dtype}").`,
      });
    }
    const values = storedElements(source);
    const data = this.storage.data();
    if (this.layout.isContiguous) data.set(values, this.layout.offset);
    else {
      const offsets = this.layout.offsets();
      for (let i = 0; i < offsets.length; i++) data[offsets[i]!] = values[i]!;
    }
    return this;
  }

  /** `tensor([[1, 2], [3, 4]], f32)`, long axes shortened. */
  toString(): string {
    return format(this.storage, this.layout);
  }

  /** As Node prints it. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** `gelu_tanh` as `geluTanh`. */
type CamelCase<S extends string> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<CamelCase<B>>}` : S;
/** A function of one number, applied to each element: see the function of its name. */
export type UnaryMethod = () => Tensor;
type UnaryMethods = { [K in keyof typeof Unary as CamelCase<K>]: UnaryMethod };

/** Ops as methods: `x.add(y)` is `add(x, y)`, where shapes and errors are described. */
export interface TensorMethods extends UnaryMethods {
  /** Adds element by element, broadcast. */
  add(other: TensorLike): Tensor;
  /** Subtracts element by element, broadcast. */
  sub(other: TensorLike): Tensor;
  /** Multiplies element by element, broadcast. */
  mul(other: TensorLike): Tensor;
  /** Divides element by element, broadcast. */
  div(other: TensorLike): Tensor;
  /** Raises each element to a power, broadcast. */
  pow(exponent: TensorLike): Tensor;
  /** The larger of each pair of elements. */
  maximum(other: TensorLike): Tensor;
  /** The smaller of each pair of elements. */
  minimum(other: TensorLike): Tensor;
  /** Where elements are equal, as `bool`. */
  equal(other: TensorLike): Tensor;
  /** Where elements differ, as `bool`. */
  notEqual(other: TensorLike): Tensor;
  /** Where elements are smaller, as `bool`. */
  less(other: TensorLike): Tensor;
  /** Where elements are smaller or equal, as `bool`. */
  lessEqual(other: TensorLike): Tensor;
  /** Where elements are larger, as `bool`. */
  greater(other: TensorLike): Tensor;
  /** Where elements are larger or equal, as `bool`. */
  greaterEqual(other: TensorLike): Tensor;
  /** Sum over axes, by default all. */
  sum(axis?: Axis, keepdims?: boolean): Tensor;
  /** Mean over axes, by default all. */
  mean(axis?: Axis, keepdims?: boolean): Tensor;
  /** Largest element over axes, by default all. */
  max(axis?: Axis, keepdims?: boolean): Tensor;
  /** Smallest element over axes, by default all. */
  min(axis?: Axis, keepdims?: boolean): Tensor;
  /** Variance over axes, by default all. */
  variance(axis?: Axis, keepdims?: boolean, correction?: number): Tensor;
  /** `ln Σ e^x` over axes, by default all. */
  logsumexp(axis?: Axis, keepdims?: boolean): Tensor;
  /** Index of the first largest element along an axis, by default the last. */
  argmax(axis?: number): Tensor;
  /** Probabilities along an axis, by default the last. */
  softmax(axis?: number): Tensor;
  /** Log-probabilities along an axis, by default the last. */
  logSoftmax(axis?: number): Tensor;
  /** Probabilities of scores `[…, queries, keys]`, keys up to the query alone. */
  causalSoftmax(): Tensor;
  /** Matrix product of the last two axes. */
  matmul(other: TensorLike): Tensor;
  /** Exchanges two axes, by default the last two. */
  transpose(i?: number, j?: number): Tensor;
  /** Axes in another order. */
  permute(perm: readonly number[]): Tensor;
  /** Another shape for the same elements; one size may be -1. */
  reshape(shape: Shape): Tensor;
  /** Repeats axes of size 1 and adds leading axes. */
  expand(shape: Shape): Tensor;
  /** The elements in a range of each axis. */
  slice(ranges: Ranges): Tensor;
  /** Reverses axes. */
  flip(axes: readonly number[]): Tensor;
  /** Removes an axis of size 1. */
  squeeze(axis: number): Tensor;
  /** Adds an axis of size 1. */
  unsqueeze(axis: number): Tensor;
  /** Adds `value` before and after each axis. */
  pad(pads: readonly (readonly [number, number])[], value?: number): Tensor;
  /** Pieces of the given sizes along an axis, by default the last. */
  split(sizes: readonly number[], axis?: number): Tensor[];
  /** Repeats each entry along an axis: 0,0,1,1. */
  repeatInterleave(repeats: number, axis: number): Tensor;
  /** Picks along an axis by an `i32` index of equal rank. */
  gather(index: Tensor, axis: number): Tensor;
  /** Entries of an axis by a list of `i32`. */
  indexSelect(index: Tensor, axis: number): Tensor;
  /** Adds `source` where `index` points along an axis. */
  scatterAdd(index: Tensor, source: Tensor, axis: number): Tensor;
  /** Puts `value` where `mask` is true. */
  maskedFill(mask: TensorLike, value: number): Tensor;
  /** Lower triangle of the last two axes. */
  tril(diagonal?: number): Tensor;
  /** Converts to another dtype. */
  cast(dtype: DType): Tensor;
}

export interface Tensor extends TensorMethods {}

/** The elements in row-major order as they are stored, copied. */
function storedElements({ storage, layout }: Tensor): TypedArray {
  const data = storage.data();
  if (layout.isContiguous) return data.slice(layout.offset, layout.offset + layout.size);
  const result = sameKind(data, layout.size);
  const offsets = layout.offsets();
  for (let i = 0; i < offsets.length; i++) result[i] = data[offsets[i]!]!;
  return result;
}

function sameKind(data: TypedArray, length: number): TypedArray {
  return new (data.constructor as new (length: number) => TypedArray)(length);
}

/** An uninitialised contiguous tensor. Internal: every kernel fills its output. */
export function empty(shape: Shape, dtype: DType): Tensor {
  const layout = Layout.contiguous(shape);
  return new Tensor(new Storage(dtype, layout.size), layout);
}

/** True for a value that is a tensor. */
export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}
