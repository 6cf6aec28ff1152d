// biome-ignore-all lint/suspicious/noExplicitAny: the attributes of a stored case are whatever its op takes.
import * as fader from "fader/autograd";
import { grad, mul, step, sum, type Tensor, tensor, valueAndGrad } from "fader/autograd";
import { Layout } from "../../src/tensor/internal";
import { largest, largestError, numbers, type Report, type Stored } from "./compare";
import { formulaOf } from "./formulas";

interface StoredInput {
  dtype: "float" | "int" | "bool";
  shape: number[];
  data: Stored[];
  strides?: number[];
  offset?: number;
  storage?: Stored[];
}
export interface OpCase {
  id: string;
  op: string;
  attrs: any;
  inputs: Record<string, StoredInput>;
  outputs: { shape: number[]; data: Stored[] }[];
  grad_outputs?: { shape: number[]; data: Stored[] }[];
  grads?: Record<string, { shape: number[]; data: Stored[] }>;
  float32_error?: { outputs: number[]; grads: Record<string, number> };
}
type Tensors = Record<string, Tensor>;

/** Cases whose name or arguments differ from the library's function of the same meaning. */
const calls: Record<string, (x: Tensors, attrs: any) => Tensor | Tensor[]> = {
  where: ({ cond, a, b }) => fader.where(cond!, a!, b!),
  pow_scalar: ({ x }, { exponent }) => fader.pow(x!, exponent),
  gelu_tanh: ({ x }) => fader.geluTanh(x!),
  gelu_erf: ({ x }) => fader.geluErf(x!),
  var: ({ x }, { axis, keepdims, correction }) => fader.variance(x!, axis, keepdims, correction),
  softmax: ({ x }, { axis }) => fader.softmax(x!, axis),
  log_softmax: ({ x }, { axis }) => fader.logSoftmax(x!, axis),
  matmul: ({ a, b }) => fader.matmul(a!, b!),
  transpose: ({ x }, { axes }) => fader.transpose(x!, axes[0], axes[1]),
  permute: ({ x }, { perm }) => fader.permute(x!, perm),
  reshape: ({ x }, { shape }) => fader.reshape(x!, shape),
  expand: ({ x }, { shape }) => fader.expand(x!, shape),
  unsqueeze: ({ x }, { axis }) => fader.unsqueeze(x!, axis),
  slice: ({ x }, { ranges }) => fader.slice(x!, ranges),
  flip: ({ x }, { axes }) => fader.flip(x!, axes),
  concat: (x, { axis }) => fader.concat(Object.values(x), axis),
  stack: (x, { axis }) => fader.stack(Object.values(x), axis),
  split: ({ x }, { sizes, axis }) => fader.split(x!, sizes, axis),
  gather: ({ x, index }, { axis }) => fader.gather(x!, index!, axis),
  index_select: ({ x, index }, { axis }) => fader.indexSelect(x!, index!, axis),
  scatter_add: ({ x, index, src }, { axis }) => fader.scatterAdd(x!, index!, src!, axis),
  embedding: ({ weight, index }) => fader.embedding(weight!, index!),
  pad: ({ x }, { pads, value }) => fader.pad(x!, pads, value),
  tril: ({ x }, { diagonal }) => fader.tril(x!, diagonal),
  causal_softmax: ({ x }) => fader.causalSoftmax(x!),
  masked_fill: ({ x, mask }, { value }) => fader.maskedFill(x!, mask!, value),
  repeat_interleave: ({ x }, { repeats, axis }) => fader.repeatInterleave(x!, repeats, axis),
  layer_norm: ({ x, weight, bias }, { eps }) => fader.layerNorm(x!, weight, bias, eps),
  rms_norm: ({ x, weight }, { eps }) => fader.rmsNorm(x!, weight, eps),
  cross_entropy: ({ logits, target }, { reduction, ignore_index }) =>
    fader.crossEntropy(logits!, target!, { reduction, ignoreIndex: ignore_index }),
};

