import type { DType } from "./dtype";
import { ArgumentError, DtypeError, ShapeError } from "./errors";
import { encoder, isHalf } from "./half";
import { checkShape, type Shape } from "./layout";
import { outsideStep } from "./memory/lifetime";
import { Random } from "./random";
import { empty, isTensor, type Nested, type Tensor } from "./tensor";

/** Options of functions that create tensors. */
export interface CreateOptions {
  /** Default `f32`; lists of booleans give `bool`. */
  dtype?: DType;
}

/** Options of functions that create random tensors. */
export interface RandomOptions extends CreateOptions {
  /** An integer, or a `Random` to draw from. Required: everything random is reproducible. */
  seed: number | Random;
}

/** From nested lists, a typed array with a `shape`, or a number. `tensor([[1, 2], [3, 4]])` has shape `[2, 2]`. */
export function tensor(data: Nested | ArrayLike<number>, options: CreateOptions & { shape?: Shape } = {}): Tensor {
  const typed = ArrayBuffer.isView(data) ? (data as unknown as ArrayLike<number>) : undefined;
  const shape = typed ? [typed.length] : shapeOf(data as Nested);
  const flat = typed ?? flatten(data as Nested, shape);
  const dtype = options.dtype ?? (typed ? dtypeOf(typed) : holdsBooleans(data as Nested) ? "bool" : "f32");
  const wanted = options.shape === undefined ? shape : checkShape("tensor", options.shape);
  const result = empty(wanted, dtype);
  if (result.size !== flat.length) {
    throw new ShapeError("tensor", `shape needs ${result.size} elements, data has ${flat.length}`, {
      details: { shape: wanted },
    });
  }
  const target = result.storage.data();
  if (dtype !== "bool" && !isHalf(dtype)) {
    target.set(flat);
    return result;
  }
  const encode = encoder(dtype);
  for (let i = 0; i < flat.length; i++) target[i] = encode(flat[i]!);
  return result;
}

/**
 * A tensor that stays until garbage collection, to be learned: zeros of a shape, or a copy of a tensor. Throws
 * `DtypeError` for `f16` and `bf16`, which only store.
 */
export function parameter(from: Shape | Tensor, options: CreateOptions = {}): Tensor {
  const dtype = options.dtype ?? (isTensor(from) ? from.dtype : "f32");
  if (isHalf(dtype)) {
    throw new DtypeError("parameter", `${dtype} stores frozen weights, it cannot be learned`, {
      hint: 'Learn it in float32: parameter(from, { dtype: "f32" }).',
    });
  }
  return outsideStep(() =>
    isTensor(from)
      ? tensor(from.toTypedArray() as unknown as ArrayLike<number>, {
          dtype,
          shape: from.shape,
        })
      : zeros(from, options),
  );
}

/** A tensor of `shape` with `value` everywhere. */
export function full(shape: Shape, value: number, { dtype = "f32" }: CreateOptions = {}): Tensor {
  const result = empty(checkShape("full", shape), dtype);
  result.storage.data().fill(encoder(dtype)(value));
  return result;
}

/** A tensor of `shape` with 0 everywhere. */
export function zeros(shape: Shape, options?: CreateOptions): Tensor {
  return full(shape, 0, options);
}

/** A tensor of `shape` with 1 everywhere. */
export function ones(shape: Shape, options?: CreateOptions): Tensor {
  return full(shape, 1, options);
}

/** `start, start + step, …` up to but not including `stop`; `arange(n)` counts from 0. */
export function arange(start: number, stop?: number, step = 1, { dtype = "f32" }: CreateOptions = {}): Tensor {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (step === 0) throw new ArgumentError("arange", "step is 0");
  return generate([Math.max(0, Math.ceil((to - from) / step))], dtype, (i) => from + i * step);
}

