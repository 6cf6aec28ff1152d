import { type DType, step, tensor, zeros } from "fader/tensor";
import fc from "fast-check";
import { same } from "./check";
import { inf, nan, sum } from "./formulas";
import {
  blank,
  chosenKernels,
  close,
  covered,
  type Draw,
  edge,
  make,
  rowKernel,
  rowsOf,
  seeds,
  single,
  storedDtypes,
  type View,
  values,
  view,
} from "./support";

const { sqrt, max, min } = Math;
const k = chosenKernels;

export function products(): void {
  for (const op of ["sum", "max", "min"] as const) {
    rowKernel(`reduce ${op}`, ([outer, n], seed) => {
      const inners = [0, 1, 2, 3, 4, 5, 15, 16, 17, 23];
      const innerSize = inners[seed % inners.length]!;
      const x = make([outer!, n!, innerSize], seed);
      const out = blank([outer!, innerSize]);
      k().reduce(op, x, out);
      const data = values(x);
      const column = (o: number, i: number) =>
        Array.from({ length: n! }, (_, j) => data[(o * n! + j) * innerSize + i]!);
      const f = { sum, max: (row: number[]) => max(...row), min: (row: number[]) => min(...row) }[op];
      close(
        out,
        Array.from({ length: outer! * innerSize }, (_, i) => f(column(Math.floor(i / innerSize), i % innerSize))),
        1e-5,
        sqrt(n!) + 1,
      );
    });
  }
  edge("reduce max and min pass NaN on", () => {
    for (const op of ["max", "min", "sum"] as const) {
      for (const at of [0, 6, 17]) {
        const x = tensor(Array.from({ length: 18 }, (_, i) => (i === at ? nan : i)));
        for (const shape of [
          [1, 18, 1],
          [1, 9, 2],
        ]) {
          const out = blank([1, shape[2]!]);
          k().reduce(op, x.reshape(shape), out);
          same(values(out)[shape[2] === 2 ? at % 2 : 0], nan, op);
        }
      }
    }
  });
  rowKernel("argmax", ([rows, n], seed) => {
    const x = make([rows!, max(n!, 1)], seed, "shifted", (random) => random.integer(-9, 9));
    const out = blank([rows!], "i32");
    k().argmax(x, out);
    close(
      out,
      rowsOf(x).map((row) => row.indexOf(max(...row))),
      0,
    );
  });
  edge("argmax of a row with NaN is where the first one is", () => {
    const out = blank([4], "i32");
    k().argmax(
      tensor([
        [1, nan, 9, nan],
        [nan, 5, 1, 1],
        [1, 2, 3, nan],
        [-inf, -inf, -inf, -inf],
      ]),
      out,
    );
    same(values(out), [1, 0, 3, 0]);
  });

  function product(
    batch: number,
    m: number,
    inside: number,
    n: number,
    seed: number,
    a: View,
    b: View,
    stored: DType,
  ): void {
    const small: Draw = (random) => random.normal();
    const [x, y] = [make([batch, m, inside], seed, a, small), make([batch, inside, n], seed + 1, b, small, stored)];
    const out = blank([batch, m, n]);
    const bias = seed % 2 ? make([n], seed + 2, "shifted", small) : undefined;
    k().matmul(x, y, out, bias);
    const [left, right] = [values(x), values(y)];
    const shift = bias ? values(bias) : Array(n).fill(0);
    const want = Float64Array.from({ length: batch * m * n }, (_, i) => shift[i % n]);
    for (let s = 0; s < batch * m; s++) {
      for (let p = 0; p < inside; p++) {
        const from = (Math.floor(s / m) * inside + p) * n;
        for (let j = 0; j < n; j++) want[s * n + j]! += left[s * inside + p]! * right[from + j]!;
      }
    }
    close(out, Array.from(want), 1e-5, sqrt(inside) + 1);
  }
  covered.add("matmul");
  single("matmul", () => {
    const sizes = fc.constantFrom(0, 1, 2, 3, 4, 5, 8, 9, 16, 17, 33);
    const stored = fc.constantFrom(...storedDtypes);
    const all = fc.property(fc.nat({ max: 3 }), sizes, sizes, sizes, seeds, view, view, stored, (...args) =>
      step(() => product(...args)),
    );
    fc.assert(all, { numRuns: 400 });
  });
  const large = [
    [65, 130, 70],
    [1, 300, 257],
    [3, 520, 9],
    [7, 513, 13],
    [100, 260, 517],
    [130, 600, 33],
    [5, 1, 600],
    [5, 133, 70],
    [2, 67, 131],
    [4, 260, 40],
  ] as const;
  for (const [m, inside, n] of large)
    single(`matmul ${m}×${inside}×${n}, in every combination of strides`, () => {
      const strides = ["plain", "transposed", "backwards"] as const;
      for (const a of strides) {
        // An odd seed comes with a bias.
        for (const [i, b] of strides.entries()) {
          for (const stored of a === "plain" ? storedDtypes : (["f32"] as const))
            step(() => product(1, m, inside, n, 7 + i, a, b, stored));
        }
      }
    });
  edge("matmul passes NaN and inf on", () => {
    for (const m of [1, 2, 6]) {
      for (const dtype of storedDtypes) {
        const out = blank([1, m, 2]);
        const matrix = [
          [nan, 0],
          [0, inf],
        ];
        k().matmul(zeros([1, m, 2]), tensor([matrix], { dtype }), out);
        same(values(out), Array(2 * m).fill(nan));
      }
    }
  });
}