/** The function of a case, or `undefined` when the library has none. */
function functionOf({ op, id, attrs }: OpCase): ((x: Tensors) => Tensor[]) | undefined {
  const named = op === "formula" || op === "second_order" ? formulaOf(id, attrs.formula) : undefined;
  const list = (result: Tensor | Tensor[]) => (Array.isArray(result) ? result : [result]);
  if (named) return (x) => list(named(x));
  const call = calls[op];
  if (call) return (x) => list(call(x, attrs));
  const plain = (fader as unknown as Record<string, (...args: unknown[]) => Tensor>)[op];
  if (typeof plain !== "function") return undefined;
  const reduced = "axis" in attrs ? [attrs.axis, attrs.keepdims] : [];
  return (x) => [plain(...Object.values(x), ...reduced)];
}

/** Runs one case in one float dtype and reports each output and gradient. */
export function verifyOp(test: OpCase, dtype: "f32" | "f64", report: Report): void {
  const run = functionOf(test);
  if (run === undefined) {
    report.fail("ops", test.id, `the library has no op "${test.op}"`);
    return;
  }
  try {
    step(() => {
      const inputs = Object.fromEntries(Object.entries(test.inputs).map(([key, x]) => [key, makeInput(x, dtype)]));
      if (test.op === "second_order") return verifySecondOrder(test, run, inputs, dtype, report);
      run(inputs).forEach((out, i) => {
        const want = test.outputs[i]!;
        const shapesMatch = want.shape.join() === out.shape.join();
        const got = shapesMatch ? out.toTypedArray() : [];
        check(report, `${dtype} outputs`, test.id, got, numbers(want.data), test.float32_error?.outputs[i], dtype);
      });
      if (test.grads) verifyGradients(test, run, inputs, dtype, report);
    });
  } catch (error) {
    report.fail(`${dtype} outputs`, test.id, (error as Error).message);
  }
}

function verifyGradients(
  test: OpCase,
  run: (x: Tensors) => Tensor[],
  inputs: Tensors,
  dtype: "f32" | "f64",
  report: Report,
): void {
  const floats = Object.fromEntries(Object.entries(inputs).filter(([key]) => test.grads![key] !== undefined));
  const seeds = test.grad_outputs!.map((g) => tensor(numbers(g.data), { dtype, shape: g.shape }));
  const { grads } = valueAndGrad((x: Tensors) =>
    run({ ...inputs, ...x })
      .map((out, k) => sum(mul(out, seeds[k]!)))
      .reduce((a, b) => a.add(b)),
  )(floats);
  for (const [key, want] of Object.entries(test.grads!)) {
    const shapesMatch = want.shape.join() === grads[key]!.shape.join();
    const got = shapesMatch ? grads[key]!.toTypedArray() : [];
    const id = `${test.id} d${key}`;
    check(report, `${dtype} gradients`, id, got, numbers(want.data), test.float32_error?.grads[key], dtype);
  }
}

/** Outputs: f(x), its gradient, and its Hessian times v. */
function verifySecondOrder(
  test: OpCase,
  run: (x: Tensors) => Tensor[],
  { x, v }: Tensors,
  dtype: "f32" | "f64",
  report: Report,
): void {
  const f = (at: Tensor) => run({ x: at })[0]!;
  const slope = grad(f);
  const product = grad((at: Tensor) => sum(mul(slope(at), v!)));
  [f(x!), slope(x!), product(x!)].forEach((got, i) => {
    const want = numbers(test.outputs[i]!.data);
    check(report, `${dtype} second order`, test.id, got.toTypedArray(), want, test.float32_error?.outputs[i], dtype);
  });
}

function check(
  report: Report,
  kind: string,
  id: string,
  got: ArrayLike<number>,
  want: number[],
  float32Error = 0,
  dtype: "f32" | "f64",
): void {
  // In float32 a value beyond its range is infinite or zero; the stored one is a double.
  const expected = dtype === "f32" ? want.map(Math.fround) : want;
  const bound =
    dtype === "f32"
      ? Math.max(1e-6 * Math.max(1, largest(expected)), 10 * float32Error)
      : 1e-9 * Math.max(1, largest(expected));
  report.add(kind, id, largestError(got, expected), bound);
}

function makeInput(input: StoredInput, float: "f32" | "f64"): Tensor {
  const dtype = input.dtype === "float" ? float : input.dtype === "int" ? "i32" : "bool";
  if (input.strides === undefined) return tensor(numbers(input.data), { dtype, shape: input.shape });
  const storage = tensor(numbers(input.storage!), { dtype });
  return storage.withLayout(new Layout(input.shape, input.strides, input.offset ?? 0));
}
