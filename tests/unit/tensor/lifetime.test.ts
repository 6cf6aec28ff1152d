import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  LifetimeError,
  memoryUse,
  OutOfMemoryError,
  ones,
  parameter,
  randn,
  step,
  sum,
  type Tensor,
  tensor,
  valueAndGrad,
  zeros,
} from "fader/autograd";
import { describe, expect, test } from "vitest";
import { allocate, release } from "../../../src/tensor/memory/memory";

describe("what a step returns survives", () => {
  test("alone, in arrays, in objects, nested", () => {
    const { a, list, deep } = step(() => {
      const x = tensor([1, 2]).add(1);
      return { a: x, list: [x.mul(2), x.flip([0])] as const, deep: { more: [{ x: x.sum() }] } };
    });
    zeros([100]); // would overwrite what was not copied
    step(() => ones([100]));
    expect([a.toArray(), list[0].toArray(), list[1].toArray(), deep.more[0]!.x.item()]).toEqual([
      [2, 3],
      [4, 6],
      [3, 2],
      5,
    ]);
  });
  test("other values pass through, and the object itself when nothing was computed", () => {
    const result = { n: 1, text: "x", nothing: null, when: new Date(0) };
    expect(step(() => result)).toBe(result);
    const { when, list } = step(() => ({ when: result.when, list: Float32Array.of(1), x: tensor([1]) }));
    expect([when, list]).toEqual([new Date(0), Float32Array.of(1)]);
  });
  test("one tensor returned twice is one tensor", () => {
    const [a, b] = step(() => {
      const x = tensor([1]).add(1);
      return [x, x];
    });
    expect(a).toBe(b);
  });
  test("a tensor from outside is returned as it is", () => {
    const x = tensor([1]);
    expect(step(() => x)).toBe(x);
    expect(step(() => [x, tensor([2])])[0]).toBe(x);
  });
  test("what an inner step returns dies with the outer one", () => {
    let inner: Tensor | undefined;
    const kept = step(() => {
      inner = step(() => tensor([1]).add(1));
      const other = tensor([5]);
      expect([inner.toArray(), other.toArray()]).toEqual([[2], [5]]);
      return step(() => step(() => inner!.mul(other)));
    });
    expect(kept.toArray()).toEqual([10]);
    expect(() => inner!.toArray()).toThrow(LifetimeError);
  });
  test("what is assigned to a parameter survives", () => {
    const p = parameter([2]);
    step(() => p.assign(ones([2]).mul(3)));
    expect(p.toArray()).toEqual([3, 3]);
  });
  test("a parameter made in a step survives", () => {
    let p: Tensor | undefined;
    step(() => {
      p = parameter(tensor([1, 2]).add(1));
    });
    step(() => ones([50]));
    expect(p!.toArray()).toEqual([2, 3]);
  });
  test("an object that contains itself does not hang", () => {
    const loop: { x?: Tensor; self?: unknown } = {};
    loop.self = loop;
    const result = step(() => {
      loop.x = tensor([1]).add(1);
      return loop;
    });
    expect(result.x!.toArray()).toEqual([2]);
  });
});

describe("after a step", () => {
  test("every use of its tensors throws", () => {
    let x = tensor([0]);
    step(() => {
      x = tensor([1, 2]).add(1);
    });
    const view = x.withLayout(x.layout);
    const uses = [
      () => x.toArray(),
      () => x.item(),
      () => x.add(1),
      () => x.sum(),
      () => x.address,
      () => view.transpose(0, 0).toTypedArray(),
    ];
    for (const use of [
      ...uses,
      () => zeros([2]).assign(x),
      () => x.assign(zeros([2])),
      () => x.reshape([2, 1]).matmul([[1]]),
    ]) {
      expect(use).toThrow(/tensor/);
    }
    for (const use of uses.toSpliced(1, 1)) expect(use).toThrow(LifetimeError);
    expect(`${x}`).toBe("tensor(released, shape [2], f32)");
    expect(x.shape).toEqual([2]);
  });
  test("a throw inside leaves nothing behind", () => {
    const before = memoryUse().inUse;
    for (let i = 0; i < 50; i++) {
      expect(() =>
        step(() =>
          step(() => {
            ones([1000]).add(i);
            throw new Error("stop");
          }),
        ),
      ).toThrow("stop");
      expect(() =>
        valueAndGrad((w: Tensor) => {
          w.add(1);
          throw new Error("stop");
        })(parameterOnce),
      ).toThrow("stop");
    }
    expect(memoryUse().inUse - before).toBeLessThanOrEqual(2 ** 20);
    // Neither a scope nor a recording is still open.
    const y = tensor([1]).add(1);
    step(() => ones([10]));
    expect([y.toArray(), y.node]).toEqual([[2], undefined]);
    expect(parameterOnce.assign(ones([1])).toArray()).toEqual([1]);
  });
  test("a promise is refused", () => {
    expect(() => step(async () => 1)).toThrow(/returned a promise/);
  });
});
const parameterOnce = parameter([1]);

