import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  Adam,
  clipGradients,
  cosineSchedule,
  NumericsError,
  Random,
  step,
  type Tensor,
  tensor,
  valueAndGrad,
} from "fader/autograd";
import {
  CheckpointError,
  languageModelLoss,
  type Model,
  readTrainingState,
  type StepReport,
  type TrainingState,
  type TrainOptions,
  train,
  writeSafetensors,
  writeTrainingState,
} from "fader/nn";
import { memoryUse } from "fader/tensor";
import { describe, expect, test } from "vitest";
import { tinyModel } from "../../../helpers/tiny";

const sequences = [
  [1, 2, 3, 4, 5, 6],
  [6, 5, 4, 3, 2, 1],
  [7, 7, 8, 8, 9],
  [20, 1, 21, 2, 22],
];
/** A batch that depends on the step alone. */
const batch = (at: number) => new Random(at).shuffle(sequences).slice(0, 3);
const loss = (model: Model, at: number) => languageModelLoss(model, batch(at));
/** Changes with any bit of any weight. */
function bits(model: Model): string {
  const hash = createHash("sha256");
  for (const x of Object.values(model.weights)) hash.update(x.toTypedArray());
  return hash.digest("hex");
}
const options: TrainOptions = {
  steps: 12,
  lr: cosineSchedule({ lr: 0.01, steps: 12, warmup: 3 }),
  weightDecay: 0.01,
  loss,
};

describe("training", () => {
  test("learns four sequences by heart", async () => {
    const model = tinyModel();
    const start = languageModelLoss(model, sequences).item();
    await train(model, { steps: 150, lr: 0.02, loss: (m) => languageModelLoss(m, sequences) });
    expect(languageModelLoss(model, sequences).item()).toBeLessThan(0.1 * start);
  });

  test("reports each step", async () => {
    const reports: StepReport[] = [];
    const model = tinyModel();
    const first = loss(model, 0).item();
    await train(model, { ...options, onStep: (report) => reports.push(report) });
    expect(reports.map((report) => report.step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(reports[0]!.loss).toBeCloseTo(first, 5);
    expect(reports.map((report) => report.lr)).toEqual(
      reports.map((_, i) => (options.lr as (at: number) => number)(i)),
    );
    expect(reports.every((report) => report.gradientNorm > 0)).toBe(true);
  });

  test("saves every so often and at the end", async () => {
    const saved: number[] = [];
    await train(tinyModel(), { ...options, saveEvery: 5, onSave: async (state) => void saved.push(state.step) });
    expect(saved).toEqual([5, 10, 12]);
  });

  test("is the same bits for the same seed", async () => {
    const [a, b] = [tinyModel(), tinyModel()];
    await train(a, options);
    await train(b, options);
    expect(bits(a)).toEqual(bits(b));
  });

  test("that is resumed from a file has the bits of an uninterrupted run", async () => {
    const [whole, first] = [tinyModel(), tinyModel()];
    await train(whole, options);
    let file = new Uint8Array();
    const onSave = (state: TrainingState) => {
      if (state.step === 5) file = Uint8Array.from(writeTrainingState(state));
    };
    await train(first, { ...options, saveEvery: 5, onSave });
    const resumed = tinyModel({}, 99);
    await train(resumed, { ...options, resume: readTrainingState(file) });
    expect(bits(resumed)).toEqual(bits(whole));
  });

  test("that is resumed from a state kept in memory has the same bits too", async () => {
    const [whole, first] = [tinyModel(), tinyModel()];
    await train(whole, options);
    const kept: TrainingState[] = [];
    await train(first, { ...options, saveEvery: 5, onSave: (state) => void kept.push(state) });
    const resumed = tinyModel({}, 99);
    await train(resumed, { ...options, resume: kept[0]! });
    expect(bits(resumed)).toEqual(bits(whole));
  });

  test("refuses the state of another model", async () => {
    const states: TrainingState[] = [];
    await train(tinyModel({ n_layer: 1 }), { ...options, steps: 1, onSave: (state) => void states.push(state) });
    const model = tinyModel();
    const before = bits(model);
    await expect(train(model, { ...options, resume: states[0]! })).rejects.toThrow(/state/);
    expect(bits(model)).toEqual(before);
  });
});

describe("numbers that run away", () => {
  test("are a NumericsError, and nothing is saved after", async () => {
    const saved: number[] = [];
    const run = train(tinyModel(), {
      steps: 50,
      lr: 1e18,
      clip: Number.POSITIVE_INFINITY,
      loss,
      saveEvery: 100,
      onSave: (state) => void saved.push(state.step),
    });
    await expect(run).rejects.toThrow(NumericsError);
    expect(saved).toEqual([]);
  });

  test("in the gradient alone never reach the weights", async () => {
    const model = tinyModel();
    const before = bits(model);
    // The root has the value 0 and an infinite slope there.
    const endless = (m: Model) => m.weights["ln_f.bias"]!.mul(0).sum().sqrt();
    const saved: TrainingState[] = [];
    const run = train(model, { steps: 1, lr: 0.1, loss: endless, onSave: (state) => void saved.push(state) });
    await expect(run).rejects.toThrow(NumericsError);
    expect(bits(model)).toEqual(before);
    expect(saved).toEqual([]);
  });
});

describe("a training state", () => {
  test("that is malformed is a CheckpointError", () => {
    const bad: [string, Uint8Array][] = [
      ["empty", new Uint8Array()],
      ["another file", writeSafetensors([], { format: "pt" })],
      ["no step", writeSafetensors([], { format: "fader-training/1", count: "1" })],
      ["no count", writeSafetensors([], { format: "fader-training/1", step: "1.5", count: "1" })],
    ];
    for (const [name, bytes] of bad) expect(() => readTrainingState(bytes), name).toThrow(CheckpointError);
  });
});

describe("memory", () => {
  test("is flat over 1,000 training steps", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    /** Bytes in use after everything that nobody holds has been collected. */
    const measure = async () => {
      for (let i = 0; i < 3; i++) {
        collect();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return { heap: process.memoryUsage().heapUsed, ...memoryUse() };
    };
    const model = tinyModel();
    const weights = model.weights as Record<string, Tensor>;
    const optimizer = new Adam(weights, { lr: 1e-3 });
    const update = (at: number) =>
      step(() => {
        const { grads } = valueAndGrad((w: Record<string, Tensor>) => loss(model.withWeights(w), at))(weights);
        optimizer.step(clipGradients(grads, 1).grads);
      });
    for (let at = 0; at < 100; at++) update(at);
    const before = await measure();
    for (let at = 100; at < 600; at++) update(at);
    const middle = await measure();
    for (let at = 600; at < 1100; at++) update(at);
    const after = await measure();
    expect(after.inUse).toBe(middle.inUse);
    expect(after.inUse).toBeLessThanOrEqual(before.inUse);
    expect(after.reserved).toBe(before.reserved);
    // Less than 1 kB a step (the first half also warms up the compiler): far below one step's history.
    expect(after.heap - middle.heap).toBeLessThan(500_000);
    expect(tensor([1]).item()).toBe(1);
  });
});
