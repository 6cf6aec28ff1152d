import { ArgumentError, ShapeError } from "../errors";
import { checkShape, Layout, normalizeAxis, type Range, type Ranges, type Shape, sameShape, sizeOf } from "../layout";
import { addInto } from "../memory/in-place";
import { contiguous, op } from "../op";
import type { Tensor, TensorLike } from "../tensor";
import { sumTo } from "./reduce";

const permuteOp = op("permute", {
  formula: "axes in another order: out axis i is x axis perm[i]",
  inputs: ["x"],
  halves: ["x"],
  compute: ({ x }, { perm }: { perm: readonly number[] }) => x.withLayout(x.layout.permute(perm)),
  gradient: {
    x: ({ g, x, attrs: { perm } }) => {
      const inverse = new Array<number>(perm.length);
      perm.forEach((axis, i) => {
        inverse[normalizeAxis("permute", axis, x.rank)] = i;
      });
      return permute(g, inverse);
    },
  },
});

/** Axes in another order: axis `i` of the result is axis `perm[i]` of `x`. A view. */
export function permute(x: TensorLike, perm: readonly number[]): Tensor {
  return permuteOp({ x }, { perm });
}

const transposeOp = op("transpose", {
  formula: "two axes exchanged",
  inputs: ["x"],
  halves: ["x"],
  composed: ({ x }, { axes }: { axes: readonly [number, number] }) => {
    const [i, j] = axes.map((axis) => normalizeAxis("transpose", axis, x.rank)) as [number, number];
    const perm = x.shape.map((_, axis) => (axis === i ? j : axis === j ? i : axis));
    return permute(x, perm);
  },
});

/** Exchanges two axes, by default the last two. A view. */
export function transpose(x: TensorLike, i = -2, j = -1): Tensor {
  return transposeOp({ x }, { axes: [i, j] });
}

const reshapeOp = op("reshape", {
  formula: "the same elements in row-major order under another shape",
  inputs: ["x"],
  halves: ["x"],
  compute: ({ x }, { shape }: { shape: Shape }) => {
    const layout = x.layout.reshape(shape);
    if (layout !== undefined) return x.withLayout(layout);
    return contiguous(x).withLayout(Layout.contiguous(shape));
  },
  gradient: { x: ({ g, x }) => reshape(g, x.shape) },
});

/** Another shape for the elements in row-major order; one size may be -1. A view where the strides allow it, else a copy. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return reshapeOp({ x }, { shape: inferShape(x.shape, shape) });
}

function inferShape(from: Shape, to: Shape): Shape {
  const open = to.indexOf(-1);
  const known = sizeOf(to.filter((n) => n !== -1));
  const missing = open >= 0 && known > 0 ? sizeOf(from) / known : 0;
  const shape = to.map((n, axis) => (axis === open ? missing : n));
  if (shape.some((n) => !Number.isInteger(n) || n < 0) || sizeOf(shape) !== sizeOf(from)) {
    throw new ShapeError("reshape", `${sizeOf(from)} elements do not fit the shape`, {
      details: { x: from, shape: to },
    });
  }
  return shape;
}

const expandOp = op("expand", {
  formula: "axes of size 1 repeated, leading axes added",
  inputs: ["x"],
  halves: ["x"],
  compute: ({ x }, { shape }: { shape: Shape }) => x.withLayout(x.layout.expand(checkShape("expand", shape))),
  gradient: { x: ({ g, x }) => sumTo(g, x.shape) },
});

/** Repeats axes of size 1 and adds leading axes. A view. */
export function expand(x: TensorLike, shape: Shape): Tensor {
  return expandOp({ x }, { shape });
}

const sliceOp = op("slice", {
  formula: "x[start:stop:step, …], Python semantics",
  inputs: ["x"],
  halves: ["x"],
  compute: ({ x }, { ranges }: { ranges: Ranges }) => x.withLayout(x.layout.slice(ranges)),
  gradient: { x: ({ g, x, attrs: { ranges } }) => place(g, { shape: x.shape, ranges }) },
  accumulate: {
    x: ({ g, attrs: { ranges } }, sum) => addInto(sum.withLayout(sum.layout.slice(ranges)), g),
  },
});

/** The elements in `[start, stop, step]` of each axis, as in Python: `slice(x, [[1, 3], null, [0, 9, 2]])`. A view. */
export function slice(x: TensorLike, ranges: Ranges): Tensor {
  return sliceOp({ x }, { ranges });
}

