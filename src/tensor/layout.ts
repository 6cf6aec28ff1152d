import { ArgumentError, ShapeError } from "./errors";

/** Sizes of the axes, the outermost first. */
export type Shape = readonly number[];
/** Python slice semantics for one axis: `[start, stop, step]`, `null` = omitted. */
export type Range = readonly [start?: number | null, stop?: number | null, step?: number | null];
/** A range for each axis from the first on; `null` = the whole axis. */
export type Ranges = readonly (Range | null | undefined)[];
/** One axis, several, or `null` / omitted for all. */
export type Axis = number | readonly number[] | null;

/** Where the elements of a tensor lie in its storage. A value: holds no data, never changes. Strides count elements. */
export class Layout {
  readonly size: number;
  /** Row-major without gaps, so that it is one block of storage. Axes of size 1 may have any stride. */
  readonly isContiguous: boolean;

  constructor(
    readonly shape: Shape,
    readonly strides: readonly number[],
    readonly offset = 0,
  ) {
    let size = 1;
    let isContiguous = true;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const length = shape[axis]!;
      if (length !== 1 && strides[axis] !== size) isContiguous = false;
      size *= length;
    }
    this.size = size;
    this.isContiguous = isContiguous || size === 0;
  }

  /** Row-major without gaps. */
  static contiguous(shape: Shape, offset = 0): Layout {
    return new Layout(shape, rowMajorStrides(shape), offset);
  }

  get rank(): number {
    return this.shape.length;
  }

  /** Axis `i` of the result is axis `perm[i]`. */
  permute(perm: readonly number[]): Layout {
    const axes = perm.map((axis) => normalizeAxis("permute", axis, this.rank));
    if (axes.length !== this.rank || new Set(axes).size !== this.rank) {
      throw new ShapeError("permute", `perm must name each of the ${this.rank} axes once`, {
        details: { x: this.shape, perm },
      });
    }
    return new Layout(
      axes.map((axis) => this.shape[axis]!),
      axes.map((axis) => this.strides[axis]!),
      this.offset,
    );
  }

  /**
   * Repeats axes of size 1 and adds leading axes, by stride 0.
   * @throws `ShapeError` when `shape` does not fit.
   */
  expand(shape: Shape, where = "expand"): Layout {
    const added = shape.length - this.rank;
    let fits = added >= 0;
    const strides = new Array<number>(shape.length).fill(0);
    for (let axis = 0; fits && axis < this.rank; axis++) {
      const n = this.shape[axis]!;
      if (n === shape[axis + added]) strides[axis + added] = this.strides[axis]!;
      else fits = n === 1;
    }
    if (!fits) throw new ShapeError(where, "shape cannot be expanded", { details: { from: this.shape, to: shape } });
    return new Layout(shape, strides, this.offset);
  }

  /** The elements in a range of each axis. */
  slice(ranges: Ranges): Layout {
    if (ranges.length > this.rank) {
      throw new ShapeError("slice", `${ranges.length} ranges for ${this.rank} axes`, { details: { x: this.shape } });
    }
    const shape = [...this.shape];
    const strides = [...this.strides];
    let offset = this.offset;
    ranges.forEach((range, axis) => {
      const { start, count, step } = resolveRange(range ?? [], this.shape[axis]!);
      offset += count > 0 ? start * strides[axis]! : 0;
      shape[axis] = count;
      strides[axis] = strides[axis]! * step;
    });
    return new Layout(shape, strides, offset);
  }

  /** The given axes reversed. */
  flip(axes: readonly number[]): Layout {
    const flipped = new Set(axes.map((axis) => normalizeAxis("flip", axis, this.rank)));
    return this.slice(this.shape.map((_, axis) => (flipped.has(axis) ? [null, null, -1] : null)));
  }

  /** Without an axis of size 1. */
  squeeze(axis: number): Layout {
    const at = normalizeAxis("squeeze", axis, this.rank);
    if (this.shape[at] !== 1) {
      throw new ShapeError("squeeze", `axis ${axis} has size ${this.shape[at]}, not 1`, { details: { x: this.shape } });
    }
    return new Layout(this.shape.toSpliced(at, 1), this.strides.toSpliced(at, 1), this.offset);
  }

  /** With a new axis of size 1 at `axis`. */
  unsqueeze(axis: number): Layout {
    const at = normalizeAxis("unsqueeze", axis, this.rank + 1);
    return new Layout(this.shape.toSpliced(at, 0, 1), this.strides.toSpliced(at, 0, 0), this.offset);
  }

  /** The layout of the elements, in row-major order, under another shape, or `undefined` where that needs a copy. */
  reshape(shape: Shape): Layout | undefined {
    if (this.size === 0 || this.isContiguous) return Layout.contiguous(shape, this.offset);
    // Walk both shapes from the left in groups of equal product; a group of old axes must be mergeable.
    const oldShape: number[] = [];
    const oldStrides: number[] = [];
    this.shape.forEach((n, axis) => {
      if (n !== 1) {
        oldShape.push(n);
        oldStrides.push(this.strides[axis]!);
      }
    });
    const strides = new Array<number>(shape.length).fill(0);
    let oldAt = 0;
    let newAt = 0;
    while (oldAt < oldShape.length) {
      let oldEnd = oldAt + 1;
      let newEnd = newAt + 1;
      let oldCount = oldShape[oldAt]!;
      let newCount = shape[newAt]!;
      while (oldCount !== newCount) {
        if (oldCount < newCount) oldCount *= oldShape[oldEnd++]!;
        else newCount *= shape[newEnd++]!;
      }
      for (let axis = oldAt; axis < oldEnd - 1; axis++) {
        if (oldStrides[axis] !== oldStrides[axis + 1]! * oldShape[axis + 1]!) return undefined;
      }
      let stride = oldStrides[oldEnd - 1]!;
      for (let axis = newEnd - 1; axis >= newAt; axis--) {
        strides[axis] = stride;
        stride *= shape[axis]!;
      }
      oldAt = oldEnd;
      newAt = newEnd;
    }
    return new Layout(shape, strides, this.offset);
  }

  /** Storage index of every element in row-major order: the slow and plain way to walk any layout. */
  offsets(): Int32Array {
    const result = new Int32Array(this.size);
    if (this.size === 0) return result;
    const index = new Array<number>(this.rank).fill(0);
    let at = this.offset;
    for (let i = 0; i < this.size; i++) {
      result[i] = at;
      for (let axis = this.rank - 1; axis >= 0; axis--) {
        at += this.strides[axis]!;
        if (++index[axis]! < this.shape[axis]!) break;
        at -= this.strides[axis]! * this.shape[axis]!;
        index[axis] = 0;
      }
    }
    return result;
  }
}

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (let axis = 0; axis < shape.length; axis++) size *= shape[axis]!;
  return size;
}

