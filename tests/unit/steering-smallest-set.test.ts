import {
  flipsBothWays,
  interventionFromBytes,
  SmallestSet,
  type SmallestSetOptions,
  smallestSet,
  type Task,
  type Trial,
} from "fader/steering";
import { describe, expect, test } from "vitest";
import { fakePrompts } from "../fixtures/own/task";
import { tinyModel } from "../fixtures/own/tiny";

const model = tinyModel();
const task: Task = {
  name: "fake",
  description: "",
  train: fakePrompts(9),
  test: fakePrompts(6, 3),
  split: "3 training groups, 3 held-out groups",
  skipped: [],
  warnings: [],
};
const quick: SmallestSetOptions = { steps: 25, minimality: [0.3], gateMinimality: [0.3] };

describe("the search for the smallest set", () => {
  test("chooses without a look at the held-out prompts", async () => {
    const first = await smallestSet(model, task, { ...quick, target: 0.2 });
    const again = await smallestSet(model, { ...task, test: fakePrompts(9, 8) }, { ...quick, target: 0.2 });
    expect(again.trials).toEqual(first.trials);
    expect(again.places).toEqual(first.places);
    expect(first.metrics.prompts).toBe(6);
    expect(again.metrics.prompts).toBe(9);
  });

  test("takes the fewest places that reached the target, and ends where no removal does", async () => {
    const seen: Trial[] = [];
    const target = 0.2;
    const found = await smallestSet(model, task, { ...quick, target, onProgress: (trial) => seen.push(trial) });
    expect(found.trials).toEqual(seen);
    const enough = seen.filter(({ fitted, chosenWith }) => Math.min(fitted, chosenWith) >= target);
    expect(enough.length).toBeGreaterThan(0);
    const fewest = Math.min(...enough.map(({ places }) => places));
    expect(found.places).toHaveLength(fewest);
    expect(found.intervention.activeParameters).toBe(fewest);
    expect(interventionFromBytes(found.intervention.toBytes(), model).provenance.metrics).toEqual({ ...found.metrics });
  });

  test("returns what comes closest where nothing is enough, and says so", async () => {
    const found = await smallestSet(model, task, { ...quick, methods: ["l0"], target: 1 });
    expect(found.isReached).toBe(false);
    expect(found.toString()).toContain("were to flip at least 100% both ways");
    expect(found.toString()).toContain("l0 none");
  });

  test("refuses what cannot be searched", async () => {
    const refuse = (options: SmallestSetOptions, of = task) => smallestSet(model, of, options).catch(String);
    const oneGroup = { ...task, train: task.train.map((prompt) => ({ ...prompt, group: "g" })) };
    const all = [
      await refuse({ methods: ["pruning"] }),
      await refuse({ methods: ["l2" as never] }),
      await refuse({ target: 90 }),
      await refuse({}, oneGroup),
      await refuse({ ...quick, methods: ["l1"], minimality: [100] }),
    ];
    expect(all.join("\n\n")).toMatchInlineSnapshot();
  });
});

describe("its result", () => {
  test("names places and fits 80 columns", async () => {
    const { intervention, metrics, trials } = await smallestSet(model, task, { ...quick, methods: ["l0"] });
    const text = new SmallestSet(intervention, metrics, 0.9, task.split, trials).toString();
    expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
    const [largest] = intervention.activeLocations();
    expect(text).toContain(`blocks.${largest!.layer}.${largest!.site}`);
  });

  test("counts wins where nothing can be flipped", async () => {
    const { metrics } = await smallestSet(model, task, { ...quick, methods: ["l0"] });
    const some = { ...metrics, flipsPlus: Number.NaN, winsPlus: 0.7, flipsMinus: 0.8, winsMinus: 0.1 };
    expect(flipsBothWays(some)).toBe(0.7);
    expect(flipsBothWays({ ...some, flipsPlus: 0.3 })).toBe(0.3);
  });
});
