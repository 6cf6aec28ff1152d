import { checkGradients, Random, tensor } from "fader/autograd";
import {
  interventionFromBytes,
  type Kind,
  keep95,
  type LearnedIntervention,
  type LearnOptions,
  learnScalars,
  learnVectors,
  logitsAt,
  objective,
  type Places,
  pruningCurve,
  refit,
} from "fader/steering";
import { describe, expect, test } from "vitest";
import { learn } from "../../../../src/steering/learn/learn";
import { drawGates, gated, gateNoise, meanGates, openProbability } from "../../../../src/steering/learn/sparsity";
import { fakePrompts } from "../../../helpers/task";
import { tinyModel, values } from "../../../helpers/tiny";

const model = tinyModel();
const prompts = fakePrompts(6);
const quick: LearnOptions = { steps: 20, batchSize: 6, patience: 0 };
const gates: LearnOptions = { ...quick, sparsity: "l0", gateMinimality: 0.1 };
const numbers = (learned: LearnedIntervention) =>
  Object.values(learned.parameters).flatMap((tensors) => Object.values(tensors!).flatMap((x) => values(x)));
const support = (learned: LearnedIntervention) => numbers(learned).map((x) => x !== 0);
const names = (learned: LearnedIntervention) =>
  learned
    .activeLocations()
    .map(({ site, layer, position }) => `${site} ${layer} ${position}`)
    .sort();
const settings = { margin: 3, faithfulnessWeight: 0.5 };

function lossOf(learned: LearnedIntervention): number {
  const ids = prompts.map((prompt) => prompt.ids);
  const [plus, minus, clean] = logitsAt(model, ids, learned.at(1), [1, -1, 0]) as [never, never, never];
  return objective({ plus, minus, clean }, prompts, settings).item();
}

describe("hard-concrete gates", () => {
  const logits = [-4, -2, -0.5, 0, 1, 3];

  test("are open as often as the formula says, with the mean between", () => {
    const random = new Random(3);
    const rows = 20_000;
    const all = tensor(Array.from({ length: rows }, () => logits));
    const drawn = values(drawGates(all, gateNoise([rows, logits.length], random)));
    const share = (f: (gate: number) => boolean, column: number) =>
      drawn.filter((gate, i) => i % logits.length === column && f(gate)).length / rows;
    values(openProbability(tensor(logits))).forEach((probability, column) => {
      expect(Math.abs(share((gate) => gate > 0, column) - probability)).toBeLessThan(0.015);
      // By symmetry a gate is exactly 1 as often as one with the opposite logit is exactly 0.
      const opposite = values(openProbability(tensor([-logits[column]!])))[0]!;
      expect(Math.abs(share((gate) => gate === 1, column) - (1 - opposite))).toBeLessThan(0.015);
    });
    expect(drawn.every((gate) => gate >= 0 && gate <= 1)).toBe(true);
  });

  test("without noise are exactly 0 and 1 beyond ±log 11", () => {
    const edge = Math.log(11);
    const got = values(meanGates(tensor([-20, -edge - 0.01, -edge + 0.01, 0, edge - 0.01, edge + 0.01, 20])));
    expect([got[0], got[1], got[5], got[6]]).toEqual([0, 0, 1, 1]);
    expect(got[2]).toBeGreaterThan(0);
    expect(got[3]).toBeCloseTo(0.5, 6);
    expect(got[4]).toBeLessThan(1);
  });

  test("have the gradients of their formulas", () => {
    const f64 = (list: number[]) => tensor(list, { dtype: "f64" });
    const noise = f64([0.3, -0.2, 0.5, -0.4]);
    const logAlpha = f64([-0.6, 0.2, 0.1, -0.3]);
    const x = tensor([1, -2, 3, 0.5, -1, 2, 0.3, 0.7], { dtype: "f64" }).reshape([4, 2]);
    checkGradients(({ g, v }) => gated(v!, drawGates(g!, noise)), { g: logAlpha, v: x });
    checkGradients(({ g }) => openProbability(g!).sum(), { g: logAlpha });
  });
});

