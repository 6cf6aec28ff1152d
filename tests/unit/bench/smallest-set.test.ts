import { interventionFromBytes, type Task } from "fader/steering";
import { describe, expect, test } from "vitest";
import {
  flipsBothWays,
  type SearchTrial,
  SmallestSet,
  type SmallestSetMethod,
  type SmallestSetOptions,
  smallestSet,
} from "../../../bench/smallest-set";
import { fakePrompts } from "../../helpers/task";
import { tinyModel } from "../../helpers/tiny";

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
    const options: SmallestSetOptions = {
      methods: ["l1", "l0"],
      steps: 40,
      minimality: [0.02, 0.3],
      gateMinimality: [0],
    };
    const first = await smallestSet(model, task, options);
    const again = await smallestSet(model, { ...task, test: fakePrompts(9, 8) }, options);
    expect(first.trials).toHaveLength(3);
    expect(again.trials).toEqual(first.trials);
    expect(again.places).toEqual(first.places);
    expect(first.metrics.prompts).toBe(6);
    expect(again.metrics.prompts).toBe(9);
  });

  test("takes the fewest places that reached the target, smaller than any learner keeps", async () => {
    // The same prompts in every group: what works on some works on the others.
    const two = fakePrompts(2, 3);
    const train = ["a", "b", "c"].flatMap((group) => two.map((prompt) => ({ ...prompt, group })));
    const seen: SearchTrial[] = [];
    const search = async (methods: SmallestSetMethod[]) =>
      smallestSet(
        model,
        { ...task, train, test: two },
        {
          ...{ methods, steps: 40, minimality: [0.02], target: 1 },
          onProgress: (trial) => seen.push(trial),
        },
      );
    const learner = await search(["l1"]);
    expect(learner.places.length).toBeGreaterThan(4);
    seen.length = 0;
    for (const method of ["pruning", "elimination"] as const) {
      const found = await search(["l1", method]);
      expect(found.trials).toEqual(seen);
      const enough = seen.filter(({ fitted, chosenWith }) => Math.min(fitted, chosenWith) === 1);
      const fewest = Math.min(...enough.map(({ places }) => places));
      expect(fewest).toBeLessThan(learner.places.length);
      expect(found.places).toHaveLength(fewest);
      expect(found.isReached).toBe(true);
      expect(found.toString()).toContain(`l1 ${learner.places.length}, ${method} ${fewest}`);
      const { provenance } = interventionFromBytes(found.intervention.toBytes(), model);
      expect(provenance.metrics).toEqual({ ...found.metrics });
      seen.length = 0;
    }
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
    expect(all.join("\n\n")).toMatchInlineSnapshot(`
      "ArgumentError: smallestSet: nothing to start from with pruning
        Add l1 or l0.

      ArgumentError: smallestSet: no method "l2"
        Valid: l1, l0, pruning, elimination.

      ArgumentError: smallestSet: target is 90
        Use a number above 0, at most 1.

      ArgumentError: smallestSet: 1 training group cannot be split to choose with

      ArgumentError: smallestSet: no learner kept any place
        Use smaller weights on the paths."
    `);
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
