import { ShapeError } from "../errors";
import { normalizeAxis, type Range, type Shape, sameShape } from "../layout";
import { op } from "../op";
import type { Tensor, TensorLike } from "../tensor";
import { slice, unsqueeze } from "./views";

interface Joint {
  axis: number;
}

const concatOp = op("concat", {
  formula: "x0, x1, … one after the other along an axis",
  inputs: ["x"],
  variadic: true,
  shape: (inputs, { axis }: Joint) => {
    const parts = Object.values(inputs);
    const first = parts[0]!.shape;
    const at = normalizeAxis("concat", axis, first.length);
    for (const part of parts) {
      if (!sameShape(part.shape.toSpliced(at, 1), first.toSpliced(at, 1))) {
        throw new ShapeError("concat", `shapes differ on other axes than ${axis}`, {
          details: Object.fromEntries(Object.entries(inputs).map(([key, x]) => [key, x.shape])),
        });
      }
    }
    return first.with(
      at,
      parts.reduce((sum, part) => sum + part.shape[at]!, 0),
    );
  },
  forward: (kernels, inputs, out, { axis }) => {
    for (const key in inputs) {
      const target = out.withLayout(out.layout.slice(rangesOf(inputs, key, axis)));
      kernels.copy((inputs as Record<string, Tensor>)[key]!, target);
    }
  },
  gradient: {
    x: ({ g, attrs, key, inputs }) => slice(g, rangesOf(inputs, key, attrs.axis)),
  },
});

/** Where input `key` lies in the output. */
function rangesOf(inputs: Record<string, Tensor>, key: string, axis: number): (Range | null)[] {
  const shape: Shape = inputs[key]!.shape;
  const at = normalizeAxis("concat", axis, shape.length);
  let start = 0;
  for (const other in inputs) {
    if (other === key) break;
    start += inputs[other]!.shape[at]!;
  }
  return shape.map((n, i) => (i === at ? [start, start + n] : null));
}

/** Joins tensors along an existing axis. */
export function concat(parts: readonly TensorLike[], axis = -1): Tensor {
  if (parts.length === 0) throw new ShapeError("concat", "no tensors given");
  const inputs = Object.fromEntries(parts.map((part, i) => [`x${i}`, part]));
  return concatOp(inputs as { x: TensorLike }, { axis });
}

/** Joins tensors of equal shape along a new axis. */
export function stack(parts: readonly Tensor[], axis = 0): Tensor {
  return concat(
    parts.map((part) => unsqueeze(part, axis)),
    axis,
  );
}
