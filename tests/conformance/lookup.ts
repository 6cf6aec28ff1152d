import { tensor, zeros } from "fader/tensor";
import { same } from "./check";
import { inf, logsumexp, nan, softmax, sum } from "./formulas";
import { blank, chosenKernels, close, edge, make, normal, rowKernel, rowsOf, storedDtypes, values } from "./support";

const { log, sqrt, max } = Math;
const k = chosenKernels;

export function lookup(): void {
  rowKernel("embedding", ([count, d], seed) => {
    const [weight, index] = [
      make([5, d!], seed, "shifted", normal, storedDtypes[seed % 3]),
      make([count!, 3], seed + 1, "shifted", (random) => random.integer(0, 5), "i32"),
    ];
    const out = blank([count!, 3, d!]);
    k().embedding(weight, index, out);
    const rows = values(weight);
    close(
      out,
      values(index).flatMap((id) => rows.slice(id * d!, (id + 1) * d!)),
      0,
    );
  });
  rowKernel("embeddingGradient", ([count, d], seed) => {
    const [g, index] = [
      make([count!, d!], seed),
      make([count!], seed + 1, "shifted", (random) => random.integer(0, 3), "i32"),
    ];
    const out = blank([4, d!]);
    k().embeddingGradient(index, g, out);
    const [ids, slope] = [values(index), values(g)];
    const want = Array.from({ length: 4 * d! }, (_, i) =>
      sum(ids.map((id, r) => (id === Math.floor(i / d!) ? slope[r * d! + (i % d!)]! : 0))),
    );
    close(out, want);
  });
  for (const name of ["gather", "scatterAdd"] as const) {
    rowKernel(
      name,
      ([rows, n], seed) => {
        for (const [axis, longer] of [
          [0, 0],
          [0, 1],
          [1, 0],
          [1, 1],
        ] as const) {
          // On the other axis, x may be longer than the index.
          const [height, width] = axis === 0 ? [rows! + 1, n! + longer] : [rows! + longer, n! + 1];
          const x = make([height, width], seed);
          const indexShape = [rows!, n!];
          const index = make(indexShape, seed + 1, "shifted", (random) => random.integer(0, x.shape[axis]!), "i32");
          const source = make(indexShape, seed + 2);
          const [ids, from, want] = [values(index), values(source), values(x)];
          const at = (i: number) => (axis === 0 ? ids[i]! * width + (i % n!) : Math.floor(i / n!) * width + ids[i]!);
          if (name === "gather") {
            const out = blank(indexShape);
            k().gather(x, index, out, axis);
            close(
              out,
              ids.map((_, i) => want[at(i)]!),
              0,
            );
          } else {
            k().scatterAdd(x, index, source, axis);
            from.forEach((v, i) => {
              want[at(i)]! += v;
            });
            close(x, want, 2e-6);
          }
        }
      },
      30,
    );
  }

  for (const name of ["crossEntropy", "crossEntropyGradient"] as const) {
    rowKernel(name, ([rows, n], seed) => {
      const classes = max(n!, 1);
      const ignore = seed % 2 ? -100 : 0;
      const target = make(
        [rows!],
        seed + 1,
        "shifted",
        (random) => (random.uniform() < 0.3 ? ignore : random.integer(0, classes)),
        "i32",
      );
      const [logits, g] = [
        make([rows!, classes], seed, "shifted", (random) => 20 + 4 * random.normal()),
        make([rows!], seed + 2),
      ];
      const [ids, slope] = [values(target), values(g)];
      const out = blank(name === "crossEntropy" ? [rows!] : logits.shape);
      if (name === "crossEntropy") {
        k().crossEntropy(logits, target, out, ignore);
        close(
          out,
          rowsOf(logits).map((row, r) => (ids[r] === ignore ? 0 : logsumexp(row) - row[ids[r]!]!)),
          2e-6,
        );
      } else {
        k().crossEntropyGradient(logits, target, g, out, ignore);
        const row = (p: number[], r: number) =>
          softmax(p).map((v, j) => (ids[r] === ignore ? 0 : slope[r]! * (v - +(j === ids[r]))));
        close(out, rowsOf(logits).flatMap(row), 2e-6);
      }
    });
  }
  edge("crossEntropy and its gradient ignore a row whatever is in it", () => {
    const [logits, target] = [
      tensor([
        [nan, inf, 1],
        [0, 0, -inf],
      ]),
      tensor([7, 0], { dtype: "i32" }),
    ];
    const [out, slope] = [blank([2]), blank([2, 3])];
    k().crossEntropy(logits, target, out, 7);
    k().crossEntropyGradient(logits, target, tensor([nan, 2]), slope, 7);
    close(out, [0, log(2)]);
    close(slope, [0, 0, 0, -1, 1, 0]);
  });
  edge("crossEntropy over no classes fills its output", () => {
    const out = blank([2]);
    k().crossEntropy(zeros([2, 0]), tensor([7, 7], { dtype: "i32" }), out, 7);
    same(values(out), [0, 0]);
  });

  rowKernel("adam", (shape, seed) => {
    const settings = {
      lr: 0.1,
      beta1: 0.9,
      beta2: 0.999,
      eps: 1e-8,
      weightDecay: 0.1,
      correction1: 0.19,
      correction2: 0.002,
    };
    const [p, g, m] = [make(shape, seed), make(shape, seed + 1), make(shape, seed + 2)];
    const v = make(shape, seed + 3, "shifted", (random) => random.uniform());
    const [p0, g0, m0, v0] = [p, g, m, v].map(values) as [number[], number[], number[], number[]];
    k().adam(p, g, m, v, settings);
    const m1 = m0.map((x, i) => 0.9 * x + 0.1 * g0[i]!);
    const v1 = v0.map((x, i) => 0.999 * x + 0.001 * g0[i]! ** 2);
    close(m, m1, 2e-6);
    close(v, v1, 2e-6);
    close(g, g0, 0);
    close(
      p,
      p0.map((x, i) => x * 0.99 - (0.1 * (m1[i]! / 0.19)) / (sqrt(v1[i]! / 0.002) + 1e-8)),
      1e-5,
    );
  });
}