/** Strides of a contiguous layout, in elements. */
export function rowMajorStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** True when all sizes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/**
 * NumPy broadcasting: sizes match from the right, 1 stretches.
 * @throws `ShapeError` naming both shapes.
 */
export function broadcastShapes(where: string, a: Shape, b: Shape, names: readonly string[] = operands): Shape {
  if (b.length === 0 || sameShape(a, b)) return a;
  if (a.length === 0) return b;
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const m = a[a.length - i] ?? 1;
    const n = b[b.length - i] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new ShapeError(where, "shapes do not broadcast", {
        details: { [names[0]!]: a, [names[1]!]: b },
        hint: broadcastHint(a, b, names),
      });
    }
    shape[rank - i] = m === 1 ? n : m;
  }
  return shape;
}

const operands = ["a", "b"];

function broadcastHint(a: Shape, b: Shape, names: readonly string[]): string | undefined {
  // The common slip: a per-row vector [n] meant as a column [n, 1].
  const fits = (x: Shape, y: Shape) => x.length === 1 && y.length > 1 && x[0] === y[y.length - 2];
  const hint = (name: string, n: number) =>
    `To use ${name} per row, unsqueeze it: ${name}.unsqueeze(-1) has shape [${n}, 1].`;
  if (fits(b, a)) return hint(names[1]!, b[0]!);
  if (fits(a, b)) return hint(names[0]!, a[0]!);
  return undefined;
}

/** An axis in `[-rank, rank)` as one in `[0, rank)`. */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ArgumentError(where, `axis ${axis} is out of range`, {
      hint: rank === 0 ? "A tensor of rank 0 has no axes." : `Valid axes: ${-rank} to ${rank - 1}.`,
    });
  }
  return axis < 0 ? axis + rank : axis;
}

/** A list of axes, one axis, or `null` for all, as `normalizeAxis` does: sorted, each once. */
export function normalizeAxes(where: string, axis: number | readonly number[] | null | undefined, rank: number) {
  if (axis === null || axis === undefined) return Array.from({ length: rank }, (_, i) => i);
  const axes = (typeof axis === "number" ? [axis] : axis).map((a) => normalizeAxis(where, a, rank));
  if (new Set(axes).size !== axes.length) {
    throw new ArgumentError(where, `axis [${axes.join(", ")}] names an axis twice`);
  }
  return axes.sort((a, b) => a - b);
}

function resolveRange([start, stop, step]: Range, length: number) {
  const by = step ?? 1;
  for (const value of [start, stop, by]) {
    if (value !== null && value !== undefined && !Number.isInteger(value)) {
      throw new ArgumentError("slice", `${value} is not an integer`);
    }
  }
  if (by === 0) throw new ArgumentError("slice", "step is 0", { hint: "Use a step of 1 or more, or -1 to reverse." });
  const clamp = (value: number, low: number, high: number) =>
    Math.min(Math.max(value < 0 ? value + length : value, low), high);
  const forward = by > 0;
  const from = forward ? clamp(start ?? 0, 0, length) : clamp(start ?? length - 1, -1, length - 1);
  const to = forward
    ? clamp(stop ?? length, 0, length)
    : stop === null || stop === undefined
      ? -1
      : clamp(stop, -1, length - 1);
  return { start: from, count: Math.max(0, Math.ceil((to - from) / by)), step: by };
}

/** Checks sizes given by a user: non-negative integers. */
export function checkShape(where: string, shape: Shape): Shape {
  if (!Array.isArray(shape) || shape.some((n) => !Number.isInteger(n) || n < 0)) {
    throw new ShapeError(where, "a shape is a list of non-negative integers", {
      details: { shape: Array.isArray(shape) ? shape : String(shape) },
    });
  }
  return shape;
}
