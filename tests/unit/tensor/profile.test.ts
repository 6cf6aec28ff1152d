import {
  Adam,
  profile,
  profileRows,
  profileTable,
  randn,
  resetProfile,
  setProfile,
  step,
  sum,
  type Tensor,
  valueAndGrad,
} from "fader/autograd";
import { createModel, languageModelLoss, scale } from "fader/nn";
import { logitsAt } from "fader/steering";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { timed } from "../../../src/tensor/internal";

beforeEach(() => {
  resetProfile();
  setProfile(true);
});
afterEach(() => setProfile(false));

const counted = () => Object.fromEntries(profileRows().map(({ name, calls }) => [name, calls]));

describe("the profile", () => {
  test("counts calls, bytes and operations, backward apart from forward", () => {
    const [a, b] = [randn([4, 8], { seed: 0 }), randn([8, 16], { seed: 1 })];
    valueAndGrad((x: Tensor) => sum(x.matmul(b).tanh()))(a);
    const ops = { matmul: 1, tanh: 1, sum: 1, "matmul ∂": 1, "tanh ∂": 1, "sum ∂": 1 };
    // The value and the gradient survive.
    expect(counted()).toEqual({ ...ops, "copy out of step": 2 });
    const row = (name: string) => profileRows().find((row) => row.name === name)!;
    const product = { bytes: 4 * (4 * 8 + 8 * 16 + 4 * 16), flops: 2 * 4 * 8 * 16 };
    expect([row("matmul"), row("matmul ∂")]).toMatchObject([product, product]);
    expect(row("tanh").bytes).toBe(2 * 4 * 4 * 16);
    expect(row("sum ∂").bytes).toBe(0);
  });
  test("shows kernels outside of ops, and what fills a tensor of several ops once", () => {
    const x = randn([10], { seed: 0 });
    timed("my_kernel", [x], () => x.add(1));
    x.logsumexp();
    expect(counted()).toEqual({ my_kernel: 1, logsumexp: 1 });
    const weights = { w: randn([3, 3], { seed: 0 }) };
    new Adam(weights, { lr: 0.1 }).step(weights);
    expect(profileRows().find(({ name }) => name === "adam")).toMatchObject({ calls: 1, bytes: 4 * 4 * 9 });
  });
  test("shows that only the asked positions are projected on the vocabulary, and that all betas are one batch", () => {
    const sizes = { n_layer: 2, n_head: 2, n_embd: 8, vocab_size: 11, n_positions: 6 };
    const model = createModel({ model_type: "gpt2", ...sizes }, { seed: 0 });
    const ids = [[1, 2, 3, 4, 5]];
    const flops = () => profileRows().find(({ name }) => name === "matmul")!.flops;
    step(() => model.forward(ids));
    expect(flops()).toBe(2 * 5 * 8 * 11);
    resetProfile();
    step(() => logitsAt(model, ids, { mlp_out: scale(0.1) }, [1, -1]));
    expect(flops()).toBe(2 * 2 * 8 * 11);
    expect(counted()).toMatchObject({ matmul: 1, linear: 8, causal_attention: 2 });
  });
  test("records nothing when off, and the same numbers either way", () => {
    const f = () => valueAndGrad((x: Tensor) => sum(x.softmax().square()))(randn([5], { seed: 0 })).grads.toArray();
    const on = f();
    resetProfile();
    setProfile(false);
    expect([f(), profileRows()]).toEqual([on, []]);
  });
  test("goes on after a throw", () => {
    expect(() => timed("bad", [], () => expect.fail("stop"))).toThrow("stop");
    randn([2], { seed: 0 }).add(1);
    expect(counted()).toEqual({ bad: 1, add: 1 });
  });
  test("of one function is printed, and its result passed on", () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    setProfile(false);
    expect(profile(() => randn([3], { seed: 0 }).add(1).shape)).toEqual([3]);
    expect(log.mock.calls[0]![0]).toMatch(/^op .*\nadd +1 .*\n-+\ntotal +1 /);
    randn([3], { seed: 0 }).mul(1);
    expect(counted()).toEqual({ add: 1 });
    log.mockRestore();
  });
});

