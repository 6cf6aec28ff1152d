import { zeros } from "../create";
import { ArgumentError, DtypeError, ShapeError } from "../errors";
import { isHalf } from "../half";
import { kernelsFor } from "../kernels";
import { normalizeAxis, type Shape } from "../layout";
import { contiguous, op } from "../op";
import { empty, type Tensor } from "../tensor";
import { expand, reshape } from "./views";

const embeddingOp = op("embedding", {
  formula: "rows weight[index]",
  inputs: ["weight", "index"],
  halves: ["weight"],
  dtype: ({ weight }) => (isHalf(weight.dtype) ? "f32" : weight.dtype),
  shape: ({ weight, index }) => {
    if (weight.rank !== 2)
      throw new ShapeError("embedding", "weight needs two axes", { details: { weight: weight.shape } });
    checkIndex("embedding", index, weight.shape[0]!);
    return [...index.shape, weight.shape[1]!];
  },
  forward: (kernels, { weight, index }, out) => kernels.embedding(contiguous(weight), contiguous(index), out),
  gradient: {
    weight: ({ g, weight, index }) => embeddingGradient({ index, g }, { rows: weight.shape[0]! }),
    index: null,
  },
});

const embeddingGradient = op("embedding_gradient", {
  formula: "out[index[i]] += g[i], starting from zeros [rows, d]",
  inputs: ["index", "g"],
  shape: ({ g }, { rows }: { rows: number }) => [rows, g.shape.at(-1)!],
  forward: (kernels, { index, g }, out) => kernels.embeddingGradient(contiguous(index), contiguous(g), out),
  gradient: { index: null, g: ({ g, index }) => embedding(g, index) },
});

/**
 * Rows of `weight [rows, d]` by an `i32` index of any shape: `[…, d]`, in `f32` where the weight is `f16` or `bf16`.
 * @throws when an index is out of range.
 */
export function embedding(weight: Tensor, index: Tensor): Tensor {
  return embeddingOp({ weight, index });
}

interface Along {
  axis: number;
}

const gatherOp = op("gather", {
  formula: "out[p] = x[p with p[axis] replaced by index[p]]",
  inputs: ["x", "index"],
  shape: ({ x, index }, { axis }: Along) => {
    checkAlong("gather", x, index, axis);
    return index.shape;
  },
  forward: (kernels, { x, index }, out, { axis }) => kernels.gather(contiguous(x), contiguous(index), out, axis),
  gradient: {
    x: ({ g, x, index, attrs }) => scatterAdd(zeros(x.shape, { dtype: x.dtype }), index, g, attrs.axis),
    index: null,
  },
});

/** Picks along one axis by an `i32` index of equal rank; it may be shorter than `x` on the other axes. */
export function gather(x: Tensor, index: Tensor, axis: number): Tensor {
  return gatherOp({ x, index }, { axis: normalizeAxis("gather", axis, x.rank) });
}

const scatterAddOp = op("scatter_add", {
  formula: "out = x, then out[p with p[axis] replaced by index[p]] += source[p]",
  inputs: ["x", "index", "source"],
  compute: ({ x, index, source }, { axis }: Along) => {
    checkAlong("scatter_add", x, index, axis);
    if (source.shape.join() !== index.shape.join()) {
      throw new ShapeError("scatter_add", "source and index must have one shape", {
        details: { source: source.shape, index: index.shape },
      });
    }
    const out = empty(x.shape, x.dtype);
    const kernels = kernelsFor(x.dtype);
    kernels.copy(x, out);
    kernels.scatterAdd(out, contiguous(index), contiguous(source), axis);
    return out;
  },
  gradient: {
    x: ({ g }) => g,
    index: null,
    source: ({ g, index, attrs }) => gather(g, index, attrs.axis),
  },
});

/** Adds `source` into `x` where `index` (i32, the shape of `source`) points along `axis`; repeats accumulate. */
export function scatterAdd(x: Tensor, index: Tensor, source: Tensor, axis: number): Tensor {
  return scatterAddOp({ x, index, source }, { axis: normalizeAxis("scatter_add", axis, x.rank) });
}

const indexSelectOp = op("index_select", {
  formula: "entries index[0], index[1], … along an axis",
  inputs: ["x", "index"],
  composed: ({ x, index }, { axis }: Along) => {
    if (index.rank !== 1)
      throw new ShapeError("index_select", "index needs one axis", { details: { index: index.shape } });
    const column: Shape = x.shape.map((_, i) => (i === axis ? index.shape[0]! : 1));
    const full: Shape = x.shape.with(axis, index.shape[0]!);
    return gather(x, expand(reshape(index, column), full), axis);
  },
});

/** Entries of one axis by a rank-1 `i32` index. */
export function indexSelect(x: Tensor, index: Tensor, axis: number): Tensor {
  return indexSelectOp({ x, index }, { axis: normalizeAxis("index_select", axis, x.rank) });
}

/** Throws unless `index` holds `i32` in `[0, size)`. */
export function checkIndex(where: string, index: Tensor, size: number, ignore?: number): void {
  if (index.dtype !== "i32") {
    throw new DtypeError(where, `index is ${index.dtype}, not i32`, { hint: 'Create it with { dtype: "i32" }.' });
  }
  for (const value of index.toTypedArray()) {
    if ((value < 0 || value >= size) && value !== ignore) {
      throw new ArgumentError(where, `index ${value} is out of range`, { hint: `Valid: 0 to ${size - 1}.` });
    }
  }
}

function checkAlong(where: string, x: Tensor, index: Tensor, axis: number): void {
  const fits = x.rank === index.rank && index.shape.every((n, i) => i === axis || n <= x.shape[i]!);
  if (!fits) {
    throw new ShapeError(where, `index must have the rank of x and fit it on every axis but ${axis}`, {
      details: { x: x.shape, index: index.shape },
    });
  }
  checkIndex(where, index, x.shape[axis]!);
}
