import { ShapeError } from "../errors";
import { contiguous, op } from "../op";
import type { Tensor } from "../tensor";
import { neg } from "./elementwise";

const rotaryOp = op("rotary", {
  formula: "x_i cos_i − x_{i+half} sin_i beside x_{i+half} cos_i + x_i sin_i, for i < half; the rest as it is",
  inputs: ["x", "cos", "sin"],
  floats: true,
  shape: ({ x, cos, sin }, attrs: { heads: number }) => {
    checkRotary(x, cos, sin, attrs.heads);
    return x.shape;
  },
  forward: (kernels, { x, cos, sin }, out, { heads }) =>
    kernels.rotary(contiguous(x), contiguous(cos), contiguous(sin), out, heads),
  gradient: {
    // Turning back: a rotation's transpose is its inverse.
    x: ({ g, cos, sin, attrs }) => rotary(g, cos, neg(sin), attrs),
    cos: null,
    sin: null,
  },
});

/**
 * Rotary position embedding (Su et al. 2021, eq. 34) with the pairs `(i, i + half)` of GPT-NeoX and LLaMA. `x [batch,
 * length, vectors, d_head]`: the first `heads` vectors of each position are turned in their first `2 · half` entries by
 * the angles whose `cos` and `sin [batch, length, half]` are given (constants, without gradient); all else is kept.
 * @throws `ShapeError` when the sizes do not fit.
 */
export function rotary(x: Tensor, cos: Tensor, sin: Tensor, options: { heads?: number } = {}): Tensor {
  return rotaryOp({ x, cos, sin }, { heads: options.heads ?? x.shape[2] ?? 0 });
}

function checkRotary(x: Tensor, cos: Tensor, sin: Tensor, heads: number): void {
  const details = { x: x.shape, cos: cos.shape, sin: sin.shape };
  const fail = (problem: string) => new ShapeError("rotary", problem, { details });
  if (x.rank !== 4) throw fail("x must be [batch, length, heads, d_head]");
  if (!(Number.isInteger(heads) && heads >= 0 && heads <= x.shape[2]!)) {
    throw fail(`heads is ${heads}, x has ${x.shape[2]}`);
  }
  const isAngles = (a: Tensor) => a.rank === 3 && a.shape[0] === x.shape[0] && a.shape[1] === x.shape[1];
  if (!isAngles(cos) || !isAngles(sin) || cos.shape[2] !== sin.shape[2]) {
    throw fail("cos and sin must be [batch, length, half] with the batch and length of x");
  }
  if (2 * cos.shape[2]! > x.shape[3]!) throw fail(`${cos.shape[2]} pairs do not fit into vectors of ${x.shape[3]}`);
}