test("the table is sorted by time, adds up, and fits 100 columns", () => {
  const rows = [
    { name: "matmul", calls: 2, time: 30, bytes: 6e8, flops: 1.5e9 },
    { name: "an_op_with_a_name_that_is_far_too_long ∂", calls: 1_234_567, time: 10, bytes: 0, flops: 0 },
  ];
  const lines = profileTable(rows).split("\n");
  expect(lines.map((line) => line.replace(/ +/g, " "))).toEqual([
    "op calls ms share µs/call MB GB/s GFLOP GFLOP/s",
    "matmul 2 30.0 75.0% 15000.0 600.0 20.0 1.50 50.0",
    "an_op_with_a_name_that_is_fa… 1234567 10.0 25.0% 0.0",
    expect.stringMatching(/^-+$/),
    "total 1234569 40.0 100.0% 0.0 600.0 15.0 1.50 37.5",
  ]);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
});

describe("what needs no gradient costs none", () => {
  const model = createModel(
    {
      model_type: "gpt2",
      n_layer: 3,
      n_head: 2,
      n_embd: 8,
      vocab_size: 11,
      n_positions: 8,
      activation_function: "gelu_new",
    },
    { seed: 0 },
  );
  const ids = [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
  ];
  const backwardOps = () => profileRows().filter(({ name }) => name.endsWith("∂"));
  const calls = () => backwardOps().reduce((total, { calls }) => total + calls, 0);
  const flops = () => backwardOps().reduce((total, { flops }) => total + flops, 0);
  /** Runs a loss and its gradient in a step and gives the backward pass's work. */
  const work = (run: () => unknown) => {
    resetProfile();
    step(run);
    return { calls: calls(), flops: flops() };
  };

  test("frozen weights", () => {
    const all = model.weights as Record<string, Tensor>;
    const train = (names: string[]) =>
      work(() => {
        const free = Object.fromEntries(names.map((name) => [name, all[name]!]));
        return valueAndGrad((w: Record<string, Tensor>) => languageModelLoss(model.withWeights({ ...all, ...w }), ids))(
          free,
        ).grads;
      });
    const everything = train(Object.keys(all));
    const lastNorm = train(["ln_f.weight", "ln_f.bias"].map((name) => model.prefix + name));
    const lastBias = train([`${model.prefix}h.2.mlp.c_proj.bias`]);
    // Only what lies above the final norm: the loss, the unembedding, the norm itself; one product, for the input alone.
    expect(lastNorm.flops).toBe(2 * 6 * 8 * 11);
    expect(lastBias.flops).toBe(2 * 6 * 8 * 11);
    expect(lastNorm.calls).toBeLessThan(everything.calls / 5);
    // All weights: a product for each operand, but none for the token ids.
    const inputOnly = work(
      () =>
        valueAndGrad((x: Tensor) =>
          languageModelLoss(model.withWeights({ ...all, [`${model.prefix}wpe.weight`]: x }), ids),
        )(all[`${model.prefix}wpe.weight`]!).grads,
    );
    expect(inputOnly.flops).toBeLessThan(0.65 * everything.flops);
  });
  test("blocks below the lowest intervention", () => {
    const learn = (layer: number) =>
      work(() =>
        valueAndGrad((alpha: Tensor) =>
          sum(
            model
              .forward(ids, { interventions: { [`blocks.${layer}.mlp_out`]: scale(alpha) }, positions: "last" })
              .logits.square(),
          ),
        )(randn([4], { seed: 0 })),
      );
    const [low, middle, high] = [learn(0), learn(1), learn(2)];
    // Each block that lies above costs the same; the block of the intervention itself costs nothing.
    expect(low.calls - middle.calls).toBe(middle.calls - high.calls);
    expect(low.flops - middle.flops).toBe(middle.flops - high.flops);
    expect(middle.flops).toBeGreaterThan(high.flops);
    expect(high.flops).toBe(2 * 2 * 8 * 11);
  });
});
