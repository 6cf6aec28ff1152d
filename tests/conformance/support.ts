import { type DType, full, Random, type Shape, step, type Tensor, tensor } from "fader/tensor";
import fc from "fast-check";
import { sizeOf } from "../../src/tensor/internal";
import { type Kernels, kernelsFor } from "../../src/tensor/kernels";
import { same } from "./check";
import { nan } from "./formulas";

const { abs, max } = Math;
/** One case of the suite; it throws what is wrong. */
export interface Case {
  name: string;
  run(): void;
}
/** All cases, in the order in which their files state them. */
export const cases: Case[] = [];
/** Kernels of the interface that have a case. */
export const covered = new Set<string>();

let chosen: Kernels | undefined;
/** The kernels under test: those of the backend unless a suite has set others. */
export const chosenKernels = (): Kernels => chosen ?? kernelsFor("f32");
export const useKernels = (kernels: Kernels | undefined): void => {
  chosen = kernels;
};

export const values = (x: Tensor) => Array.from(x.toTypedArray());
export const rowsOf = (x: Tensor): number[][] => {
  const n = x.shape.at(-1)!;
  return Array.from({ length: n === 0 ? 0 : x.size / n }, (_, r) => values(x).slice(r * n, (r + 1) * n));
};
export const views = ["plain", "shifted", "transposed", "backwards", "expanded"] as const;
/** How weights may be stored. */
export const storedDtypes = ["f32", "f16", "bf16"] as const;
export type View = (typeof views)[number];
export const normal = (random: Random) => 2 * random.normal();

/** A tensor of a shape, contiguous (with an offset if `shifted`) or a strided view. */
export function make(shape: Shape, seed: number, view: View = "shifted", draw = normal, dtype: DType = "f32"): Tensor {
  const random = new Random(seed);
  const fresh = (s: Shape) =>
    tensor(
      Float64Array.from({ length: sizeOf(s) }, () => draw(random)),
      { dtype, shape: s },
    );
  if (shape.length === 0 || view === "plain") return fresh(shape);
  if (view === "shifted") return fresh([shape[0]! + 1, ...shape.slice(1)]).slice([[1]]);
  if (view === "transposed") return fresh(shape.toReversed()).permute(shape.map((_, i) => shape.length - 1 - i));
  if (view === "backwards") return fresh(shape.map((n) => 2 * n)).slice(shape.map(() => [null, null, -2]));
  return fresh([1, ...shape.slice(1)]).expand(shape);
}
/** An output full of NaN, so that what a kernel leaves out shows. */
export const blank = (shape: Shape, dtype: DType = "f32") =>
  full(shape, dtype === "i32" || dtype === "bool" ? 1 : nan, { dtype });

export function close(got: Tensor, want: readonly (number | boolean)[], tolerance = 1e-6, floor = 1): void {
  const data = values(got);
  same(data.length, want.length, "elements");
  for (let i = 0; i < want.length; i++) {
    const [g, w] = [data[i]!, Number(want[i])];
    if (!(Object.is(g, w) || g === w || abs(g - w) <= tolerance * max(floor, abs(w))))
      throw new Error(`element ${i}: got ${g}, want ${w}`);
  }
}

export const lengths = fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 8, 11, 16, 17, 33, 64, 67, 130, 259, 1027);
export const shapes = fc.oneof(
  fc.array(fc.nat({ max: 5 }), { maxLength: 4 }),
  fc.tuple(fc.integer({ min: 1, max: 3 }), lengths),
);
export const seeds = fc.nat({ max: 1e6 });
export const view = fc.constantFrom(...views);
export type Draw = (random: Random) => number;

/** A kernel on random data: `body` gets a shape, a seed, and two kinds of views. */
export function kernel(
  name: string,
  body: (shape: number[], seed: number, a: View, b: View) => void,
  numRuns = 60,
): void {
  covered.add(name.split(" ")[0]!);
  single(name, () => {
    fc.assert(
      fc.property(shapes, seeds, view, view, (...args) => step(() => body(...args))),
      { numRuns },
    );
  });
}
/** The same on rows: `shape` is [rows, n]. */
export function rowKernel(name: string, body: (shape: number[], seed: number) => void, numRuns = 60): void {
  covered.add(name.split(" ")[0]!);
  single(name, () => {
    const property = fc.property(fc.nat({ max: 4 }), lengths, seeds, (r, n, seed) => step(() => body([r, n], seed)));
    fc.assert(property, { numRuns });
  });
}
export const edge = (name: string, body: () => void) => single(name, () => step(body));
export function single(name: string, run: () => void): void {
  cases.push({ name, run });
}
