import { type Tensor, tensor } from "fader/tensor";
import { bfloatToNumber, halfToNumber, numberToBfloat, numberToHalf } from "../../src/tensor/internal";
import type { BinaryKernel, CompareKernel, UnaryKernel } from "../../src/tensor/kernels/interface";
import { same } from "./check";
import { binary, compare, inf, nan, slopes, unary } from "./formulas";
import { blank, chosenKernels, close, type Draw, edge, kernel, make, normal, values } from "./support";

const { exp, log, abs } = Math;
const k = chosenKernels;
const halves = [
  ["f16", halfToNumber, numberToHalf],
  ["bf16", bfloatToNumber, numberToBfloat],
] as const;

export function elementwise(): void {
  for (const op of Object.keys(unary) as UnaryKernel[]) {
    kernel(
      `unary ${op}`,
      (shape, seed, a) => {
        const positive = ["log", "sqrt", "rsqrt"].includes(op);
        const x = make(shape, seed, a, positive ? (random) => exp(4 * random.normal()) : normal);
        const out = blank(shape);
        k().unary(op, x, out);
        close(out, values(x).map(unary[op]), 1e-6, 0.1);
      },
      25,
    );
  }
  edge("unary at infinity and nowhere", () => {
    const at: Partial<Record<UnaryKernel, number[]>> = {
      exp: [inf, 0, 1, nan],
      tanh: [1, -1, 0, nan],
      erf: [1, -1, 0, nan],
      sigmoid: [1, 0, 0.5, nan],
      log: [inf, nan, -inf, nan],
      silu: [inf, 0, 0, nan],
      relu: [inf, 0, 0, nan],
      softplus: [inf, 0, log(2), nan],
      abs: [inf, inf, 0, nan],
      sqrt: [inf, nan, 0, nan],
      gelu_tanh: [inf, 0, 0, nan],
      gelu_erf: [inf, 0, 0, nan],
      sign: [1, -1, 0, nan],
      rsqrt: [0, nan, inf, nan],
      reciprocal: [0, 0, inf, nan],
    };
    for (const [op, want] of Object.entries(at)) {
      const out = blank([4]);
      k().unary(op as UnaryKernel, tensor([inf, -inf, 0, nan]), out);
      const rounded = (v: number) => (abs(v) < 1 ? +v.toFixed(6) + 0 : v);
      same(values(out).map(rounded), want.map(rounded), op);
    }
  });
  edge("unary far out", () => {
    const wide = [
      -1e4, -200, -100, -88, -30, -17, -9, -5.5, 5.5, 9, 17, 30, 87, 88.5, 100, 200, 1e4, 1e-30, -1e-30, 1e-6,
    ];
    const x = tensor(wide);
    for (const op of [
      "exp",
      "tanh",
      "sigmoid",
      "silu",
      "softplus",
      "gelu_tanh",
      "gelu_erf",
      "erf",
      "sin",
      "cos",
    ] as const) {
      const out = blank([wide.length]);
      k().unary(op, x, out);
      close(
        out,
        values(x).map((v) => Math.fround(unary[op](v))),
        2e-6,
        0.1,
      );
    }
  });

  for (const op of Object.keys(binary) as BinaryKernel[]) {
    kernel(
      `binary ${op}`,
      (shape, seed, a, b) => {
        const x = make(shape, seed, a, op === "pow" ? (random) => exp(random.normal()) : normal);
        const y = make(shape, seed + 1, b);
        const out = blank(shape);
        k().binary(op, x, y, out);
        const right = values(y);
        close(
          out,
          values(x).map((v, i) => binary[op](v, right[i]!)),
          2e-6,
          0.1,
        );
      },
      30,
    );
  }
  edge("binary maximum and minimum pass NaN on", () => {
    for (const op of ["maximum", "minimum"] as const) {
      const out = blank([5]);
      k().binary(op, tensor([nan, 1, inf, -inf, nan]), tensor([1, nan, nan, nan, nan]), out);
      same(values(out), [nan, nan, nan, nan, nan], op);
    }
  });
  for (const op of Object.keys(compare) as CompareKernel[]) {
    kernel(
      `compare ${op}`,
      (shape, seed, a, b) => {
        const draw: Draw = (random) => [-1, 0, 1, nan, inf][random.integer(0, 5)]!;
        const [x, y] = [make(shape, seed, a, draw), make(shape, seed + 1, b, draw)];
        const out = blank(shape, "bool");
        k().compare(op, x, y, out);
        const right = values(y);
        close(
          out,
          values(x).map((v, i) => compare[op](v, right[i]!)),
        );
      },
      30,
    );
  }
  kernel("where", (shape, seed, a, b) => {
    const condition = make(shape, seed, b, (random) => random.integer(0, 2), "bool");
    const [x, y] = [make(shape, seed + 1, a), make(shape, seed + 2, b, () => nan)];
    const out = blank(shape);
    k().where(condition, x, y, out);
    const pick = values(condition);
    close(
      out,
      values(x).map((v, i) => (pick[i] ? v : nan)),
    );
  });
  kernel("copy", (shape, seed, a, b) => {
    const x = make(shape, seed, a);
    const out = make(shape, seed + 1, b === "expanded" ? "plain" : b);
    k().copy(x, out);
    close(out, values(x), 0);
    const [integers, flags] = [blank(shape, "i32"), blank(shape, "bool")];
    k().copy(x, integers);
    k().copy(x, flags);
    close(integers, values(x).map(Math.trunc), 0);
    close(
      flags,
      values(x).map((v) => v !== 0),
      0,
    );
  });
  kernel("copy between float32 and 16 bits", (shape, seed, a, b) => {
    const to = b === "expanded" ? "plain" : b;
    // From subnormal to beyond the largest.
    const wide: Draw = (random) => random.normal() * 2 ** random.integer(-28, 20);
    for (const [dtype, decode, encode] of halves) {
      const x = make(shape, seed, a, wide);
      const narrow = make(shape, seed + 1, to, normal, dtype);
      k().copy(x, narrow);
      const want = values(x).map((v) => decode(encode(v)));
      close(narrow, want, 0);
      const [again, back] = [make(shape, seed + 2, to, normal, dtype), make(shape, seed + 3, to)];
      k().copy(narrow, again);
      close(again, want, 0);
      k().copy(narrow, back);
      close(back, want, 0);
    }
  });
  edge("copy of all 65,536 values of 16 bits, of their neighbours and of what lies half-way", () => {
    for (const [dtype, decode, encode] of halves) {
      const all = blank([65536], dtype);
      const bits = all.storage.data();
      for (let i = 0; i < 65536; i++) bits[i] = i;
      const wide = blank([65536]);
      k().copy(all, wide);
      same(values(wide), Array.from(bits, decode), `from ${dtype}`);
      // Both neighbours in float32 of each value and of the middle to the next one.
      const near = new Uint32Array(6 * 65536);
      const floats = new Float32Array(near.buffer);
      for (let i = 0; i < 65536; i++) {
        floats.fill(decode(i), 6 * i, 6 * i + 3);
        floats.fill((decode(i) + decode((i + 1) & 0xffff)) / 2, 6 * i + 3, 6 * i + 6);
        for (const at of [6 * i, 6 * i + 3]) {
          near[at]!--;
          near[at + 2]!++;
        }
      }
      const out = blank([near.length], dtype);
      k().copy(tensor(floats), out);
      same(
        values(out),
        Array.from(floats, (v) => decode(encode(v))),
        `to ${dtype}`,
      );
    }
  });
  kernel("fill", (shape, seed, a) => {
    const out = make(shape, seed, a === "expanded" ? "plain" : a);
    k().fill(out, 2.5);
    close(out, Array(out.size).fill(2.5), 0);
    const again = new (out.constructor as typeof Tensor)(out.storage, out.layout.slice([]));
    same(values(again), Array(again.size).fill(2.5));
  });
  for (const op of ["gelu_tanh", "gelu_erf", "silu"] as const) {
    kernel(
      `activationGradient ${op}`,
      (shape, seed) => {
        const [x, g] = [make(shape, seed, "shifted", (random) => 3 * random.normal()), make(shape, seed + 1)];
        const out = blank(shape);
        k().activationGradient(op, x, g, out);
        const slope = values(g);
        close(
          out,
          values(x).map((v, i) => slope[i]! * slopes[op](v)),
          2e-6,
        );
      },
      30,
    );
  }
}
