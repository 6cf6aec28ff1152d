import { loadModel } from "fader";
import { ArgumentError, tensor } from "fader/autograd";
import { fingerprint } from "fader/nn";
import {
  ablateTop,
  type BaselineName,
  baselines,
  countryCapitals,
  evaluate,
  interventionFromBytes,
  LearnedIntervention as Learned,
  type LearnedIntervention,
  meanDifference,
  perHead,
  randomLocations,
  randomVectors,
  selectThenTune,
  type Task,
} from "fader/steering";
import { describe, expect, test } from "vitest";
import { fakePrompts, madeUp, provenanceFor } from "../../../helpers/task";
import { distance, random, tinyModel, values } from "../../../helpers/tiny";

const model = tinyModel();
const learned = madeUp(model, fingerprint(model));
const prompts = fakePrompts(12);
const quick = { steps: 8, batchSize: 4, patience: 0, minimality: 0.05 };
const numbers = (of: LearnedIntervention) =>
  Object.values(of.parameters).flatMap((tensors) => Object.values(tensors!).flatMap((x) => values(x)));
const sizes = (of: LearnedIntervention) => of.activeLocations().map(({ value }) => Math.abs(value));
const heads = new Learned("scalars", { z: { alpha: random([2, 5, 2], 5) } }, provenanceFor(fingerprint(model)));

describe("random vectors", () => {
  test("have the places and lengths of what they are made like, and other directions", () => {
    const drawn = randomVectors(learned.vectors, { seed: 3 });
    const place = ({ site, layer, position }: { site: string; layer: number; position?: number | undefined }) =>
      `${site} ${layer} ${position}`;
    const [a, b] = [drawn, learned.vectors].map((x) => new Map(x.activeLocations().map((l) => [place(l), l.value])));
    expect([...a!.keys()].sort()).toEqual([...b!.keys()].sort());
    for (const [at, norm] of b!) expect(a!.get(at)).toBeCloseTo(norm, 4);
    const cosine = (x: number[], y: number[]) =>
      x.reduce((sum, v, i) => sum + v * y[i]!, 0) / (Math.hypot(...x) * Math.hypot(...y));
    expect(Math.abs(cosine(numbers(drawn), numbers(learned.vectors)))).toBeLessThan(0.5);
    expect(drawn.provenance).toMatchObject({ seed: 3, steps: 0, settings: { method: "random-vectors" } });
  });

  test("depend on the seed alone, and leave the original as it was", () => {
    const before = numbers(learned.vectors);
    expect(numbers(randomVectors(learned.vectors, { seed: 1 }))).toEqual(
      numbers(randomVectors(learned.vectors, { seed: 1 })),
    );
    expect(numbers(randomVectors(learned.vectors, { seed: 2 }))).not.toEqual(
      numbers(randomVectors(learned.vectors, { seed: 1 })),
    );
    expect(numbers(learned.vectors)).toEqual(before);
  });

  test("are refused for what has no direction", () => {
    expect(() => randomVectors(learned.scalars)).toThrow(/Use randomLocations/);
    expect(() => randomVectors(learned.dynamic)).toThrow(ArgumentError);
  });
});