const placeOp = op("place", {
  formula: "a tensor of `value` in which out[ranges] = x: the inverse of slice",
  inputs: ["x"],
  shape: ({ x }, { shape, ranges }: { shape: Shape; ranges: Ranges; value?: number }) => {
    const target = Layout.contiguous(shape).slice(ranges).shape;
    if (!sameShape(target, x.shape)) {
      throw new ShapeError("place", "x does not have the shape of the ranges", {
        details: { x: x.shape, ranges: target },
      });
    }
    return shape;
  },
  forward: (kernels, { x }, out, { ranges, value = 0 }) => {
    kernels.fill(out, value);
    kernels.copy(x, out.withLayout(out.layout.slice(ranges)));
  },
  gradient: { x: ({ g, attrs: { ranges } }) => slice(g, ranges) },
});

/** The inverse of `slice`: `x` at `ranges` of a tensor of the given shape, `value` (0) elsewhere. */
export function place(x: TensorLike, attrs: { shape: Shape; ranges: Ranges; value?: number }): Tensor {
  return placeOp({ x }, attrs);
}

const padOp = op("pad", {
  formula: "`value` added before and after each axis",
  inputs: ["x"],
  composed: ({ x }, { pads, value }: { pads: readonly (readonly [number, number])[]; value: number }) => {
    if (pads.length !== x.rank || pads.some(([a, b]) => !(a >= 0 && b >= 0))) {
      throw new ArgumentError("pad", "pads must hold [before, after] ≥ 0 for each axis", { details: { x: x.shape } });
    }
    const shape = x.shape.map((n, axis) => n + pads[axis]![0] + pads[axis]![1]);
    return place(x, { shape, ranges: x.shape.map((n, axis) => [pads[axis]![0], pads[axis]![0] + n]), value });
  },
});

/** Adds `value` around `x`: `pads` holds `[before, after]` for each axis. */
export function pad(x: TensorLike, pads: readonly (readonly [number, number])[], value = 0): Tensor {
  return padOp({ x }, { pads, value });
}

const flipOp = op("flip", {
  formula: "the given axes reversed",
  inputs: ["x"],
  halves: ["x"],
  compute: ({ x }, { axes }: { axes: readonly number[] }) => x.withLayout(x.layout.flip(axes)),
  gradient: { x: ({ g, attrs: { axes } }) => flip(g, axes) },
});

/** Reverses the given axes. A view. */
export function flip(x: TensorLike, axes: readonly number[]): Tensor {
  return flipOp({ x }, { axes });
}

const unsqueezeOp = op("unsqueeze", {
  formula: "a new axis of size 1",
  inputs: ["x"],
  halves: ["x"],
  compute: ({ x }, { axis }: { axis: number }) => x.withLayout(x.layout.unsqueeze(axis)),
  gradient: { x: ({ g, attrs: { axis } }) => squeeze(g, axis) },
});

/** Adds an axis of size 1 at `axis`. A view. */
export function unsqueeze(x: TensorLike, axis: number): Tensor {
  return unsqueezeOp({ x }, { axis });
}

const squeezeOp = op("squeeze", {
  formula: "an axis of size 1 removed",
  inputs: ["x"],
  halves: ["x"],
  compute: ({ x }, { axis }: { axis: number }) => x.withLayout(x.layout.squeeze(axis)),
  gradient: { x: ({ g, x, attrs: { axis } }) => unsqueeze(g, normalizeAxis("squeeze", axis, x.rank)) },
});

/** Removes `axis`, which must have size 1. A view. */
export function squeeze(x: TensorLike, axis: number): Tensor {
  return squeezeOp({ x }, { axis });
}

/** `n` copies of each entry in a row along `axis`: 0,0,0,1,1,1. */
export function repeatInterleave(x: TensorLike, repeats: number, axis: number): Tensor {
  return repeatInterleaveOp({ x }, { repeats, axis });
}

const repeatInterleaveOp = op("repeat_interleave", {
  formula: "each entry repeated along an axis: 0,0,0,1,1,1",
  inputs: ["x"],
  halves: ["x"],
  composed: ({ x }, { repeats, axis }: { repeats: number; axis: number }) => {
    const at = normalizeAxis("repeat_interleave", axis, x.rank);
    const expanded = expand(unsqueeze(x, at + 1), x.shape.toSpliced(at + 1, 0, repeats));
    return reshape(
      expanded,
      x.shape.map((n, i) => (i === at ? n * repeats : n)),
    );
  },
});

/** Pieces of the given sizes along `axis`; views. */
export function split(x: Tensor, sizes: readonly number[], axis = -1): Tensor[] {
  const at = normalizeAxis("split", axis, x.rank);
  if (sizes.some((n) => !(n >= 0)) || sizes.reduce((a, b) => a + b, 0) !== x.shape[at]) {
    throw new ShapeError("split", `sizes [${sizes.join(", ")}] do not add up to axis ${axis}`, {
      details: { x: x.shape },
    });
  }
  let start = 0;
  return sizes.map((size) => {
    const ranges = x.shape.map((_, i): Range | null => (i === at ? [start, start + size] : null));
    start += size;
    return slice(x, ranges);
  });
}
