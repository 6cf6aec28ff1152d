import {
  Adam,
  type AdamOptions,
  ArgumentError,
  clipGradients,
  cosineSchedule,
  parameter,
  ShapeError,
  step,
  type Tensor,
  tensor,
} from "fader/autograd";
import { describe, expect, test } from "vitest";
import { distance, random, values } from "../../helpers/tiny";

/** Adam with decoupled weight decay for one number, as in the papers. */
function naiveAdam(start: number, slopes: number[], { lr, betas, eps, weightDecay = 0 }: AdamOptions): number {
  const [beta1, beta2] = betas ?? [0.9, 0.999];
  let [x, m, v] = [start, 0, 0];
  slopes.forEach((g, i) => {
    m = beta1 * m + (1 - beta1) * g;
    v = beta2 * v + (1 - beta2) * g * g;
    const [mHat, vHat] = [m / (1 - beta1 ** (i + 1)), v / (1 - beta2 ** (i + 1))];
    x = x - lr * weightDecay * x - (lr * mHat) / (Math.sqrt(vHat) + (eps ?? 1e-8));
  });
  return x;
}

const shapes = { w: [3, 2], b: [2] };
const start = (dtype: "f32" | "f64") => ({
  w: parameter(random(shapes.w, 1, dtype)),
  b: parameter(random(shapes.b, 2, dtype)),
});
const gradient = (at: number, dtype: "f32" | "f64") => ({
  w: random(shapes.w, 10 + at, dtype),
  b: random(shapes.b, 20 + at, dtype),
});

describe("Adam", () => {
  const settings: [string, AdamOptions][] = [
    ["by default", { lr: 0.1 }],
    ["with other betas and eps", { lr: 0.03, betas: [0.8, 0.95], eps: 1e-3 }],
    ["with weight decay", { lr: 0.1, weightDecay: 0.1 }],
    ["with weight decay of chosen parameters", { lr: 0.1, weightDecay: 0.1, decays: (name) => name === "b" }],
  ];
  test.each(settings)("%s is the formula of the papers, for 5 steps", (_, options) => {
    for (const [dtype, bound] of [
      ["f32", 1e-5],
      ["f64", 1e-14],
    ] as const) {
      const p: Record<string, Tensor> = start(dtype);
      const before = Object.fromEntries(Object.entries(p).map(([name, x]) => [name, values(x)]));
      const optimizer = new Adam(p, options);
      for (let at = 0; at < 5; at++) optimizer.step(gradient(at, dtype));
      for (const [name, x] of Object.entries(p)) {
        const decays = options.decays?.(name, x) ?? name === "w";
        const want = before[name]!.map((value, i) => {
          const slopes = [0, 1, 2, 3, 4].map((at) => values(gradient(at, dtype)[name as "w"])[i]!);
          return naiveAdam(value, slopes, { ...options, weightDecay: decays ? (options.weightDecay ?? 0) : 0 });
        });
        expect(distance(x, want), `${name} ${dtype}`).toBeLessThan(bound);
      }
    }
  });

  test("takes the rate of a schedule for one step", () => {
    const p = { x: parameter(tensor([1])) };
    const optimizer = new Adam(p, { lr: 100 });
    optimizer.step({ x: tensor([3]) }, 0.25);
    expect(p.x.item()).toBeCloseTo(0.75, 5);
  });

  test("reads gradients that are views", () => {
    const [a, b] = [start("f32"), start("f32")];
    const g = gradient(0, "f32");
    new Adam(a, { lr: 0.1 }).step(g);
    const wide = random([4, 3], 3);
    const view = g.w.transpose().add(0).transpose();
    new Adam(b, { lr: 0.1 }).step({ w: view, b: g.b });
    expect(values(b.w)).toEqual(values(a.w));
    const tall = { t: parameter([3, 4]) };
    new Adam(tall, { lr: 0.1 }).step({ t: wide.transpose() });
    expect(values(tall.t.sign())).toEqual(values(wide.transpose().sign().neg()));
  });

  test("made in a step outlives it", () => {
    const p = start("f32");
    const optimizer = step(() => new Adam(p, { lr: 0.1 }));
    for (let at = 0; at < 3; at++) step(() => optimizer.step(gradient(at, "f32")));
    expect(values(p.w).every(Number.isFinite)).toBe(true);
  });

  test("that is restored goes on with the same bits", () => {
    const [whole, halves] = [start("f32"), start("f32")];
    const uninterrupted = new Adam(whole, { lr: 0.1, weightDecay: 0.01 });
    for (let at = 0; at < 6; at++) uninterrupted.step(gradient(at, "f32"));
    const first = new Adam(halves, { lr: 0.1, weightDecay: 0.01 });
    for (let at = 0; at < 3; at++) first.step(gradient(at, "f32"));
    const second = new Adam(halves, { lr: 0.1, weightDecay: 0.01 });
    second.restore(first.state());
    for (let at = 3; at < 6; at++) second.step(gradient(at, "f32"));
    expect(values(halves.w)).toEqual(values(whole.w));
    expect(values(halves.b)).toEqual(values(whole.b));
    expect(second.state().count).toBe(6);
    expect(Object.keys(second.state().tensors)).toEqual(["m.w", "v.w", "m.b", "v.b"]);
  });

  test("refuses a missing gradient and changes nothing", () => {
    const p = start("f32");
    const before = values(p.w);
    const optimizer = new Adam(p, { lr: 0.1 });
    expect(() => optimizer.step({ w: gradient(0, "f32").w })).toThrow(ArgumentError);
    expect(values(p.w)).toEqual(before);
    expect(optimizer.state().count).toBe(0);
    expect(() => optimizer.restore({ count: 1, tensors: {} })).toThrow(ArgumentError);
  });

  test("refuses a gradient of another shape", () => {
    const p = { x: parameter([4]) };
    expect(() => new Adam(p, { lr: 0.1 }).step({ x: tensor([1, 2]) })).toThrow(ShapeError);
  });
});

