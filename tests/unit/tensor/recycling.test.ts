import {
  concat,
  detach,
  embedding,
  gather,
  grad,
  layerNorm,
  matmul,
  memoryUse,
  noGrad,
  parameter,
  Random,
  randn,
  softmax,
  step,
  sum,
  type Tensor,
  tensor,
  valueAndGrad,
  where,
} from "fader/autograd";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { recycling } from "../../../src/tensor/memory/lifetime";
import { op, registry } from "../../../src/tensor/op";

type Float = "f32" | "f64";

// What is free again is overwritten at once, so that a use too late gives NaN.
beforeEach(() => {
  recycling.poison = true;
});
afterEach(() => {
  recycling.poison = false;
  recycling.isOn = true;
});

/** Runs twice, without and with recycling, and expects the same numbers. */
function expectSame(run: () => unknown, tolerance = 0): void {
  recycling.isOn = false;
  const want = numbersIn(run());
  recycling.isOn = true;
  const got = numbersIn(run());
  expect(got.length).toBe(want.length);
  expect(want.every(Number.isFinite)).toBe(true);
  for (let i = 0; i < want.length; i++) {
    const close = Math.abs(got[i]! - want[i]!) <= tolerance * Math.max(1, Math.abs(want[i]!));
    if (!close) expect.fail(`number ${i}: ${got[i]} with recycling, ${want[i]} without`);
  }
}

function numbersIn(value: unknown): number[] {
  const x = value as Tensor & Record<string, unknown>;
  if (x?.storage !== undefined) return Array.from(x.toTypedArray());
  return value === null || typeof value !== "object" ? [] : Object.values(value).flatMap(numbersIn);
}

/** A random graph over [4, 6] tensors: subexpressions are shared, and views share memory. */
function randomGraph(seed: number, x: Tensor, y: Tensor, size: number): { score: Tensor; nodes: Tensor[] } {
  const random = new Random(seed);
  const nodes: Tensor[] = [x, y.expand([4, 6]), x.mul(0.5)];
  const pick = () => nodes[random.integer(0, nodes.length)]!;
  const column = tensor([[1], [2], [0], [1]], { dtype: "i32" });
  const builders: ((a: Tensor, b: Tensor) => Tensor)[] = [
    (a, b) => a.add(b),
    (a, b) => a.sub(b),
    (a, b) => a.mul(b.tanh()),
    (a) => a.add(a),
    (a) => a.tanh(),
    (a) => a.geluTanh(),
    (a) => a.reshape([6, 4]).transpose(),
    (a) => a.flip([0, 1]),
    (a, b) => concat([a.slice([null, [0, 2]]), b.slice([null, [2, 6]])], 1),
    (a) => {
      const [p, q, r] = a.split([2, 2, 2], 1) as [Tensor, Tensor, Tensor];
      return concat([r, p.add(q), q.mul(0.5)], 1);
    },
    (a) =>
      a
        .slice([
          [null, null, -1],
          [null, null, 2],
        ])
        .repeatInterleave(2, 1),
    (a, b) => where(a.greater(b), a, b.mul(0.3)),
    (a) => a.sub(a.mean(1, true)),
    (a) => a.slice([[0, 1]]).expand([4, 6]),
    (a) => softmax(a.add(1)),
    (a, b) => matmul(softmax(a), b.transpose()).tanh().matmul(b),
    (a) => layerNorm(a),
    (a) => a.sub(gather(a, column, 1)),
    (a) => embedding(a.tanh(), tensor([3, 0, 0, 2], { dtype: "i32" })),
    (a, b) => a.add(noGrad(() => b.square().tanh())).sub(detach(a).mul(0.1)),
    (a, b) => a.max(1, true).add(b.min(0, true)).mul(0.2).expand([4, 6]),
  ];
  for (let i = 0; i < size; i++) nodes.push(builders[random.integer(0, builders.length)]!(pick(), pick()));
  const weights = nodes.map((_, i) => Math.sin(i + 1));
  const used = nodes.filter((_, i) => random.uniform() < 0.2 || i === nodes.length - 1);
  return { score: used.map((node, i) => node.mul(weights[i]!).mean()).reduce((a, b) => a.add(b)), nodes };
}

const inputs = (seed: number, dtype: Float) => ({
  x: randn([4, 6], { seed, dtype }).mul(0.5),
  y: randn([6], { seed: seed + 1, dtype }).mul(0.5),
});

