import { asTensor } from "./create";
import { type DType, isFloat } from "./dtype";
import { DtypeError } from "./errors";
import { isHalf } from "./half";
import { kernelsFor } from "./kernels";
import type { Kernels } from "./kernels/interface";
import { Layout, type Shape } from "./layout";
import { Storage } from "./memory/lifetime";
import { writeNumber } from "./memory/memory";
import { profiler } from "./profile";
import { empty, isTensor, type Nested, Tensor, type TensorLike } from "./tensor";

/** The argument of a gradient formula: the inputs by name, the output `out`, its gradient `g`, and the attributes. */
export type GradientContext<I extends string, A> = Record<I, Tensor> & {
  g: Tensor;
  out: Tensor;
  attrs: A;
  /** The input asked for, and all of them: for variadic ops. */
  key: string;
  inputs: Record<string, Tensor>;
};

/**
 * Gradient with respect to one input, written with ops (so that it can be differentiated again). A result of the
 * output's shape is summed over broadcast axes for you. `null`: the input has no gradient (indices, masks). A formula
 * may share work between the inputs of one application, but must keep nothing beyond it: that memory serves again.
 */
export type Gradient<I extends string, A> = ((context: GradientContext<I, A>) => Tensor) | null;

/** Where an input may be sampled to test the gradient: a range, and points (kinks, poles) to stay away from. */
export interface Domain {
  min?: number;
  max?: number;
  awayFrom?: readonly number[];
}

interface Common<I extends string, A> {
  /** In words or symbols. */
  formula: string;
  inputs: readonly I[];
  /** Floating-point operations of one application, for the profile. Where it says more than the bytes do. */
  flops?(inputs: Record<I, Tensor>, out: Tensor, attrs: A): number;
  domain?: Partial<Record<I, Domain>>;
  /** Takes floats only. */
  floats?: true;
  /** Inputs that may be `f16` or `bf16`: widened as they are read, beside floats, or only viewed. */
  halves?: readonly I[];
  /** Takes any number of inputs `x0, x1, …`, declared once as `x`. */
  variadic?: true;
}

/** A kernel that fills the output, or a function that makes it (a view of an input, or new). */
type Forward<I extends string, A> =
  | {
      /**
       * The shape rule.
       * @throws `ShapeError` when the inputs do not fit.
       */
      shape(inputs: Record<I, Tensor>, attrs: A): Shape;
      /** Default: the dtype of the inputs. */
      dtype?(inputs: Record<I, Tensor>, attrs: A): DType;
      forward(kernels: Kernels, inputs: Record<I, Tensor>, out: Tensor, attrs: A): void;
    }
  | { compute(inputs: Record<I, Tensor>, attrs: A): Tensor };

/** One gradient per input. Leaving one out is a compile error. */
interface WithGradient<I extends string, A> {
  gradient: { [K in I]: Gradient<I, A> };
  /**
   * Adds a gradient into `sum`, a contiguous tensor of the input's shape: for gradients that are mostly zeros. Used
   * where nobody differentiates the gradient again.
   */
  accumulate?: { [K in I]?: (context: GradientContext<I, A>, sum: Tensor) => void };
}

/** The function in simpler ops: a fused op is tested against it and differentiated through it. */
interface WithComposition<I extends string, A> {
  composed(inputs: Record<I, Tensor>, attrs: A): Tensor;
}

/**
 * Everything about an op, in one place. Three kinds:
 * - with `gradient`: a primitive;
 * - with `composed` and a forward: a fused op, differentiated through `composed`;
 * - with `composed` alone: a name for a formula in other ops.
 */
export type OpSpec<I extends string, A> = Common<I, A> &
  ((Forward<I, A> & (WithGradient<I, A> | WithComposition<I, A>)) | WithComposition<I, A>);

/** A declared op, as autodiff and the tests see it. */
export interface Op {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly spec: AnySpec;
  /** Names of inputs whose dtypes must agree, and of those that gradients flow to. */
  readonly values: readonly string[];
  readonly slopes: readonly string[];
}

