import { tensor } from "../create";
import { type DType, isFloat } from "../dtype";
import { DtypeError, ShapeError } from "../errors";
import { broadcastShapes } from "../layout";
import { op } from "../op";
import { empty, type Tensor, type TensorLike } from "../tensor";
import { mul } from "./arithmetic";

const castOp = op("cast", {
  formula: "x as another dtype",
  inputs: ["x"],
  halves: ["x"],
  shape: ({ x }) => x.shape,
  dtype: (_, { dtype }: { dtype: DType }) => dtype,
  forward: (kernels, { x }, out) => kernels.copy(x, out),
  gradient: { x: ({ g, x }) => (isFloat(x.dtype) ? cast(g, x.dtype) : mul(g, 0)) },
});

/**
 * Converts the elements. To `bool`: is it non-zero. To `i32`: truncated. To `f16` and `bf16`: rounded to the nearest,
 * ties to even; gradients cannot pass through these two (`DtypeError`).
 */
export function cast(x: Tensor, dtype: DType): Tensor {
  return x.dtype === dtype ? x : castOp({ x }, { dtype });
}

const whereOp = op("where", {
  formula: "condition ? a : b, broadcast",
  inputs: ["condition", "a", "b"],
  shape: ({ condition, a, b }) =>
    broadcastShapes("where", condition.shape, broadcastShapes("where", a.shape, b.shape), ["condition", "values"]),
  forward: (kernels, { condition, a, b }, out) => {
    if (condition.dtype !== "bool") {
      throw new DtypeError("where", `condition is ${condition.dtype}, not bool`, {
        hint: "Compare first, for instance where(greater(x, 0), a, b).",
      });
    }
    const at = (x: Tensor) => x.withLayout(x.layout.expand(out.shape));
    kernels.where(at(condition), at(a), at(b), out);
  },
  gradient: {
    condition: null,
    a: ({ g, condition }) => where(condition, g, 0),
    b: ({ g, condition }) => where(condition, 0, g),
  },
});

/** `a` where `condition` (bool) is true, else `b`; all three broadcast. */
export function where(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  return whereOp({ condition, a, b });
}

const maskedFillOp = op("masked_fill", {
  formula: "value where condition is true, else x",
  inputs: ["x", "condition"],
  composed: ({ x, condition }, { value }: { value: number }) => where(condition, value, x),
});

/** `value` where `mask` (bool, broadcast) is true, else `x`. */
export function maskedFill(x: TensorLike, mask: TensorLike, value: number): Tensor {
  return maskedFillOp({ x, condition: mask }, { value });
}

const trilOp = op("tril", {
  formula: "x where column − row ≤ diagonal, else 0",
  inputs: ["x"],
  composed: ({ x }, { diagonal }: { diagonal: number }) => {
    if (x.rank < 2) throw new ShapeError("tril", "needs at least two axes", { details: { x: x.shape } });
    const [rows, columns] = x.shape.slice(-2) as [number, number];
    const keep = empty([rows, columns], "bool");
    const data = keep.storage.data();
    for (let i = 0; i < data.length; i++) data[i] = (i % columns) - Math.floor(i / columns) <= diagonal ? 1 : 0;
    return where(keep, x, tensor(0, { dtype: x.dtype }));
  },
});

/** Lower triangle of the last two axes: 0 where column − row > `diagonal`. */
export function tril(x: TensorLike, diagonal = 0): Tensor {
  return trilOp({ x }, { diagonal });
}