describe("memory", () => {
  test("is flat over 1,000 training steps", () => {
    const w = parameter(randn([32, 32], { seed: 0 }));
    const trainStep = (size: number) =>
      step(() => {
        const { value, grads } = valueAndGrad((w: Tensor) =>
          sum(
            w
              .matmul(ones([32, size]))
              .tanh()
              .square(),
          ),
        )(w);
        w.assign(w.sub(grads.mul(1e-4)));
        return value.item();
      });
    for (let i = 0; i < 20; i++) trainStep(1 + (i % 7));
    const before = memoryUse();
    for (let i = 0; i < 1000; i++) trainStep(1 + (i % 7));
    expect(memoryUse()).toEqual(before);
  });
  test("of a large step is used again by the next", () => {
    const large = () =>
      step(() =>
        ones([1 << 20])
          .add(1)
          .mul(2)
          .sum()
          .item(),
      );
    expect(large()).toBe(4 * 2 ** 20);
    const before = memoryUse();
    for (let i = 0; i < 20; i++) large();
    expect(memoryUse()).toEqual(before);
  });
  test("grows under tensors that are in use without harm", () => {
    const x = tensor([1, 2, 3]);
    const view = x.flip([0]);
    const [before, blocks] = [memoryUse().reserved, [] as Tensor[]];
    while (memoryUse().reserved === before) blocks.push(ones([1 << 18]));
    expect([x.toArray(), view.add(1).toArray(), blocks.at(-1)!.sum().item()]).toEqual([[1, 2, 3], [4, 3, 2], 1 << 18]);
  });
  test("is given back after garbage collection", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const before = memoryUse().inUse;
    for (let i = 0; i < 100; i++) ones([1 << 12]);
    expect(memoryUse().inUse).toBeGreaterThan(before);
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(memoryUse().inUse).toBeLessThanOrEqual(before);
  });
  test("that does not exist is refused with a way out, and nothing is lost", () => {
    const before = memoryUse().inUse;
    for (const run of [() => zeros([2 ** 31]), () => step(() => zeros([2 ** 31]))])
      expect(run).toThrow(/compute it in parts/);
    expect(memoryUse().inUse).toBe(before);
    expect(step(() => ones([3]).sum()).item()).toBe(3);
  });
  test("that is full says how a loop gives its own back", () => {
    const taken: [number, number][] = [];
    // Nobody writes to what is taken, so that it costs no memory of the machine.
    for (let bytes = 2 ** 31; bytes >= 2 ** 20; bytes /= 2) {
      expect(() => {
        for (;;) taken.push([allocate(bytes), bytes]);
      }).toThrow(OutOfMemoryError);
    }
    expect(() => zeros([2 ** 18])).toThrow(/wrap the loop body in step/);
    for (const [ptr, bytes] of taken) release(ptr, bytes);
    expect(
      zeros([2 ** 18])
        .sum()
        .item(),
    ).toBe(0);
  });
});

test("tensors in a long loop outside a step stay right", () => {
  let x = tensor([0]);
  for (let i = 0; i < 20_000; i++) x = x.add(1);
  expect(x.item()).toBe(20_000);
});