/** `count` evenly spaced values, both ends included. */
export function linspace(start: number, stop: number, count: number, { dtype = "f32" }: CreateOptions = {}): Tensor {
  const step = count > 1 ? (stop - start) / (count - 1) : 0;
  return generate([count], dtype, (i) => (i === count - 1 && count > 1 ? stop : start + i * step));
}

/** The identity matrix, or ones on the main diagonal of `[rows, columns]`. */
export function eye(rows: number, columns = rows, { dtype = "f32" }: CreateOptions = {}): Tensor {
  return generate([rows, columns], dtype, (i) => (i % (columns + 1) === 0 && i < columns * columns ? 1 : 0));
}

/** Uniform in [0, 1). */
export function rand(shape: Shape, { seed, dtype = "f32" }: RandomOptions): Tensor {
  const random = randomFrom(seed);
  // Rounded down to 24 bits, so that float32 does not round up to 1.
  return generate(shape, dtype, () =>
    dtype === "f64" ? random.uniform() : Math.floor(random.uniform() * 2 ** 24) / 2 ** 24,
  );
}

/** Standard normal. */
export function randn(shape: Shape, { seed, dtype = "f32" }: RandomOptions): Tensor {
  const random = randomFrom(seed);
  return generate(shape, dtype, () => random.normal());
}

/** Integers in `[low, high)`, `i32` by default. */
export function randint(low: number, high: number, shape: Shape, { seed, dtype = "i32" }: RandomOptions): Tensor {
  if (!(Number.isInteger(low) && Number.isInteger(high) && low < high)) {
    throw new ArgumentError("randint", `no integers in [${low}, ${high})`);
  }
  const random = randomFrom(seed);
  return generate(shape, dtype, () => random.integer(low, high));
}

function randomFrom(seed: number | Random): Random {
  if (seed instanceof Random) return seed;
  if (!Number.isInteger(seed)) {
    throw new ArgumentError("random", `seed ${seed} is not an integer`, { hint: "Pass { seed: 0 }, or a Random." });
  }
  return new Random(seed);
}

function generate(shape: Shape, dtype: DType, value: (index: number) => number): Tensor {
  const result = empty(checkShape("shape", shape), dtype);
  const data = result.storage.data();
  const encode = encoder(dtype);
  for (let i = 0; i < data.length; i++) data[i] = encode(value(i));
  return result;
}

function shapeOf(data: Nested): number[] {
  const shape: number[] = [];
  for (let at: Nested | undefined = data; Array.isArray(at); at = at[0]) shape.push(at.length);
  return shape;
}

function flatten(data: Nested, shape: Shape): number[] {
  const flat: number[] = [];
  const visit = (part: Nested, axis: number): void => {
    if (!Array.isArray(part)) {
      if (axis !== shape.length) throw ragged(shape);
      if (typeof part !== "number" && typeof part !== "boolean") {
        throw new ArgumentError("tensor", `a list holds ${part === null ? "null" : typeof part}, not a number`, {
          hint: "Pass nested lists of numbers, or one typed array with a shape.",
        });
      }
      flat.push(Number(part));
      return;
    }
    if (part.length !== shape[axis]) throw ragged(shape);
    for (const inner of part) visit(inner, axis + 1);
  };
  visit(data, 0);
  return flat;
}

function ragged(shape: Shape): ShapeError {
  return new ShapeError("tensor", "the lists have unequal lengths", { details: { "first entries": shape } });
}

function holdsBooleans(data: Nested): boolean {
  let at: Nested | undefined = data;
  while (Array.isArray(at)) at = at[0];
  return typeof at === "boolean";
}

function dtypeOf(data: ArrayLike<number>): DType {
  if (data instanceof Float64Array) return "f64";
  if (data instanceof Int32Array) return "i32";
  return "f32";
}

/** A tensor for anything an op takes as one: numbers take the dtype of the tensors beside them. */
export function asTensor(value: Tensor | number | Nested, dtype: DType = "f32"): Tensor {
  if (isTensor(value)) return value;
  return tensor(value, { dtype: holdsBooleans(value) ? "bool" : dtype });
}