describe("with memory that serves again, gradients are the same", () => {
  for (const dtype of ["f32", "f64"] as const) {
    test(`on random graphs in ${dtype}`, () => {
      for (let seed = 0; seed < 120; seed++) {
        const run = ({ x, y }: { x: Tensor; y: Tensor }) => randomGraph(seed, x, y, 4 + (seed % 25)).score;
        expectSame(() => valueAndGrad(run)(inputs(seed, dtype)), dtype === "f32" ? 2e-5 : 1e-12);
      }
    });
  }
  test("inside a step, with other tensors before and after", () => {
    for (let seed = 0; seed < 30; seed++) {
      const run = ({ x, y }: { x: Tensor; y: Tensor }) => randomGraph(seed, x, y, 12).score;
      expectSame(
        () =>
          step(() => {
            const { x, y } = inputs(seed, "f64");
            const before = x.mul(3);
            const first = valueAndGrad(run)({ x, y: y.add(1) });
            const second = valueAndGrad(run)({ x: before, y: first.grads.y });
            return { before, first, second, after: before.add(first.grads.x) };
          }),
        1e-12,
      );
    }
  });
  test("and what the function returns beside its value keeps its numbers", () => {
    for (let seed = 0; seed < 40; seed++) {
      const run = ({ x, y }: { x: Tensor; y: Tensor }) => {
        const { score, nodes } = randomGraph(seed, x, y, 15);
        return [score, { all: nodes.filter((_, i) => i % 2 === seed % 2), view: nodes.at(-1)!.flip([0]) }] as const;
      };
      expectSame(() => valueAndGrad(run)(inputs(seed, "f64")), 1e-12);
    }
  });
  test("of gradients too", () => {
    for (let seed = 0; seed < 40; seed++) {
      const inner = (x: Tensor, y: Tensor) => grad((z: Tensor) => randomGraph(seed, z, y, 6).score)(x);
      const run = ({ x, y }: { x: Tensor; y: Tensor }) => sum(inner(x, y).mul(x).add(inner(x, y)));
      expectSame(() => valueAndGrad(run)(inputs(seed, "f64")), 1e-11);
      expectSame(
        () => grad((x: Tensor) => sum(noGrad(() => inner(x, x.mean(0))).mul(x)))(inputs(seed, "f64").x),
        1e-11,
      );
    }
  });
});

test("a gradient that two parameters share is not added into", () => {
  const { a, b } = grad(({ a, b }: { a: Tensor; b: Tensor }) => {
    const both = a.add(b);
    return sum(both.add(a.mul(2)).add(a.mul(3)));
  })({ a: tensor([1, 2]), b: tensor([1, 2]) });
  expect([a.toArray(), b.toArray()]).toEqual([
    [6, 6],
    [1, 1],
  ]);
});

/** An op for a test, not left in the registry. */
function copyWith(gradient: (x: Tensor) => Tensor): (x: Tensor) => Tensor {
  const apply = op("copy_for_test", {
    formula: "x, with another gradient",
    inputs: ["x"],
    shape: ({ x }) => x.shape,
    forward: (kernels, { x }, out) => kernels.copy(x, out),
    gradient: { x: ({ x }) => gradient(x) },
  });
  registry.delete("copy_for_test");
  return (x) => apply({ x });
}

test("a gradient that is a tensor of the forward pass is not added into", () => {
  const itself = copyWith((x) => x);
  const slope = grad((w: Tensor) => {
    const x = w.mul(2);
    const a = x.square().add(x.square());
    return sum(a.add(itself(x)));
  })(tensor([1, 2]));
  // d/dx = 4x + x, x = 2w
  expect(slope.toArray()).toEqual([20, 40]);
});

test("a throw during a backward pass leaves recycling off", () => {
  const broken = copyWith(() => {
    throw new Error("stop");
  });
  const x = tensor([1, 2]);
  const sums = step(() => {
    const a = x.mul(2);
    expect(() => grad((w: Tensor) => sum(broken(w.tanh()).tanh().tanh()))(x)).toThrow("stop");
    const b = x.mul(3);
    return [a.add(b), grad((w: Tensor) => sum(w.square()))(a)];
  });
  expect(sums.map((y) => y.toArray())).toEqual([
    [5, 10],
    [4, 8],
  ]);
});

describe("memory of a backward pass", () => {
  test("grows with the depth of the graph in its forward pass only", () => {
    recycling.poison = false;
    const w = parameter(randn([64, 256], { seed: 0 }));
    const run = (n: number) =>
      valueAndGrad((x: Tensor) => {
        let y = x;
        for (let i = 0; i < n; i++) y = y.tanh();
        return sum(y);
      })(w);
    run(400);
    const before = memoryUse().reserved;
    // Forward: 400 tensors of 64 KiB. Without recycling, tanh's gradient would take three more each.
    expect(before).toBeLessThan(64 * 2 ** 20);
    run(400);
    expect(memoryUse().reserved).toBe(before);
  });
  test("is flat from the second step to the thousandth", () => {
    recycling.poison = false;
    const weights = { a: parameter(randn([8, 24], { seed: 0 })), b: parameter(randn([24], { seed: 1 })) };
    const input = parameter(randn([16, 8], { seed: 2 }));
    const one = () =>
      step(() => {
        const { grads } = valueAndGrad(({ a, b }: typeof weights) => {
          const [p, q] = input.matmul(a).add(b).split([12, 12]) as [Tensor, Tensor];
          return p.geluTanh().mul(q).add(p).square().mean();
        })(weights);
        weights.a.assign(weights.a.sub(grads.a.mul(0.01)));
        weights.b.assign(weights.b.sub(grads.b.mul(0.01)));
      });
    one();
    one();
    const before = memoryUse();
    for (let i = 2; i < 1000; i++) one();
    expect(memoryUse()).toEqual(before);
  });
});