/** An `OpSpec` of any inputs and attributes. */
interface AnySpec extends Common<string, unknown> {
  shape?(inputs: Record<string, Tensor>, attrs: unknown): Shape;
  dtype?(inputs: Record<string, Tensor>, attrs: unknown): DType;
  forward?(kernels: Kernels, inputs: Record<string, Tensor>, out: Tensor, attrs: unknown): void;
  compute?(inputs: Record<string, Tensor>, attrs: unknown): Tensor;
  gradient?: Record<string, Gradient<string, unknown>>;
  accumulate?: Record<string, ((context: GradientContext<string, unknown>, sum: Tensor) => void) | undefined>;
  composed?(inputs: Record<string, Tensor>, attrs: unknown): Tensor;
}

type Inputs<I extends string> = { [K in I]: TensorLike };

/** Every declared op by name. The tests walk it: an op cannot exist untested. */
export const registry = new Map<string, Op>();

/** Told about every application of a primitive; set by autodiff. */
type Recorder = (op: Op, inputs: Record<string, Tensor>, attrs: unknown, out: Tensor) => void;
let recorder: Recorder | undefined;

/** Sets the function that is told about every application of a primitive. */
export function setRecorder(record: Recorder): void {
  recorder = record;
}

/** Runs `body` without recording, so that its results count as constants. */
export function unrecorded<T>(body: () => T): T {
  const saved = recorder;
  recorder = undefined;
  try {
    return body();
  } finally {
    recorder = saved;
  }
}

/**
 * Declares an op and returns the function that applies it to named inputs:
 * `const add = op("add", { inputs: ["a", "b"], … }); add({ a, b })`.
 */
export function op<const I extends string, A = undefined>(name: string, spec: OpSpec<I, A>) {
  const { inputs } = spec;
  const anySpec = spec as unknown as AnySpec;
  const values = inputs.filter((key) => !indexInputs.has(key));
  const slopes = inputs.filter((key) => anySpec.gradient?.[key] !== null);
  const declared: Op = { name, inputs, spec: anySpec, values, slopes };
  registry.set(name, declared);
  return (inputs: Inputs<I>, ...[attrs]: A extends undefined ? [] : [attrs: A]): Tensor =>
    applyOp(declared, inputs, attrs);
}

/** The names among `names` (of an op's declaration) in a record of its inputs. */
export function namesIn(declared: Op, names: readonly string[], inputs: Record<string, unknown>): readonly string[] {
  return declared.spec.variadic ? Object.keys(inputs) : names;
}

/**
 * Applies any declared op.
 * @throws `DtypeError` when dtypes are mixed, or one has 16 bits that the op cannot read.
 */
export function applyOp(declared: Op, given: Record<string, TensorLike>, attrs: unknown): Tensor {
  const { spec, name } = declared;
  const inputs = given as Record<string, Tensor>;
  const dtype = commonDtype(declared, given);
  if (spec.floats && !isFloat(dtype)) {
    throw new DtypeError(name, `takes floats, not ${dtype}`, { hint: 'Cast first: x.cast("f32").' });
  }
  const names = namesIn(declared, declared.inputs, given);
  for (let i = 0; i < names.length; i++) {
    const key = names[i]!;
    if (!isTensor(given[key])) inputs[key] = constant(name, given[key]!, dtype);
  }
  if (spec.forward === undefined && spec.compute === undefined) return spec.composed!(inputs, attrs);
  const out = profiler.isOn ? profiled(declared, inputs, dtype, attrs) : compute(declared, inputs, dtype, attrs);
  recorder?.(declared, inputs, attrs, out);
  return out;
}

function compute({ spec, inputs: names }: Op, inputs: Record<string, Tensor>, dtype: DType, attrs: unknown): Tensor {
  if (spec.forward !== undefined) {
    const shape = spec.shape!(inputs, attrs);
    const out = emptyLike(names, inputs, shape, spec.dtype === undefined ? dtype : spec.dtype(inputs, attrs));
    spec.forward(kernelsFor(dtype), inputs, out, attrs);
    return out;
  }
  const make = spec.compute!;
  const result = recorder === undefined ? make(inputs, attrs) : unrecorded(() => make(inputs, attrs));
  // A fresh handle: what was computed may be an input itself, and each handle holds one history.
  return new Tensor(result.storage, result.layout);
}

