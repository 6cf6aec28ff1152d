import { LearnedIntervention, loadModel, type Model } from "fader";
import { describePositions } from "fader/nn";
import { acrossLengths, evaluate, interventionFromBytes, learnDynamic, promptTask } from "fader/steering";
import { beforeAll, describe, expect, test } from "vitest";
import { learn } from "../../../../src/steering/learn/learn";
import { fakePrompts } from "../../../helpers/task";
import { message, tinyModel, values } from "../../../helpers/tiny";

const tiny = tinyModel();
const mixed = [...fakePrompts(3, 0), ...fakePrompts(3, 5, 3), ...fakePrompts(2, 6, 8)];
const quick = { steps: 6, batchSize: 4, patience: 0 };
/** All learned numbers by site and name. */
const numbers = ({ parameters }: LearnedIntervention) =>
  Object.fromEntries(
    Object.entries(parameters).map(([site, { g, b }]) => [site, { g: values(g!), b: values(b!) }] as const),
  );

let model: Model;
beforeAll(async () => {
  model = await loadModel();
});

describe("learnDynamic on the built-in model", () => {
  test("learns on two lengths and flips answers of lengths that it never saw", { timeout: 120_000 }, async () => {
    const task = acrossLengths(model, "ccc", { trainOn: ["open", "qa"], testOn: ["newline", "claim"] });
    const learned = await learnDynamic(model, task.train, { steps: 50, batchSize: 8 });
    const lengths = (prompts: typeof task.test) => [...new Set(prompts.map(({ ids }) => ids.length))];
    expect([lengths(task.train), lengths(task.test)]).toEqual([
      [12, 20],
      [14, 25],
    ]);
    const { flipsPlus, flipsMinus, deltaPlus, deltaMinus } = evaluate(model, task.test, learned);
    expect(Math.min(flipsPlus, flipsMinus)).toBeGreaterThan(0.8);
    expect(deltaPlus).toBeGreaterThan(1);
    expect(deltaMinus).toBeLessThan(-1);
    const none = new LearnedIntervention("dynamic", learned.keepLargest(0).parameters, learned.provenance);
    expect(evaluate(model, task.test, none)).toMatchObject({ flipsPlus: 0, flipsMinus: 0, activeLocations: 0 });
  });
});

describe("what learnDynamic gives", () => {
  test("is saved and read back, and edits the tokens of any prompt", async () => {
    const learned = await learnDynamic(tiny, mixed, { ...quick, minimality: 0, task: "fake", seed: 3 });
    expect(learned.provenance).toMatchObject({ positions: "all", tokens: [], seed: 3, task: "fake", steps: 6 });
    const back = interventionFromBytes(learned.toBytes(), tiny);
    expect(back.provenance).toEqual(learned.provenance);
    expect(numbers(back)).toEqual(numbers(learned));
    expect(describePositions(back.at(-1), tiny.config).map(({ goesOn }) => goesOn)).toEqual([true, true]);
    expect(back.activeLocations()).toHaveLength(4);
    expect(back.activeLocations().every(({ position }) => position === undefined)).toBe(true);
  });

  test("measures prompts of several lengths as it measures each alone", async () => {
    const learned = await learnDynamic(tiny, mixed, { ...quick, lr: 0.1, minimality: 0 });
    const all = evaluate(tiny, mixed, learned);
    const alone = mixed.map((prompt) => evaluate(tiny, [prompt], learned));
    for (const key of ["deltaPlus", "deltaMinus", "klOthers", "totalVariation"] as const) {
      expect(all[key]).toBeCloseTo(alone.reduce((sum, m) => sum + m[key], 0) / mixed.length, 4);
    }
  });

  test("depends on the seed alone", async () => {
    const run = async (seed: number) => numbers(await learnDynamic(tiny, mixed, { ...quick, seed }));
    expect(await run(1)).toEqual(await run(1));
    expect(await run(1)).not.toEqual(await run(2));
  });

  test("is tied to no position, and says so to who asks", async () => {
    await expect(learn("dynamic", tiny, mixed, { ...quick, positions: "each" })).rejects.toThrow(
      "learn: dynamic scalars belong to no position",
    );
    await expect(learnDynamic(tiny, [])).rejects.toThrow("no prompts given");
  });
});

describe("a task of several lengths", () => {
  test.each(["ccc", "ioi"] as const)("%s shares no group, wording or length between its sides", (name) => {
    const task = acrossLengths(model, name, { seed: 1 });
    const common = (of: (prompt: (typeof task.test)[number]) => unknown) => {
      const known = new Set(task.train.map(of));
      return task.test.filter((prompt) => known.has(of(prompt)));
    };
    for (const of of [(p: { group: string }) => p.group, (p: { ids: readonly number[] }) => p.ids.length]) {
      expect(common(of as never)).toEqual([]);
    }
    expect(common(({ correct }) => correct)).toEqual([]);
    expect(task.split).toContain(
      { ccc: "in 3 wordings of 14, 23 and 25 tokens", ioi: "in 3 wordings of 14, 16 and 19 tokens" }[name],
    );
    expect(acrossLengths(model, name, { seed: 1 })).toEqual(task);
  });

  test("takes the wordings that are left out of one side for the other", () => {
    const lengthsOf = (options: object) => {
      const { train, test } = acrossLengths(model, "ccc", options);
      return [train, test].map((side) => [...new Set(side.map(({ ids }) => ids.length))]);
    };
    expect(lengthsOf({ trainOn: ["qa"] })).toEqual([[20], [12, 14, 23, 24, 25]]);
    expect(lengthsOf({ testOn: ["qa", "open"] })).toEqual([
      [14, 23, 24, 25],
      [20, 12],
    ]);
  });

  test("that cannot be is refused", () => {
    const refusals = [
      () => acrossLengths(model, "ccc", { trainOn: ["open"], testOn: ["open"] }),
      () => acrossLengths(model, "ccc", { trainOn: [] }),
      () => acrossLengths(model, "ccc", { trainOn: ["qa", "qa"] }),
      () => acrossLengths(model, "ioi", { trainOn: [9] }),
      () => acrossLengths(model, "facts" as never),
    ];
    expect(refusals.map(message).join("\n\n")).toMatchInlineSnapshot(`
      "ArgumentError: acrossLengths: "open" is in trainOn and in testOn
        Test on wordings that training does not see.

      ArgumentError: acrossLengths: trainOn is empty

      ArgumentError: acrossLengths: trainOn names a wording twice: qa, qa

      ArgumentError: indirectObjects: no template 9
        Valid: 0-5.

      ArgumentError: acrossLengths: no task "facts"
        Valid: ccc, ioi."
    `);
  });

  test("of one's own prompts keeps all lengths when asked", () => {
    const prompts = ["Poland", "France", "Italy"].map((country, i) => ({
      text: `${"In short: ".repeat(i)}The capital of ${country} is`,
      correct: ["Warsaw", "Paris", "Rome"][i]!,
      wrong: "Madrid",
    }));
    const { train, test, skipped } = promptTask(model, prompts, { lengths: "any" });
    expect([train.length + test.length, skipped]).toEqual([3, []]);
    expect(message(() => promptTask(model, prompts, { lengths: "all" as never }))).toContain('no lengths "all"');
  });
});