describe("learning with gates", () => {
  test.each(["scalars", "vectors", "dynamic"] as Kind[])("leaves whole %s exactly 0", async (kind) => {
    const gateMinimality = kind === "dynamic" ? 3 : 0.4;
    const reports: number[] = [];
    const learned = await learn(kind, model, prompts, {
      ...gates,
      steps: 130,
      gateMinimality,
      onProgress: ({ activeParameters }) => reports.push(activeParameters),
    });
    const places = learned.activeLocations().length;
    expect(places).toBeLessThan(kind === "dynamic" ? 4 : 20);
    expect(learned.activeParameters).toBe(places * { scalars: 1, vectors: 16, dynamic: 17 }[kind]);
    expect(reports.at(-1)).toBe(learned.activeParameters);
    expect(learned.provenance.settings).toMatchObject({ sparsity: "l0", gateMinimality });
    expect(names(interventionFromBytes(learned.toBytes(), model))).toEqual(names(learned));
    expect(numbers(learned).some((x) => Object.is(x, -0))).toBe(false);
  });

  test("with more weight leaves fewer, and with far too much none", async () => {
    const count = async (gateMinimality: number) =>
      (await learnScalars(model, prompts, { ...gates, steps: 130, gateMinimality })).activeParameters;
    const [few, many] = [await count(0.5), await count(0)];
    expect(few).toBeLessThan(many);
    expect(await count(100)).toBe(0);
  });

  test("reduces the loss", async () => {
    const once = await learnVectors(model, prompts, { ...gates, steps: 1 });
    const learned = await learnVectors(model, prompts, { ...gates, steps: 60, gateMinimality: 0.01 });
    expect(lossOf(learned)).toBeLessThan(0.9 * lossOf(once));
  });

  test("has a gate for each head at z, and one for each layer where positions share", async () => {
    const heads = await learnScalars(model, prompts, { ...gates, sites: ["z"] });
    expect(heads.parameters.z!.alpha!.shape).toEqual([2, 5, 2]);
    const shared = await learnVectors(model, prompts, { ...gates, positions: "all" });
    expect(shared.activeParameters % 16).toBe(0);
  });

  test("gives the same bits for the same seed", async () => {
    const run = async (seed: number) => numbers(await learnScalars(model, prompts, { ...gates, seed }));
    expect(await run(1)).toEqual(await run(1));
    expect(await run(2)).not.toEqual(await run(1));
  });

  test("refuses weights that it would not use", async () => {
    const refuse = (options: LearnOptions) => learnScalars(model, prompts, options).catch(String);
    expect(await refuse({ sparsity: "l0", minimality: 0.3 })).toMatchInlineSnapshot(`
      "ArgumentError: learn: minimality is 0.3, but sparsity "l0" does not use it
        Its weight is gateMinimality."
    `);
    expect(await refuse({ gateMinimality: 0.3 })).toMatchInlineSnapshot(`
      "ArgumentError: learn: gateMinimality is 0.3, but sparsity "l1" does not use it
        Its weights are minimality and groupMinimality."
    `);
    expect(await refuse({ sparsity: "l2" as never })).toMatchInlineSnapshot(`
      "ArgumentError: learn: no sparsity "l2"
        Valid: l1, l0."
    `);
    expect(await refuse({ sparsity: "l0", gateMinimality: -1 })).toContain("gateMinimality is -1");
  });
});

describe("places", () => {
  const places: Places = { mlp_out: [[1, 4]], attn_out: [[0, 2]] };
  const wanted = ["attn_out 0 2", "mlp_out 1 4"];

  test.each(["l1", "l0"] as const)("are all that is learned, with %s", async (sparsity) => {
    const weights = sparsity === "l1" ? { minimality: 0.001, groupMinimality: 0.001 } : { gateMinimality: 0 };
    for (const kind of ["scalars", "vectors"] as const) {
      const learned = await learn(kind, model, prompts, { ...quick, sparsity, ...weights, places });
      expect(names(learned)).toEqual(wanted);
      expect(learned.sites.sort()).toEqual(["attn_out", "mlp_out"]);
    }
  });

  test("are the same as what active locations name", async () => {
    const first = await learnScalars(model, prompts, { ...quick, places });
    const sites = ["mlp_out", "attn_out"] as const;
    const again = await learnScalars(model, prompts, { ...quick, sites, places: first.activeLocations() });
    expect(numbers(again)).toEqual(numbers(first));
  });

  test("may be layers alone", async () => {
    const options = { ...quick, minimality: 0.001, places: { mlp_out: [[1]] } } as const;
    const shared = await learnScalars(model, prompts, { ...options, positions: "all" });
    expect(names(shared)).toEqual(["mlp_out 1 undefined"]);
    const dynamic = await learn("dynamic", model, prompts, { ...options, minimality: 0 });
    expect(dynamic.activeParameters).toBe(17);
  });

  test("that are not there are refused", async () => {
    const refuse = (options: LearnOptions) => learnScalars(model, prompts, { ...quick, ...options }).catch(String);
    const all = [
      await refuse({ places: {} }),
      await refuse({ places: { mlp_out: [[2, 0]] } }),
      await refuse({ places: { mlp_out: [[0, 5]] } }),
      await refuse({ places: { mlp_out: [[0]] } }),
      await refuse({ places: { mlp_out: [[0, 1]] }, positions: "all" }),
      await refuse({ places: { mlp_out: [[0, 1]] }, sites: ["attn_out"] }),
    ];
    expect(all.join("\n\n")).toMatchInlineSnapshot(`
      "ArgumentError: learn: no places given
        Leave places out to learn everywhere.

      ArgumentError: learn: there is no place blocks.2.mlp_out at 0: the model has 2 layers
        Layers: 0 to 1.

      ArgumentError: learn: there is no place blocks.0.mlp_out at 5: the prompts have 5 positions
        Positions: 0 to 4.

      ArgumentError: learn: there is no place blocks.0.mlp_out: the prompts have 5 positions
        Positions: 0 to 4.

      ArgumentError: learn: there is no place blocks.0.mlp_out at 1: these parameters have no positions
        Name the layer alone.

      ArgumentError: learn: there is no place blocks.0.mlp_out at 1: "mlp_out" is not learned
        Sites: attn_out."
    `);
  });
});

