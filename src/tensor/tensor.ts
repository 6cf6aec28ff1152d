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
type UnaryMethods = { [K in keyof typeof Unary as CamelCase<K>]: () => Tensor };

/** Ops as methods: `x.add(y)` is `add(x, y)`, where shapes and errors are described. */
export interface TensorMethods extends UnaryMethods {
  add(other: TensorLike): Tensor;
  sub(other: TensorLike): Tensor;
  mul(other: TensorLike): Tensor;
  div(other: TensorLike): Tensor;
  pow(exponent: TensorLike): Tensor;
  maximum(other: TensorLike): Tensor;
  minimum(other: TensorLike): Tensor;
  equal(other: TensorLike): Tensor;
  notEqual(other: TensorLike): Tensor;
  less(other: TensorLike): Tensor;
  lessEqual(other: TensorLike): Tensor;
  greater(other: TensorLike): Tensor;
  greaterEqual(other: TensorLike): Tensor;
  sum(axis?: Axis, keepdims?: boolean): Tensor;
  mean(axis?: Axis, keepdims?: boolean): Tensor;
  max(axis?: Axis, keepdims?: boolean): Tensor;
  min(axis?: Axis, keepdims?: boolean): Tensor;
  variance(axis?: Axis, keepdims?: boolean, correction?: number): Tensor;
  logsumexp(axis?: Axis, keepdims?: boolean): Tensor;
  argmax(axis?: number): Tensor;
  softmax(axis?: number): Tensor;
  logSoftmax(axis?: number): Tensor;
  causalSoftmax(): Tensor;
  matmul(other: TensorLike): Tensor;
  transpose(i?: number, j?: number): Tensor;
  permute(perm: readonly number[]): Tensor;
  reshape(shape: Shape): Tensor;
  expand(shape: Shape): Tensor;
  slice(ranges: Ranges): Tensor;
  flip(axes: readonly number[]): Tensor;
  squeeze(axis: number): Tensor;
  unsqueeze(axis: number): Tensor;
  pad(pads: readonly (readonly [number, number])[], value?: number): Tensor;
  split(sizes: readonly number[], axis?: number): Tensor[];
  repeatInterleave(repeats: number, axis: number): Tensor;
  gather(index: Tensor, axis: number): Tensor;
  indexSelect(index: Tensor, axis: number): Tensor;
  scatterAdd(index: Tensor, source: Tensor, axis: number): Tensor;
  maskedFill(mask: TensorLike, value: number): Tensor;
  tril(diagonal?: number): Tensor;
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
