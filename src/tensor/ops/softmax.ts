import { asTensor } from "../create";
import { ShapeError } from "../errors";
import { normalizeAxis } from "../layout";
import { contiguous, op } from "../op";
import { isTensor, type Tensor, type TensorLike } from "../tensor";
import { mul, sub } from "./arithmetic";
import { exp } from "./elementwise";
import { sum } from "./reduce";
import { transpose } from "./views";

/** Along the last axis; other axes are exchanged with it first. */
const softmaxOp = op("softmax", {
  formula: "e^x / Σ e^x along the last axis; a row of only -inf gives zeros",
  inputs: ["x"],
  floats: true,
  shape: ({ x }) => x.shape,
  forward: (kernels, { x }, out) => kernels.softmax(contiguous(x), out),
  gradient: { x: ({ g, out }) => softmaxGradient({ y: out, g }) },
});

const softmaxGradient = op("softmax_gradient", {
  formula: "y · (g − Σ g·y)",
  inputs: ["y", "g"],
  shape: ({ y }) => y.shape,
  forward: (kernels, { y, g }, out) => kernels.softmaxGradient(contiguous(y), contiguous(g), out),
  composed: ({ y, g }) => mul(y, sub(g, sum(mul(g, y), -1, true))),
});

const logSoftmaxOp = op("log_softmax", {
  formula: "x − ln Σ e^x along the last axis",
  inputs: ["x"],
  floats: true,
  shape: ({ x }) => x.shape,
  forward: (kernels, { x }, out) => kernels.logSoftmax(contiguous(x), out),
  gradient: { x: ({ g, out }) => logSoftmaxGradient({ y: out, g }) },
});

const logSoftmaxGradient = op("log_softmax_gradient", {
  formula: "g − e^y · Σ g",
  inputs: ["y", "g"],
  shape: ({ y }) => y.shape,
  forward: (kernels, { y, g }, out) => kernels.logSoftmaxGradient(contiguous(y), contiguous(g), out),
  composed: ({ y, g }) => sub(g, mul(exp(y), sum(g, -1, true))),
});

const causalSoftmaxOp = op("causal_softmax", {
  formula: "softmax along the last axis where columns beyond the row count as -inf",
  inputs: ["x"],
  floats: true,
  shape: ({ x }) => {
    if (x.rank < 2) throw new ShapeError("causal_softmax", "needs at least two axes", { details: { x: x.shape } });
    return x.shape;
  },
  forward: (kernels, { x }, out) => kernels.causalSoftmax(contiguous(x), out),
  // Masked entries have y = 0, so that their gradient is exactly 0.
  gradient: { x: ({ g, out }) => softmaxGradient({ y: out, g }) },
});

/** Probabilities along `axis`. */
export function softmax(x: TensorLike, axis = -1): Tensor {
  return alongLast("softmax", x, axis, (last) => softmaxOp({ x: last }));
}

/** Log-probabilities along `axis`. */
export function logSoftmax(x: TensorLike, axis = -1): Tensor {
  return alongLast("log_softmax", x, axis, (last) => logSoftmaxOp({ x: last }));
}

/** Attention weights from scores `[…, queries, keys]`: each query sees the keys up to its own index. */
export function causalSoftmax(x: TensorLike): Tensor {
  return causalSoftmaxOp({ x });
}

function alongLast(name: string, input: TensorLike, axis: number, apply: (x: Tensor) => Tensor): Tensor {
  const x = isTensor(input) ? input : asTensor(input);
  const at = normalizeAxis(name, axis, x.rank);
  if (at === x.rank - 1) return apply(x);
  return transpose(apply(transpose(x, at, -1)), at, -1);
}
