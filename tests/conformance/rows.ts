import { type Tensor, tensor } from "fader/tensor";
import { same } from "./check";
import { dot, inf, layerHat, logsumexp, mean, nan, rmsHat, softmax, sum } from "./formulas";
import { blank, chosenKernels, close, type Draw, edge, make, rowKernel, rowsOf, values } from "./support";

const { exp, abs, sqrt, max } = Math;
const k = chosenKernels;

export function rowwise(): void {
  const masked: Draw = (random) => (random.uniform() < 0.2 ? -inf : 4 * random.normal());
  rowKernel("softmax", (shape, seed) => {
    const [x, out] = [make(shape, seed, "shifted", masked), blank(shape)];
    k().softmax(x, out);
    close(out, rowsOf(x).flatMap(softmax), 1e-6, 1e-2);
  });
  rowKernel("logSoftmax", (shape, seed) => {
    const [x, out] = [make(shape, seed, "shifted", (random) => 50 + 4 * random.normal()), blank(shape)];
    k().logSoftmax(x, out);
    close(
      out,
      rowsOf(x).flatMap((row) => {
        const total = logsumexp(row);
        return row.map((v) => v - total);
      }),
      2e-6,
    );
  });
  edge("softmax of a row of -inf is zeros, of its logarithm -inf, of a row with NaN or inf NaN", () => {
    const x = tensor([
      [-inf, -inf, -inf, -inf, -inf],
      [1, nan, 2, 3, 4],
      [1, 2, 3, 4, inf],
      [0, -inf, -inf, -inf, -inf],
    ]);
    const [y, logs] = [blank([4, 5]), blank([4, 5])];
    k().softmax(x, y);
    k().logSoftmax(x, logs);
    const nans = [nan, nan, nan, nan, nan];
    const rows = (out: Tensor) => rowsOf(out).map((row) => (row.some(Number.isNaN) ? nans : row));
    same(rows(y), [[0, 0, 0, 0, 0], nans, nans, [1, 0, 0, 0, 0]]);
    same(rows(logs), [[-inf, -inf, -inf, -inf, -inf], nans, nans, [0, -inf, -inf, -inf, -inf]]);
  });
  rowKernel("causalSoftmax", ([queries, keys], seed) => {
    const x = make([2, queries!, keys!], seed, "shifted", masked);
    const out = blank(x.shape);
    k().causalSoftmax(x, out);
    close(
      out,
      rowsOf(x).flatMap((row, r) => softmax(row.map((v, j) => (j > r % queries! ? -inf : v)))),
      1e-6,
      1e-2,
    );
  });
  edge("causalSoftmax does not look at what it masks", () => {
    const out = blank([2, 6]);
    k().causalSoftmax(
      tensor([
        [1, nan, inf, nan, 1e38, 0],
        [1, 1, nan, nan, nan, inf],
      ]),
      out,
    );
    same(values(out), [1, 0, 0, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0]);
  });
  rowKernel("softmaxGradient", (shape, seed) => {
    const [y, g, out] = [make(shape, seed), make(shape, seed + 1), blank(shape)];
    k().softmaxGradient(y, g, out);
    const slope = rowsOf(g);
    const size = max(1, ...rowsOf(y).map((row, r) => sum(row.map((v, j) => abs(v * slope[r]![j]!)))));
    close(
      out,
      rowsOf(y).flatMap((row, r) => {
        const along = dot(row, slope[r]!);
        return row.map((v, j) => v * (slope[r]![j]! - along));
      }),
      2e-6,
      size * 10,
    );
  });
  rowKernel("logSoftmaxGradient", (shape, seed) => {
    const [y, g, out] = [
      make(shape, seed, "shifted", (random) => -abs(random.normal())),
      make(shape, seed + 1),
      blank(shape),
    ];
    k().logSoftmaxGradient(y, g, out);
    const slope = rowsOf(g);
    close(
      out,
      rowsOf(y).flatMap((row, r) => {
        const total = sum(slope[r]!);
        return row.map((v, j) => slope[r]![j]! - exp(v) * total);
      }),
      1e-5,
      10,
    );
  });

  const eps = 1e-5;
  for (const [name, hat, withBias] of [
    ["layerNorm", layerHat, true],
    ["rmsNorm", rmsHat, false],
  ] as const) {
    const offset: Draw = (random) => 3 + random.normal();
    const wide = (shape: number[]) => [shape[0]!, shape[1]! === 1 ? 2 : shape[1]!];
    rowKernel(name, (given, seed) => {
      const shape = wide(given);
      const [x, w, b, out] = [
        make(shape, seed, "shifted", offset),
        make(shape.slice(1), seed + 1),
        make(shape.slice(1), seed + 2),
        blank(shape),
      ];
      if (withBias) k().layerNorm(x, w, b, out, eps);
      else k().rmsNorm(x, w, out, eps);
      const [weights, biases] = [values(w), values(b)];
      close(
        out,
        rowsOf(x).flatMap((row) => hat(row, eps).map((v, j) => v * weights[j]! + (withBias ? biases[j]! : 0))),
        1e-5,
      );
    });
    rowKernel(`${name}Gradient`, (given, seed) => {
      const shape = wide(given);
      const [x, w, g, out] = [
        make(shape, seed, "shifted", offset),
        make(shape.slice(1), seed + 1),
        make(shape, seed + 2),
        blank(shape),
      ];
      k()[`${name}Gradient`](x, w, g, out, 0.1);
      const [weights, slope] = [values(w), rowsOf(g)];
      const want = rowsOf(x).flatMap((row, r) => {
        const [h, unit] = [slope[r]!.map((v, j) => v * weights[j]!), hat(row, 0.1)];
        const centre = withBias ? mean(row) : 0;
        const scale = 1 / sqrt(mean(row.map((v) => (v - centre) ** 2)) + 0.1);
        const [shift, along] = [withBias ? mean(h) : 0, dot(h, unit) / h.length];
        return h.map((v, j) => scale * (v - shift - unit[j]! * along));
      });
      close(out, want, 1e-5, 5);
    });
    rowKernel(`${name}WeightGradient`, (given, seed) => {
      const shape = wide(given);
      const [x, g, out] = [make(shape, seed, "shifted", offset), make(shape, seed + 1), blank(shape.slice(1))];
      k()[`${name}WeightGradient`](x, g, out, eps);
      const [hats, slope] = [rowsOf(x).map((row) => hat(row, eps)), rowsOf(g)];
      close(
        out,
        Array.from({ length: shape[1]! }, (_, j) => sum(hats.map((row, r) => row[j]! * slope[r]![j]!))),
        1e-5,
        5,
      );
    });
  }
}
