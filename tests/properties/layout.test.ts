import { arange, memoryUse, type Range, type Shape, ShapeError, step, type Tensor, tensor } from "fader/tensor";
import fc, { type Arbitrary } from "fast-check";
import ndarray, { type NdArray } from "ndarray";
import { describe, expect, test } from "vitest";
import { broadcastShapes, Layout, sizeOf } from "../../src/tensor/internal";
import { rangesOf } from "./samplers";

/** The plain model of a view: its elements in row-major order. */
interface Model {
  shape: Shape;
  data: number[];
}

function* indices(shape: Shape): Generator<number[]> {
  if (shape.length === 0) return yield [];
  for (let i = 0; i < shape[0]!; i++) for (const rest of indices(shape.slice(1))) yield [i, ...rest];
}
const flat = (shape: Shape, index: readonly number[]) => shape.reduce((at, n, i) => at * n + index[i]!, 0);
/** A model whose element at `index` is the one of `x` at `source(index)`. */
const remap = (x: Model, shape: Shape, source: (index: number[]) => number[]): Model => ({
  shape,
  data: [...indices(shape)].map((index) => x.data[flat(x.shape, source(index))]!),
});
/** The positions that a Python slice picks, one after the other. */
function picked([start, stop, by]: Range, n: number): number[] {
  const stride = by ?? 1;
  const place = (value: number | null | undefined, otherwise: number) =>
    value === null || value === undefined ? otherwise : value < 0 ? value + n : value;
  const result: number[] = [];
  if (stride > 0) {
    for (let i = Math.max(0, place(start, 0)); i < Math.min(n, place(stop, n)); i += stride) result.push(i);
  } else {
    for (let i = Math.min(n - 1, place(start, n - 1)); i > Math.max(-1, place(stop, -1)); i += stride) result.push(i);
  }
  return result;
}

type View = { ours: (x: Tensor) => Tensor; plain: (x: Model) => Model; name: string };
const axisOf = (rank: number) => fc.integer({ min: -rank, max: rank - 1 });
const wrap = (axis: number, rank: number) => (axis + rank) % rank;

function someView(shape: Shape): Arbitrary<View> {
  const rank = shape.length;
  const axes = [...shape.keys()];
  const permute = fc.shuffledSubarray(axes, { minLength: rank }).map(
    (perm): View => ({
      name: `permute ${perm}`,
      ours: (x) => x.permute(perm),
      plain: (x) =>
        remap(
          x,
          perm.map((p) => shape[p]!),
          (index) => axes.map((axis) => index[perm.indexOf(axis)]!),
        ),
    }),
  );
  const slice = rangesOf(shape).map((ranges): View => {
    const picks = shape.map((n, i) => picked(ranges[i] ?? [], n));
    return {
      name: `slice ${JSON.stringify(ranges)}`,
      ours: (x) => x.slice(ranges),
      plain: (x) =>
        remap(
          x,
          picks.map((p) => p.length),
          (index) => index.map((v, i) => picks[i]![v]!),
        ),
    };
  });
  const flip = fc.subarray(axes).map(
    (list): View => ({
      name: `flip ${list}`,
      ours: (x) => x.flip(list.map((a) => a - rank)),
      plain: (x) => remap(x, shape, (index) => index.map((v, i) => (list.includes(i) ? shape[i]! - 1 - v : v))),
    }),
  );
  const expand = fc.tuple(fc.nat({ max: rank < 4 ? 1 : 0 }), fc.nat({ max: 3 })).map(([added, n]): View => {
    const to = [...Array<number>(added).fill(n), ...shape.map((size) => (size === 1 ? n : size))];
    const back = (index: number[]) => index.slice(added).map((v, i) => (shape[i] === 1 ? 0 : v));
    return { name: `expand ${to}`, ours: (x) => x.expand(to), plain: (x) => remap(x, to, back) };
  });
  const reshape = fc
    .tuple(fc.shuffledSubarray([...shape], { minLength: rank }), fc.nat({ max: 2 }))
    .map(([sizes, how]): View => {
      const to = how === 0 ? sizes : how === 1 ? [sizeOf(shape)] : [...sizes.slice(0, 1), sizeOf(sizes.slice(1))];
      return { name: `reshape ${to}`, ours: (x) => x.reshape(to), plain: (x) => ({ shape: to, data: x.data }) };
    });
  const unsqueeze = axisOf(rank + 1).map((axis): View => {
    const to = shape.toSpliced(wrap(axis, rank + 1), 0, 1);
    return { name: `unsqueeze ${axis}`, ours: (x) => x.unsqueeze(axis), plain: (x) => ({ shape: to, data: x.data }) };
  });
  const views: Arbitrary<View>[] = [permute, slice, flip, reshape];
  if (rank < 4) views.push(unsqueeze, expand);
  if (rank > 0) {
    views.push(
      fc.tuple(axisOf(rank), axisOf(rank)).map(([i, j]) => {
        const swap = (list: readonly number[]) =>
          list.with(wrap(i, rank), list[wrap(j, rank)]!).with(wrap(j, rank), list[wrap(i, rank)]!);
        return {
          name: `transpose ${i} ${j}`,
          ours: (x) => x.transpose(i, j),
          plain: (x) => remap(x, swap(shape), swap),
        };
      }),
    );
  }
  const ones = axes.filter((axis) => shape[axis] === 1);
  if (ones.length > 0) {
    views.push(
      fc.constantFrom(...ones, ...ones.map((a) => a - rank)).map((axis) => {
        const to = shape.toSpliced(wrap(axis, rank), 1);
        return { name: `squeeze ${axis}`, ours: (x) => x.squeeze(axis), plain: (x) => ({ shape: to, data: x.data }) };
      }),
    );
  }
  return fc.oneof(...views);
}

