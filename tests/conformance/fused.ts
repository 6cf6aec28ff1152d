import { tensor } from "fader/tensor";
import { isTrue, same } from "./check";
import { inf, sigmoid, slopes, softmax, sum } from "./formulas";
import { blank, chosenKernels, close, type Draw, edge, make, rowKernel, rowsOf, values } from "./support";

const { log, max } = Math;
const k = chosenKernels;

export function fused(): void {
  rowKernel("swiglu", (shape, seed) => {
    const [gate, up, out] = [make(shape, seed), make(shape, seed + 1), blank(shape)];
    k().swiglu(gate, up, out);
    const factor = values(up);
    close(
      out,
      values(gate).map((x, i) => x * sigmoid(x) * factor[i]!),
      1e-6,
    );
  });
  rowKernel("swigluGateGradient", (shape, seed) => {
    const [gate, up, g, out] = [make(shape, seed), make(shape, seed + 1), make(shape, seed + 2), blank(shape)];
    k().swigluGateGradient(gate, up, g, out);
    const [factor, slope] = [values(up), values(g)];
    close(
      out,
      values(gate).map((x, i) => slope[i]! * factor[i]! * slopes.silu(x)),
      2e-6,
    );
  });

  for (const name of ["klWithout", "klWithoutGradient"] as const) {
    rowKernel(name, ([rows, given], seed) => {
      const n = max(given!, 1);
      const draw: Draw = (random) => 20 + 4 * random.normal();
      const [clean, edited] = [make([rows!, n], seed, "shifted", draw), make([rows!, n], seed + 1, "shifted", draw)];
      const g = make([rows!], seed + 2);
      const index = make([rows!, seed % 4], seed + 3, "shifted", (random) => random.integer(0, n), "i32");
      const [left, right, slope] = [rowsOf(clean), rowsOf(edited), values(g)];
      const width = seed % 4;
      const excluded = left.map((_, r) => values(index).slice(r * width, (r + 1) * width));
      const share = (row: number[], r: number) => softmax(row.map((v, j) => (excluded[r]!.includes(j) ? -inf : v)));
      const pairs = left.map((row, r) => [share(row, r), share(right[r]!, r)] as const);
      if (name === "klWithout") {
        const out = blank([rows!]);
        k().klWithout(clean, edited, index, out);
        const want = pairs.map(([p, q]) => sum(p.map((v, j) => (v === 0 ? 0 : v * log(v / q[j]!)))));
        close(out, want, 2e-6);
      } else {
        const out = blank([rows!, n]);
        k().klWithoutGradient(clean, edited, index, g, out);
        const want = pairs.flatMap(([p, q], r) => q.map((v, j) => slope[r]! * (v - p[j]!)));
        close(out, want, 2e-6);
      }
    });
  }
  edge("klWithout of equal rows is 0, of rows with a shift nearly; of impossible entries inf", () => {
    const row = Array.from({ length: 37 }, (_, i) => 30 * Math.sin(i));
    const clean = tensor([row, row, row, [-inf, ...row.slice(1)], row]);
    const edited = tensor([row, row.map((v) => v + 64), [-inf, ...row.slice(1)], row, row]);
    const index = tensor([[5], [5], [5], [5], [7]], { dtype: "i32" });
    const out = blank([5]);
    k().klWithout(clean, edited, index, out);
    const [equal, shifted, impossible, less, other] = values(out);
    same([equal, impossible, other], [0, inf, 0]);
    isTrue(Math.abs(shifted!) < 5e-6, `a shift counts ${shifted}`);
    isTrue(less! >= 0, `less counts ${less}`);
  });
  edge("klWithout of rows with nothing left is 0, and so is its gradient", () => {
    const [clean, edited] = [tensor([[1, 2]]), tensor([[3, 1]])];
    const index = tensor([[1, 0, 1]], { dtype: "i32" });
    const [out, slope] = [blank([1]), blank([1, 2])];
    k().klWithout(clean, edited, index, out);
    k().klWithoutGradient(clean, edited, index, tensor([2]), slope);
    same([...values(out), ...values(slope)], [0, 0, 0]);
  });
}
