import { Adam, embedding, linear, matmul, randn, step, type Tensor, tensor, valueAndGrad, zeros } from "fader/autograd";
import { createModel, generateIds, languageModelLoss, readCheckpoint, writeCheckpoint } from "fader/nn";
import { afterAll, expect, test } from "vitest";
import { allocate, release } from "../../../src/tensor/memory/memory";
import { empty } from "../../../src/tensor/tensor";

/** Where addresses become negative when they are taken for signed integers. */
const far = 2 ** 31;
const taken: { ptr: number; bytes: number }[] = [];

/** Takes all room below 2 GiB. Nobody writes there, so that it costs no memory of the machine. */
function fillLowMemory(): void {
  const take = (bytes: number) => taken.push({ ptr: allocate(bytes), bytes });
  take(far);
  for (let bytes = 2 ** 22; bytes >= 64; bytes /= 4)
    do take(bytes);
    while (taken.at(-1)!.ptr < far);
}

afterAll(() => {
  for (const { ptr, bytes } of taken) release(ptr, bytes);
});

function train(): number[][] {
  const config = { model_type: "gpt2", n_layer: 2, n_head: 2, n_embd: 32, vocab_size: 50, n_positions: 16 };
  const model = createModel(config, { seed: 0 });
  const weights = model.weights as Record<string, Tensor>;
  const optimizer = new Adam(weights, { lr: 1e-3 });
  const batch = Array.from({ length: 4 }, (_, row) => Array.from({ length: 17 }, (_, i) => (row * 7 + i * 3) % 50));
  for (let i = 0; i < 2; i++) {
    step(() => {
      const loss = (w: Record<string, Tensor>) => languageModelLoss(model.withWeights(w), batch);
      optimizer.step(valueAndGrad(loss)(weights).grads);
    });
  }
  return Object.values(weights).map((w) => Array.from(w.toTypedArray()));
}

/** A model loaded in each dtype, and a token generated with a cache. */
function load(): unknown[] {
  const config = { model_type: "gpt2", n_layer: 1, n_head: 2, n_embd: 8, vocab_size: 11, n_positions: 6 };
  const files = writeCheckpoint(createModel(config, { seed: 3 }));
  return (["f32", "f16", "bf16"] as const).map((dtype) => {
    const model = readCheckpoint(files, { dtype });
    return [model.forward([1, 2, 3]).logits.toArray(), generateIds(model, [1, 2, 3], { maxTokens: 2 })];
  });
}

function readWeights(): unknown[] {
  const ids = tensor([40, 0, 7], { dtype: "i32" });
  return (["f32", "f16", "bf16"] as const).flatMap((dtype) => {
    const weight = randn([41, 67], { seed: 1 }).cast(dtype);
    const products = [1, 5, 9].flatMap((rows) => {
      const x = randn([rows, 41], { seed: rows });
      return [linear(x, weight, zeros([67])), matmul(randn([rows, 67], { seed: rows }), weight.transpose())];
    });
    const copies = [weight.transpose().reshape([67 * 41]), weight.flip([0, 1]).cast("f32").cast(dtype)];
    return [embedding(weight, ids), ...products, ...copies].map((x) => x.toArray());
  });
}

test("kernels compute the same bits at addresses beyond 2 GiB", () => {
  const run = () => [train(), readWeights(), load()];
  const near = step(run);
  fillLowMemory();
  const beyond = step(() => {
    // Uses up what steps have kept at low addresses.
    while (empty([2 ** 16], "f32").address < far);
    expect(zeros([1]).address).toBeGreaterThan(far);
    return run();
  });
  expect(zeros([1]).address).toBeGreaterThan(far);
  expect(beyond).toEqual(near);
});