/** An uninitialised tensor that shares its layout with an input where the shape rule gave that input's shape. */
function emptyLike(names: readonly string[], inputs: Record<string, Tensor>, shape: Shape, dtype: DType): Tensor {
  for (let i = 0; i < names.length; i++) {
    const layout = inputs[names[i]!]?.layout;
    if (layout !== undefined && layout.shape === shape && layout.isContiguous && layout.offset === 0) {
      return new Tensor(new Storage(dtype, layout.size), layout);
    }
  }
  return empty(shape, dtype);
}

/** One application, written into the profile. */
function profiled(declared: Op, inputs: Record<string, Tensor>, dtype: DType, attrs: unknown): Tensor {
  const { spec } = declared;
  return profiler.measure(declared.name, () => {
    const out = compute(declared, inputs, dtype, attrs);
    // What `compute` makes is a view, or its parts are counted one by one.
    if (spec.forward !== undefined) profiler.count([...Object.values(inputs), out], spec.flops?.(inputs, out, attrs));
    return out;
  });
}

/** The dtype to compute in: that of the inputs, whatever 16-bit weights stand beside them. */
function commonDtype(declared: Op, given: Record<string, TensorLike>): DType {
  let found: DType | undefined;
  let half: DType | undefined;
  const names = namesIn(declared, declared.values, given);
  for (let i = 0; i < names.length; i++) {
    const value = given[names[i]!];
    if (!isTensor(value)) continue;
    const { dtype } = value.storage;
    if (isHalf(dtype)) {
      if (!declared.spec.halves?.includes(names[i]!)) throw onlyStored(declared.name, names[i]!, dtype);
      half = dtype;
    } else if (found === undefined) found = dtype;
    else if (found !== dtype) throw mixedDtypes(declared.name, given);
  }
  if (half !== undefined && found !== undefined && !isFloat(found)) throw mixedDtypes(declared.name, given);
  return found ?? half ?? "f32";
}

function onlyStored(where: string, key: string, dtype: DType): DtypeError {
  return new DtypeError(where, `${key} is ${dtype}, which only stores weights`, {
    hint: `Cast it first: ${key}.cast("f32").`,
  });
}

/** A number or list beside tensors of a dtype; one that the dtype would cut off is refused. */
function constant(name: string, value: Nested, dtype: DType): Tensor {
  if (typeof value === "number" && isFloat(dtype)) return scalar(value, dtype);
  if (dtype === "i32" && typeof value === "number" && !Number.isInteger(value)) {
    throw new DtypeError(name, `${value} beside i32 would be cut off`, { hint: 'Cast the tensor: x.cast("f32").' });
  }
  return asTensor(value, dtype);
}

const scalarLayout = Layout.contiguous([]);

/** A number as a tensor, without a typed array of its own: the most frequent constant. */
function scalar(value: number, dtype: DType): Tensor {
  const storage = new Storage(dtype, 1);
  writeNumber(storage.ptr, value, dtype === "f64");
  return new Tensor(storage, scalarLayout);
}

/** Inputs of these names are integers or masks and may stand beside floats. */
const indexInputs = new Set(["index", "target", "condition", "starts"]);

function mixedDtypes(where: string, values: Record<string, TensorLike>): DtypeError {
  const tensors = Object.entries(values).filter(
    (entry): entry is [string, Tensor] => isTensor(entry[1]) && !indexInputs.has(entry[0]),
  );
  const [first] = tensors;
  return new DtypeError(where, "dtypes differ", {
    details: Object.fromEntries(tensors.map(([key, x]) => [key, `${x.dtype} [${x.shape.join(", ")}]`])),
    hint: `Cast one, for instance ${tensors.at(-1)![0]}.cast("${first![1].dtype}").`,
  });
}

/** `x` itself when contiguous, else a contiguous copy: for kernels that work on rows. Not recorded. */
export function contiguous(x: Tensor): Tensor {
  if (x.layout.isContiguous) return x;
  const out = empty(x.shape, x.dtype);
  kernelsFor(x.dtype).copy(x, out);
  return out;
}
