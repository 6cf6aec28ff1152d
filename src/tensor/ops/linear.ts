import { ShapeError } from "../errors";
import { Layout, sizeOf } from "../layout";
import { contiguous, op } from "../op";
import type { Tensor } from "../tensor";
import { matmul } from "./matmul";
import { sum } from "./reduce";
import { reshape, transpose } from "./views";

const linearOp = op("linear", {
  formula: "x @ weight + bias",
  inputs: ["x", "weight", "bias"],
  halves: ["weight"],
  flops: ({ weight }, out) => 2 * out.size * weight.shape[0]!,
  shape: ({ x, weight, bias }) => {
    checkLinear(x, weight, bias);
    return x.shape.with(-1, weight.shape[1]!);
  },
  forward: (kernels, { x, weight, bias }, out) => {
    const [size, n] = weight.shape as [number, number];
    const rows = sizeOf(x.shape.slice(0, -1));
    const folded = x.layout.reshape([1, rows, size]);
    const left = folded ? x.withLayout(folded) : contiguous(x).withLayout(Layout.contiguous([1, rows, size]));
    const right = weight.withLayout(weight.layout.unsqueeze(0));
    kernels.matmul(left, right, out.withLayout(Layout.contiguous([1, rows, n])), contiguous(bias));
  },
  gradient: {
    x: ({ g, weight }) => matmul(g, transpose(weight)),
    // One product over the rows of the whole batch.
    weight: ({ g, x }) => matmul(transpose(asRows(x)), asRows(g)),
    bias: ({ g }) => sum(asRows(g), 0),
  },
});

/**
 * `x @ weight + bias` in one kernel: `x [.., in]`, `weight [in, out]` with any strides (a transposed view serves weights
 * stored as `[out, in]`), also `f16` or `bf16`, `bias [out]` or none; the result is `[.., out]`.
 * @throws `ShapeError` when the sizes do not fit.
 */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  return bias === undefined ? matmul(x, weight) : linearOp({ x, weight, bias });
}

/** `[.., n]` as `[rows, n]`. */
function asRows(x: Tensor): Tensor {
  return reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);
}

function checkLinear(x: Tensor, weight: Tensor, bias: Tensor): void {
  const details = { x: x.shape, weight: weight.shape, bias: bias.shape };
  if (x.rank === 0) throw new ShapeError("linear", "x has no axes", { details });
  if (weight.rank !== 2) throw new ShapeError("linear", "weight needs two axes, [in, out]", { details });
  const size = x.shape.at(-1)!;
  if (weight.shape[0] !== size) {
    const hint = "Transposing weight fits: linear(x, weight.transpose(), bias)";
    const fits = weight.shape[1] === size && bias.rank === 1 && bias.shape[0] === weight.shape[0];
    throw new ShapeError("linear", "the last axis of x and the first of weight differ", {
      details,
      ...(fits && { hint }),
    });
  }
  if (bias.rank !== 1 || bias.shape[0] !== weight.shape[1]) {
    throw new ShapeError("linear", `bias must have the size of the last axis of weight, [${weight.shape[1]}]`, {
      details,
    });
  }
}