describe("random locations", () => {
  test("hold the same values elsewhere", () => {
    for (const like of [learned.scalars, learned.vectors, heads]) {
      const moved = randomLocations(like, { seed: 4 });
      // Adding 0 makes −0 and 0 alike.
      const sorted = (x: LearnedIntervention) =>
        numbers(x)
          .map((v) => v + 0)
          .sort((a, b) => a - b);
      expect(sorted(moved)).toEqual(sorted(like));
      expect(numbers(moved)).not.toEqual(numbers(like));
      expect(moved.sites).toEqual(like.sites);
    }
    const moved = randomLocations(learned.vectors, { seed: 4 });
    expect(sizes(moved)).toEqual(sizes(learned.vectors));
  });

  test("are drawn uniformly over all places of all sites", () => {
    const one = madeUp(model, "x").vectors.keepLargest(1);
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 600; seed++) {
      const [at] = randomLocations(one, { seed }).activeLocations();
      const key = `${at!.site} ${at!.layer} ${at!.position}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(20);
    // 30 are expected of each; 5 standard deviations are 27.
    for (const [key, count] of counts) expect(Math.abs(count - 30), key).toBeLessThan(27);
  });

  test("are refused for the kind that has no places", () => {
    expect(() => randomLocations(learned.dynamic)).toThrow(ArgumentError);
  });
});

describe("zero-ablation of the top places", () => {
  test("is −1 at the largest places and 0 elsewhere", () => {
    for (const like of [learned.scalars, learned.vectors]) {
      const cut = ablateTop(like, 2);
      const key = ({ site, layer, position }: { site: string; layer: number; position?: number | undefined }) =>
        `${site} ${layer} ${position}`;
      expect(cut.kind).toBe("scalars");
      expect(cut.activeLocations().map(key).sort()).toEqual(like.activeLocations().slice(0, 2).map(key).sort());
      expect(cut.activeLocations().map(({ value }) => value)).toEqual([-1, -1]);
      expect(cut.provenance.settings).toMatchObject({ method: "ablate-top", k: 2 });
    }
  });

  test("at β = +1 sets the activation to zero", () => {
    const [top] = learned.scalars.activeLocations();
    const place = `blocks.${top!.layer}.mlp_out`;
    const interventions = ablateTop(learned.scalars, 1).at(1);
    const h = model.forward([1, 2, 3, 4, 5], { interventions, capture: [place] }).activations[place]!;
    const at = (position: number) => values(h.slice([null, [position, position + 1]]));
    expect(at(top!.position!).every((x) => x === 0)).toBe(true);
    expect(at((top!.position! + 1) % 5).some((x) => x !== 0)).toBe(true);
  });

  test("counts heads one by one at z", () => {
    expect(ablateTop(heads, 3).activeParameters).toBe(3);
    expect(ablateTop(heads, 3).parameters.z!.alpha!.shape).toEqual([2, 5, 2]);
    const v = new Learned("vectors", { z: { v: random([2, 5, 2, 8], 5) } }, provenanceFor(fingerprint(model)));
    expect(ablateTop(v, 3).parameters.z!.alpha!.shape).toEqual([2, 5, 2]);
    expect(ablateTop(v, 99).activeParameters).toBe(20);
  });

  test("is refused where there is nothing to ablate", () => {
    expect(() => ablateTop(learned.scalars.keepLargest(0), 1)).toThrow(/no active place/);
    expect(() => ablateTop(learned.dynamic, 1)).toThrow(ArgumentError);
    expect(() => ablateTop(learned.scalars, 0)).toThrow(ArgumentError);
  });
});

describe("mean-difference vectors", () => {
  /** Prompts in which one of the answers stands. */
  const contrasted = prompts.map((prompt, i) => {
    const ids = [...prompt.ids];
    ids[i % 4] = i % 2 === 0 ? prompt.correct : prompt.wrong;
    return { ...prompt, ids };
  });

  test("are the mean of what separates the two runs, at one block, times the factor", () => {
    const options = { layer: 1, scales: [2], sites: ["mlp_out"] as const };
    const vectors = meanDifference(model, contrasted, options);
    const delta = (ids: readonly number[], { correct, wrong }: (typeof prompts)[0]) => {
      const logits = values(model.forward([ids], { positions: "last" }).logits);
      return logits[correct]! - logits[wrong]!;
    };
    const want = new Array<number>(5 * 16).fill(0);
    for (const prompt of contrasted) {
      const { ids, correct, wrong } = prompt;
      const exchanged = ids.map((id) => (id === correct ? wrong : id === wrong ? correct : id));
      const [own, other] = [ids, exchanged].map((run) =>
        values(model.forward([run], { capture: ["blocks.1.mlp_out"] }).activations["blocks.1.mlp_out"]!),
      );
      const sign = delta(ids, prompt) >= delta(exchanged, prompt) ? 1 : -1;
      for (let i = 0; i < want.length; i++) want[i]! += (2 * sign * (own![i]! - other![i]!)) / contrasted.length;
    }
    const v = vectors.parameters.mlp_out!.v!;
    expect(v.shape).toEqual([2, 5, 16]);
    expect(values(v.slice([[0, 1]])).every((x) => x === 0)).toBe(true);
    expect(distance(values(v.slice([[1, 2]])), want)).toBeLessThan(1e-4);
  });

  test("of answers steer the last position, from the token behind it", () => {
    const vectors = meanDifference(model, prompts, { contrast: "answers", layer: 0, scales: [1] });
    const want = new Array<number>(16).fill(0);
    for (const { ids, correct, wrong } of prompts) {
      const [a, b] = [correct, wrong].map((id) => {
        const h = model.forward([[...ids, id]], { capture: ["resid_post"] }).activations["blocks.0.resid_post"]!;
        return values(h).slice(-16);
      });
      for (let i = 0; i < 16; i++) want[i]! += (a![i]! - b![i]!) / prompts.length;
    }
    const all = values(vectors.parameters.resid_post!.v!);
    expect(distance(all.slice(4 * 16, 5 * 16), want)).toBeLessThan(1e-4);
    expect(all.filter((x) => x !== 0).length).toBe(16);
  });

  test("take the layer and factor with the smallest loss", () => {
    const best = meanDifference(model, contrasted).provenance.settings;
    expect([0, 1]).toContain(best.layer);
    const fixed = meanDifference(model, contrasted, { layer: best.layer as number, scales: [best.scale as number] });
    expect(numbers(fixed)).toEqual(numbers(meanDifference(model, contrasted)));
  });

  test("are refused without a contrast, and for settings that mean nothing", () => {
    const without = prompts.map((prompt) => ({ ...prompt, ids: [1, 1, 1, 1, 1], correct: 2, wrong: 3 }));
    expect(() => meanDifference(model, without)).toThrow(/neither answer stands in any prompt/);
    expect(() => meanDifference(model, [])).toThrow(/no prompts/);
    expect(() => meanDifference(model, [...contrasted, ...fakePrompts(1, 1, 4)])).toThrow(/prompts of 5 and 4 tokens/);
    expect(() => meanDifference(model, contrasted, { layer: 2 })).toThrow(/no block 2/);
    expect(() => meanDifference(model, contrasted, { scales: [] })).toThrow(ArgumentError);
    expect(() => meanDifference(model, contrasted, { sites: [] })).toThrow(ArgumentError);
    expect(() => meanDifference(model, contrasted, { scale: 2 } as never)).toThrow('Nearest: "scales"');
    expect(() => meanDifference(model, contrasted, { contrast: "answer" as never })).toThrow(ArgumentError);
    expect(() => meanDifference(model, contrasted, { contrast: "answers", positions: "each" })).toThrow(ArgumentError);
  });
});

describe("heads", () => {
  test("have a scalar each", async () => {
    const scalars = await perHead(model, prompts, quick);
    expect(scalars.parameters.z!.alpha!.shape).toEqual([2, 5, 2]);
    expect(scalars.provenance.settings.method).toBe("per-head");
  });

  test.each([
    ["all", [2, 2, 8]],
    ["each", [2, 5, 2, 8]],
  ] as const)("are selected, and only they are tuned (positions %s)", async (positions, shape) => {
    const options = { k: 2, positions, steps: 30, batchSize: 12, lr: 0.05, select: quick };
    const tuned = await selectThenTune(model, prompts, options);
    expect(tuned.parameters.z!.v!.shape).toEqual(shape);
    expect(tuned.activeParameters).toBe(2 * 8);
    expect(tuned.hasPositions).toBe(positions === "each");
    const before = evaluate(model, prompts, tuned.keepLargest(0));
    const after = evaluate(model, prompts, tuned);
    expect(after.deltaPlus - after.deltaMinus).toBeGreaterThan(before.deltaPlus - before.deltaMinus + 0.1);
    expect(numbers(await selectThenTune(model, prompts, options))).toEqual(numbers(tuned));
  });

  test("must be selectable", async () => {
    await expect(selectThenTune(model, prompts, { select: { ...quick, minimality: 100 } })).rejects.toThrow(
      /no head was selected/,
    );
    await expect(selectThenTune(model, prompts, { k: 0 })).rejects.toThrow(ArgumentError);
    await expect(selectThenTune(model, prompts, { steps: 0 })).rejects.toThrow(ArgumentError);
    await expect(selectThenTune(model, prompts, { tune: 5 } as never)).rejects.toThrow('Nearest: "');
  });
});

describe("the registry", async () => {
  const capitals = await loadModel();
  const whole = countryCapitals(capitals);
  const task: Task = { ...whole, train: whole.train.slice(0, 24), test: whole.test.slice(0, 12) };
  const given = {
    seed: 5,
    learn: { steps: 6, batchSize: 4 },
    scalars: new Learned(
      "scalars",
      { mlp_out: { alpha: random([3, 20], 1) } },
      { ...provenanceFor(fingerprint(capitals)), tokens: new Array(20).fill("x") },
    ),
    vectors: new Learned(
      "vectors",
      { mlp_out: { v: tensor(new Float32Array(3 * 20 * 64).fill(0.1), { shape: [3, 20, 64] }) } },
      { ...provenanceFor(fingerprint(capitals)), tokens: new Array(20).fill("x") },
    ),
  };

  test.each(Object.keys(baselines) as BaselineName[])("%s can be evaluated, turned and saved", async (name) => {
    const made = await baselines[name](capitals, task, given);
    const { prompts: count, klOthers } = evaluate(capitals, task.test, made);
    expect(count).toBe(12);
    expect(Number.isFinite(klOthers)).toBe(true);
    expect(made.activeParameters).toBeGreaterThan(0);
    const method = name === "caa" ? "mean-difference" : name;
    expect(made.provenance.settings.method).toBe(method);
    const back = interventionFromBytes(made.toBytes(), capitals);
    expect(numbers(back)).toEqual(numbers(made));
    expect(back.provenance).toEqual(made.provenance);
    const ids = task.test[0]!.ids;
    const clean = capitals.forward([ids], { positions: "last" }).logits;
    const still = capitals.forward([ids], { positions: "last", interventions: made.at(1), beta: 0 }).logits;
    expect(values(still)).toEqual(values(clean));
  });

  test("learns what the controls are made from where it is not given", async () => {
    const learn = { steps: 3, batchSize: 4, minimality: 0, groupMinimality: 0 };
    for (const name of ["random-vectors", "random-locations", "ablate-top"] as const) {
      const made = await baselines[name](capitals, task, { seed: 1, learn });
      expect(made.provenance.task).toBe("ccc");
      expect(made.provenance.settings.madeFrom).toMatch(/(scalars|vectors), seed 1/);
    }
  });
});