const shapes = fc.array(
  fc.oneof({ arbitrary: fc.integer({ min: 1, max: 4 }), weight: 9 }, { arbitrary: fc.constant(0), weight: 1 }),
  { maxLength: 4 },
);
const range = (shape: Shape): Model => ({ shape, data: [...Array(sizeOf(shape)).keys()] });
const nested = ({ shape, data }: Model): unknown => {
  if (shape.length === 0) return data[0];
  const inner = shape.slice(1);
  const n = sizeOf(inner);
  return Array.from({ length: shape[0]! }, (_, i) => nested({ shape: inner, data: data.slice(i * n, (i + 1) * n) }));
};

describe("views", () => {
  test("a chain of them shows the same elements as index maps", () => {
    const property = (start: Shape, data: fc.GeneratorValue) =>
      step(() => {
        let model = range(start);
        let x = arange(model.data.length).reshape(start);
        const done: string[] = [];
        for (let i = 0; i < 6; i++) {
          const view = data(() => someView(model.shape));
          done.push(view.name);
          x = view.ours(x);
          model = view.plain(model);
          const what = `[${start}]: ${done.join(", ")}`;
          expect(x.shape, what).toEqual(model.shape);
          expect(Array.from(x.toTypedArray()), what).toEqual(model.data);
          expect(
            x.layout.offsets().every((at) => at >= 0 && at < x.storage.length),
            what,
          ).toBe(true);
        }
        expect(x.toArray()).toEqual(nested(model));
        // An op reads the view as it reads its copy.
        expect(Array.from(x.add(1).toTypedArray())).toEqual(model.data.map((v) => v + 1));
      });
    fc.assert(fc.property(shapes, fc.gen(), property), { numRuns: 500 });
  });

  test("transpose, slice and step agree with ndarray", () => {
    const property = (shape: number[], data: fc.GeneratorValue) =>
      step(() => {
        let x = arange(0, sizeOf(shape), 1, { dtype: "f64" }).reshape(shape);
        let nd: NdArray = ndarray(
          new Float64Array(sizeOf(shape)).map((_, i) => i),
          shape,
        );
        for (let i = 0; i < 4; i++) {
          const perm = data(() => fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }));
          [x, nd] = [x.permute(perm), nd.transpose(...perm)];
          const cuts = nd.shape.map((n) => data(() => fc.tuple(fc.nat({ max: n - 1 }), fc.nat({ max: 1 }))));
          const lows = cuts.map(([low]) => low);
          const highs = cuts.map(([low, less], axis) => Math.max(nd.shape[axis]! - low - less, 1));
          x = x.slice(lows.map((low, axis) => [low, low + highs[axis]!]));
          nd = nd.lo(...lows).hi(...highs);
          const steps = nd.shape.map(() => data(() => fc.constantFrom(1, 1, 2, -1, -2)));
          x = x.slice(steps.map((by) => [null, null, by]));
          nd = nd.step(...steps);
          expect(x.shape).toEqual(nd.shape);
          expect(Array.from(x.toTypedArray())).toEqual([...indices(nd.shape)].map((index) => nd.get(...index)));
        }
      });
    const full = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 });
    fc.assert(fc.property(full, fc.gen(), property), { numRuns: 200 });
  });

  test("copy nothing", () => {
    const x = arange(24).reshape([2, 3, 4]);
    const before = memoryUse().inUse;
    const views = [
      x.transpose(),
      x.flip([0, 2]),
      x.slice([[1], null, [null, null, -2]]),
      x.unsqueeze(0).expand([5, 2, 3, 4]),
    ];
    views.push(x.reshape([6, 4]), x.transpose(0, 1).unsqueeze(1).squeeze(1), ...x.split([1, 3]));
    for (const view of views) expect(view.storage).toBe(x.storage);
    expect(memoryUse().inUse).toBe(before);
  });

  test("reshape copies only where the strides need it", () => {
    const x = arange(24).reshape([2, 3, 4]);
    const isView = (y: Tensor, shape: Shape) => y.reshape(shape).storage === y.storage;
    expect(isView(x.slice([null, [0, 2]]), [2, 8])).toBe(true);
    expect(isView(x.slice([null, [0, 2]]), [16])).toBe(false);
    expect(isView(x.permute([1, 0, 2]), [3, 2, 2, 2])).toBe(true);
    expect(isView(x.permute([1, 0, 2]), [6, 4])).toBe(false);
    expect(isView(x.flip([0]), [2, 12])).toBe(true);
    expect(isView(x.slice([null, null, [null, null, 2]]), [1, 6, 2])).toBe(true);
    expect(isView(tensor([1, 2]).unsqueeze(0).expand([3, 2]), [3, 1, 2])).toBe(true);
    expect(isView(tensor([7]).expand([6]), [2, 3])).toBe(true);
    expect(isView(x.slice([[0, 0]]).transpose(), [0, 9])).toBe(true);
  });
});

