import { DtypeError, ShapeError } from "../errors";
import type { ReduceKernel } from "../kernels/interface";
import { type Axis, Layout, normalizeAxes, normalizeAxis, type Shape, sameShape, sizeOf } from "../layout";
import { contiguous, op } from "../op";
import type { Tensor, TensorLike } from "../tensor";
import { add, div, equal, mul, sub } from "./arithmetic";
import { exp, log, square } from "./elementwise";
import { cast, where } from "./select";
import { expand, reshape } from "./views";

interface Reduction {
  axis: Axis;
  keepdims: boolean;
}

/** The shape with the reduced axes as 1, so that it broadcasts against the input. */
function keptShape(x: Tensor, axis: Axis): Shape {
  const axes = new Set(normalizeAxes("reduce", axis, x.rank));
  return x.shape.map((n, i) => (axes.has(i) ? 1 : n));
}

function reducedShape(name: string, x: Tensor, { axis, keepdims }: Reduction): Shape {
  const axes = new Set(normalizeAxes(name, axis, x.rank));
  return keepdims ? keptShape(x, axis) : x.shape.filter((_, i) => !axes.has(i));
}

function reduction(name: ReduceKernel, formula: string, gradient: (x: Tensor, kept: Tensor, g: Tensor) => Tensor) {
  return op(name, {
    formula,
    inputs: ["x"],
    shape: ({ x }, attrs: Reduction) => reducedShape(name, x, attrs),
    forward: (kernels, { x }, out, { axis }) => {
      if (x.dtype === "bool") throw new DtypeError(name, "x is bool", { hint: 'To count, cast it: x.cast("i32").' });
      const axes = normalizeAxes(name, axis, x.rank);
      const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
      const inPlace = axes.every((a, i) => i === 0 || a === axes[i - 1]! + 1);
      if (inPlace) {
        // Neighbouring axes reduce where they are: [outer, n, inner].
        const first = axes[0] ?? x.rank;
        const sizes = [
          sizeOf(x.shape.slice(0, first)),
          sizeOf(axes.map((a) => x.shape[a]!)),
          sizeOf(x.shape.slice(first + axes.length)),
        ];
        const source = contiguous(x);
        kernels.reduce(name, source.withLayout(Layout.contiguous(sizes, source.layout.offset)), out);
      } else {
        const source = contiguous(x.withLayout(x.layout.permute([...others, ...axes])));
        const sizes = [out.size, sizeOf(axes.map((a) => x.shape[a]!)), 1];
        kernels.reduce(name, source.withLayout(Layout.contiguous(sizes, source.layout.offset)), out);
      }
    },
    gradient: {
      x: ({ g, x, out, attrs: { axis } }) => {
        const kept = keptShape(x, axis);
        return gradient(x, reshape(out, kept), reshape(g, kept));
      },
    },
  });
}

const sumOp = reduction("sum", "Σ over the axes", (x, _, g) => expand(g, x.shape));
const extremeGradient = (x: Tensor, kept: Tensor, g: Tensor): Tensor => {
  const winners = cast(equal(x, kept), x.dtype);
  const count = sumTo(winners, kept.shape);
  return mul(winners, div(g, count));
};
const maxOp = reduction("max", "largest over the axes; ties share the gradient evenly", extremeGradient);
const minOp = reduction("min", "smallest over the axes; ties share the gradient evenly", extremeGradient);

/** Sum over `axis`, by default all; `keepdims` keeps reduced axes with size 1. */
export function sum(x: TensorLike, axis: Axis = null, keepdims = false): Tensor {
  return sumOp({ x }, { axis, keepdims });
}

/** Largest element over `axis`, by default all; of no elements, -inf. Ties share the gradient evenly. */
export function max(x: TensorLike, axis: Axis = null, keepdims = false): Tensor {
  return maxOp({ x }, { axis, keepdims });
}

