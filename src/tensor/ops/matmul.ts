import { asTensor } from "../create";
import { ShapeError } from "../errors";
import { isHalf } from "../half";
import { broadcastShapes, Layout, type Shape, sizeOf } from "../layout";
import { contiguous, op } from "../op";
import { isTensor, type Tensor, type TensorLike } from "../tensor";
import { reshape, squeeze, transpose, unsqueeze } from "./views";

const matmulOp = op("matmul", {
  formula: "a @ b: out[…, i, j] = Σ_p a[…, i, p] · b[…, p, j], leading axes broadcast",
  inputs: ["a", "b"],
  halves: ["b"],
  flops: ({ a }, out) => 2 * out.size * a.shape.at(-1)!,
  shape: ({ a, b }) => {
    const m = a.shape.at(-2)!;
    const n = b.shape.at(-1)!;
    return [...broadcastBatch(a.shape, b.shape), m, n];
  },
  forward: (kernels, { a, b }, out) => {
    const folded = b.rank === 2 ? foldBatch(a) : undefined;
    if (folded !== undefined) {
      // One product with all rows of the batch: the common case of activations times a weight matrix.
      const [rows, n] = [folded.shape[0]!, b.shape[1]!];
      kernels.matmul(asBatch(folded, 1), asBatch(b, 1), out.withLayout(Layout.contiguous([1, rows, n])));
      return;
    }
    const batch = out.shape.slice(0, -2);
    const flat = (x: Tensor): Tensor => {
      const expanded = x.withLayout(x.layout.expand([...batch, ...x.shape.slice(-2)]));
      const shape = [sizeOf(batch), ...x.shape.slice(-2)];
      const layout = expanded.layout.reshape(shape);
      return layout ? x.withLayout(layout) : contiguous(expanded).withLayout(Layout.contiguous(shape));
    };
    kernels.matmul(flat(a), flat(b), out.withLayout(Layout.contiguous([sizeOf(batch), ...out.shape.slice(-2)])));
  },
  gradient: {
    a: ({ g, b }) => matmul(g, transpose(b)),
    b: ({ g, a, b }) => {
      if (b.rank > 2 || a.rank === 2) return matmul(transpose(a), g);
      // A weight matrix shared by a batch: one product over all rows, not one for each entry of the batch.
      const rows = (x: Tensor) => reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!]);
      return matmul(transpose(rows(a)), rows(g));
    },
  },
});

/** `a [.., m, k]` as `[.. · m, k]` when that is a view. */
function foldBatch(a: Tensor): Tensor | undefined {
  if (a.rank === 2) return a;
  const layout = a.layout.reshape([sizeOf(a.shape.slice(0, -1)), a.shape.at(-1)!]);
  return layout && a.withLayout(layout);
}

function asBatch(x: Tensor, batch: number): Tensor {
  return x.withLayout(x.layout.unsqueeze(0).expand([batch, ...x.shape]));
}

/**
 * NumPy `@`: the last two axes are matrices, leading axes broadcast; a rank-1 operand counts as a row (left) or a
 * column (right) and loses that axis again. The right one may be `f16` or `bf16` (frozen weights).
 * @throws `ShapeError` when the inner sizes differ.
 */
export function matmul(left: TensorLike, right: TensorLike): Tensor {
  const a = isTensor(left) ? left : asTensor(left, isTensor(right) && !isHalf(right.dtype) ? right.dtype : "f32");
  const b = isTensor(right) ? right : asTensor(right, a.dtype);
  if (a.rank === 0 || b.rank === 0) {
    throw new ShapeError("matmul", "an operand has no axes", { details: { a: a.shape, b: b.shape }, hint: "Use mul." });
  }
  if (a.shape.at(-1) !== b.shape.at(b.rank === 1 ? -1 : -2)) throw innerSizesDiffer(a.shape, b.shape);
  if (a.rank === 1 && b.rank === 1) return squeeze(squeeze(matmul(unsqueeze(a, 0), unsqueeze(b, 1)), 1), 0);
  if (a.rank === 1) return squeeze(matmul(unsqueeze(a, 0), b), -2);
  if (b.rank === 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  return matmulOp({ a, b });
}

function broadcastBatch(a: Shape, b: Shape): Shape {
  try {
    return broadcastShapes("matmul", a.slice(0, -2), b.slice(0, -2));
  } catch {
    throw new ShapeError("matmul", "leading axes do not broadcast", { details: { a, b } });
  }
}

function innerSizesDiffer(a: Shape, b: Shape): ShapeError {
  const areMatrices = a.length > 1 && b.length > 1;
  const fits = areMatrices && a.at(-1) === b.at(-1);
  const fitsLeft = areMatrices && a.at(-2) === b.at(-2);
  return new ShapeError("matmul", "inner sizes differ", {
    details: { a, b },
    ...(fits
      ? { hint: "Transposing b fits: matmul(a, b.transpose())" }
      : fitsLeft && { hint: "Transposing a fits: matmul(a.transpose(), b)" }),
  });
}