describe("broadcasting", () => {
  const naive = (a: Shape, b: Shape): Shape | undefined => {
    const rank = Math.max(a.length, b.length);
    const pad = (s: Shape) => [...Array<number>(rank - s.length).fill(1), ...s];
    const pairs = pad(a).map((n, i) => [n, pad(b)[i]!] as const);
    return pairs.some(([m, n]) => m !== n && m !== 1 && n !== 1) ? undefined : pairs.map(([m, n]) => (m === 1 ? n : m));
  };

  test("follows NumPy, or throws ShapeError", () => {
    fc.assert(
      fc.property(shapes, shapes, (a, b) => {
        const want = naive(a, b);
        if (want === undefined) expect(() => broadcastShapes("add", a, b)).toThrow(ShapeError);
        else expect(broadcastShapes("add", a, b)).toEqual(want);
      }),
      { numRuns: 500 },
    );
  });

  test("no sizes stretch one but not two", () => {
    expect(broadcastShapes("add", [0, 1], [5])).toEqual([0, 5]);
    expect(() => broadcastShapes("add", [0], [2])).toThrow(ShapeError);
  });
});

describe("a layout", () => {
  test("is contiguous where it is one block in row-major order", () => {
    const property = (shape: Shape, data: fc.GeneratorValue) => {
      let layout = Layout.contiguous(shape, 3);
      layout = layout.slice(data(() => rangesOf(layout.shape)));
      layout = layout.permute(data(() => fc.shuffledSubarray([...shape.keys()], { minLength: shape.length })));
      const offsets = layout.offsets();
      expect(layout.isContiguous).toBe(offsets.every((at, i) => at === layout.offset + i));
    };
    fc.assert(fc.property(shapes, fc.gen(), property), { numRuns: 500 });
  });
  test("never changes", () => {
    const layout = Layout.contiguous([2, 3]);
    layout.slice([[1]]).permute([1, 0]);
    expect(layout).toEqual(new Layout([2, 3], [3, 1], 0));
  });
});