describe("clipping", () => {
  const grads = { a: tensor([3, 0]), b: tensor([[4]]) };
  test("scales all gradients to the joint norm", () => {
    const { grads: clipped, norm } = clipGradients(grads, 1);
    expect(norm).toBeCloseTo(5, 6);
    expect(distance(clipped.a, [0.6, 0])).toBeLessThan(1e-6);
    expect(distance(clipped.b, [0.8])).toBeLessThan(1e-6);
    expect(clipped.b.shape).toEqual([1, 1]);
  });

  test("leaves smaller ones as they are", () => {
    expect(clipGradients(grads, 5.001).grads).toBe(grads);
    const zero = { a: tensor([0, 0]) };
    expect(values(clipGradients(zero, 1).grads.a)).toEqual([0, 0]);
  });
});

describe("the cosine schedule", () => {
  test("warms up, comes down and stays", () => {
    const at = cosineSchedule({ lr: 1, steps: 11, warmup: 4, minLr: 0.1 });
    expect([0, 1, 2, 3].map(at)).toEqual([0.25, 0.5, 0.75, 1]);
    expect(at(4)).toBeCloseTo(1, 12);
    expect(at(7)).toBeCloseTo(0.55, 12);
    expect(at(10)).toBeCloseTo(0.1, 12);
    expect(at(1000)).toBeCloseTo(0.1, 12);
    for (let i = 5; i <= 10; i++) expect(at(i)).toBeLessThan(at(i - 1));
  });

  test("needs neither warm-up nor many steps", () => {
    expect(cosineSchedule({ lr: 2, steps: 1 })(0)).toBe(2);
    const three = cosineSchedule({ lr: 2, steps: 3 });
    expect([0, 1, 2].map((i) => three(i).toFixed(6))).toEqual(["2.000000", "1.000000", "0.000000"]);
  });
});