/** Smallest element over `axis`, by default all; of no elements, inf. Ties share the gradient evenly. */
export function min(x: TensorLike, axis: Axis = null, keepdims = false): Tensor {
  return minOp({ x }, { axis, keepdims });
}

/** Sums over the axes that broadcasting stretched, back to `shape`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const added = x.rank - shape.length;
  const axes = x.shape.map((_, i) => i).filter((i) => i < added || (shape[i - added] === 1 && x.shape[i] !== 1));
  return reshape(sum(x, axes, true), shape);
}

const meanOp = op("mean", {
  formula: "Σ over the axes / number of elements",
  inputs: ["x"],
  floats: true,
  composed: ({ x }, { axis, keepdims }: Reduction) =>
    div(sum(x, axis, keepdims), sizeOf(normalizeAxes("mean", axis, x.rank).map((a) => x.shape[a]!))),
});

/** Mean over `axis`, by default all. Floats only. */
export function mean(x: TensorLike, axis: Axis = null, keepdims = false): Tensor {
  return meanOp({ x }, { axis, keepdims });
}

const varOp = op("var", {
  formula: "Σ (x − mean)² / (n − correction)",
  inputs: ["x"],
  floats: true,
  composed: ({ x }, { axis, keepdims, correction }: Reduction & { correction: number }) => {
    const count = sizeOf(normalizeAxes("var", axis, x.rank).map((a) => x.shape[a]!));
    return div(sum(square(sub(x, mean(x, axis, true))), axis, keepdims), count - correction);
  },
});

/** Variance over `axis`, by default all; `correction` 0 is biased, 1 unbiased. Floats only. */
export function variance(x: TensorLike, axis: Axis = null, keepdims = false, correction = 0): Tensor {
  return varOp({ x }, { axis, keepdims, correction });
}

const logsumexpOp = op("logsumexp", {
  formula: "ln Σ e^x over the axes, shifted by the largest so that nothing overflows",
  inputs: ["x"],
  floats: true,
  compute: ({ x }, { axis, keepdims }: Reduction) => {
    const largest = max(x, axis, true);
    // An infinite shift would give inf − inf; without one, a row of -inf gives ln 0 = -inf as it should.
    const shift = where(equal(sub(largest, largest), 0), largest, 0);
    const total = add(log(sum(exp(sub(x, shift)), axis, true)), shift);
    return reshape(total, reducedShape("logsumexp", x, { axis, keepdims }));
  },
  gradient: {
    x: ({ g, x, out, attrs: { axis } }) => {
      const kept = keptShape(x, axis);
      const total = reshape(out, kept);
      // A row of only -inf has no slope; -inf minus -inf would be NaN.
      const finite = where(equal(total, Number.NEGATIVE_INFINITY), 0, total);
      return mul(reshape(g, kept), exp(sub(x, finite)));
    },
  },
});

/** `ln Σ e^x` over `axis`, by default all, without overflow. Floats only. */
export function logsumexp(x: TensorLike, axis: Axis = null, keepdims = false): Tensor {
  return logsumexpOp({ x }, { axis, keepdims });
}

const argmaxOp = op("argmax", {
  formula: "index of the first largest element along an axis, as i32",
  inputs: ["x"],
  shape: ({ x }, { axis }: { axis: number }) => x.shape.toSpliced(normalizeAxis("argmax", axis, x.rank), 1),
  dtype: () => "i32",
  forward: (kernels, { x }, out, { axis }) => {
    const at = normalizeAxis("argmax", axis, x.rank);
    if (x.shape[at] === 0) throw new ShapeError("argmax", "the axis is empty", { details: { x: x.shape } });
    const last = [...x.shape.keys()].filter((i) => i !== at).concat(at);
    kernels.argmax(contiguous(x.withLayout(x.layout.permute(last))), out);
  },
  gradient: { x: null },
});

/** Index of the first largest element along `axis`, as `i32`, without that axis. NaN counts as the largest. */
export function argmax(x: TensorLike, axis = -1): Tensor {
  return argmaxOp({ x }, { axis });
}