describe("refitting", () => {
  test.each(["scalars", "vectors", "dynamic"] as Kind[])("%s keeps what is active and nothing else", async (kind) => {
    const penalty = kind === "vectors" ? { groupMinimality: 0.8 } : { minimality: kind === "scalars" ? 0.8 : 0.5 };
    const learned = await learn(kind, model, prompts, { ...quick, ...penalty });
    const fitted = await refit(model, prompts, learned, { steps: 40, patience: 0 });
    expect(support(fitted)).toEqual(support(learned));
    expect(support(learned)).toContain(false);
    expect(lossOf(fitted)).toBeLessThan(lossOf(learned));
    expect(fitted.provenance).toMatchObject({ steps: 60, settings: { refit: 40 } });
    expect(numbers(await refit(model, prompts, learned, { steps: 40, patience: 0 }))).toEqual(numbers(fitted));
  });

  test("is what debias does, also after gates", async () => {
    for (const options of [{ ...quick, minimality: 0.5 }, gates]) {
      const steps: number[] = [];
      const onProgress = ({ step }: { step: number }) => steps.push(step);
      const debiased = await learnScalars(model, prompts, { ...options, debias: true, onProgress });
      const plain = await learnScalars(model, prompts, options);
      expect(numbers(debiased)).toEqual(numbers(await refit(model, prompts, plain)));
      expect(numbers(debiased)).not.toEqual(numbers(plain));
      expect(steps).toEqual(steps.map((_, i) => i + 1));
      expect(debiased.provenance.steps).toBe(steps.length);
    }
  });

  test("of nothing is refused, and left out by debias", async () => {
    const none = await learnScalars(model, prompts, { ...quick, minimality: 100, debias: true });
    expect(none.activeParameters).toBe(0);
    await expect(refit(model, prompts, none)).rejects.toThrow("every parameter is 0");
    const some = await learnScalars(model, prompts, quick);
    await expect(refit(model, fakePrompts(4, 1, 7), some)).rejects.toThrow("learned on prompts of 5 tokens");
  });

  test("works for shared positions on prompts of any lengths", async () => {
    const mixed = [...prompts, ...fakePrompts(3, 5, 3)];
    const learned = await learnScalars(model, mixed, { ...quick, positions: "all" });
    const fitted = await refit(model, mixed, learned);
    expect(fitted.provenance.positions).toBe("all");
    expect(support(fitted)).toEqual(support(learned));
  });
});

describe("what was learned before these options", () => {
  test("is learned still", async () => {
    const { parameters } = await learnScalars(model, prompts, { ...quick, steps: 12, minimality: 0.05 });
    const got = values(parameters.mlp_out!.alpha!).map((x) => x.toFixed(3));
    expect(got.join(" ")).toMatchInlineSnapshot(`"0.156 -0.583 0.591 0.571 -0.165 0.000 0.000 0.000 0.000 0.580"`);
  });
});

describe("keep95", () => {
  test("is the first point of the pruning curve that is high enough", async () => {
    const many = fakePrompts(30, 2);
    const learned = await learnVectors(model, many, { ...quick, groupMinimality: 0.1 });
    const { k, of, effectiveness, all } = keep95(model, many, learned);
    const curve = pruningCurve(
      model,
      many,
      learned,
      Array.from({ length: of + 1 }, (_, i) => i),
    );
    expect(k).toBe(curve.findIndex((point) => point.effectiveness >= 0.95 * all));
    expect(effectiveness).toBe(curve[k]!.effectiveness);
    expect(all).toBe(curve.at(-1)!.effectiveness);
    expect(keep95(model, many, learned, 1).k).toBeGreaterThanOrEqual(k);
    expect(keep95(model, many, learned.keepLargest(0))).toMatchObject({ k: 0, of: 0 });
    expect(() => keep95(model, many, learned, 0)).toThrow("share is 0");
  });
});
