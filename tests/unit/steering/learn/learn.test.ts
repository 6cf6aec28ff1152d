import { Adam, ArgumentError, NumericsError, parameter, type Tensor, valueAndGrad } from "fader/autograd";
import { fingerprint, SiteError, scale } from "fader/nn";
import {
  bake,
  evaluate,
  interventionFromBytes,
  type Kind,
  LearnedIntervention,
  type LearnOptions,
  type LearnReport,
  learnScalars,
  learnVectors,
  logitsAt,
  objective,
  refit,
} from "fader/steering";
import { describe, expect, test } from "vitest";
import { learn } from "../../../../src/steering/learn/learn";
import { fakePrompts } from "../../../helpers/task";
import { distance, tinyModel, values } from "../../../helpers/tiny";

const model = tinyModel();
const prompts = fakePrompts(6);
const quick: LearnOptions = { steps: 12, batchSize: 6, patience: 0, minimality: 0.05, groupMinimality: 0 };
const numbers = (learned: LearnedIntervention) =>
  Object.values(learned.parameters).flatMap((tensors) => Object.values(tensors!).flatMap((x) => values(x)));
const settings = { margin: 2, faithfulnessWeight: 1 };

/** The objective of a finished intervention, without minimality. */
function lossOf(learned: LearnedIntervention, of = prompts): number {
  const ids = of.map((prompt) => prompt.ids);
  const [plus, minus, clean] = logitsAt(model, ids, learned.at(1), [1, -1, 0]) as [Tensor, Tensor, Tensor];
  return objective({ plus, minus, clean }, of, settings).item();
}

describe("learning", () => {
  test.each(["scalars", "vectors", "dynamic"] as Kind[])("%s reduces the loss", async (kind) => {
    const reports: LearnReport[] = [];
    const options = { ...quick, steps: 60, minimality: 0, onProgress: (report: LearnReport) => reports.push(report) };
    const learned = await learn(kind, model, prompts, options);
    expect(reports.map((report) => report.step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(reports.every((report) => report.steps === 60)).toBe(true);
    expect(reports.at(-1)!.loss).toBeLessThan(0.8 * reports[0]!.loss);
    expect(lossOf(learned)).toBeLessThan(0.8 * reports[0]!.loss);
    expect(reports.at(-1)!.activeParameters).toBe(learned.activeParameters);
  });

  test("gives the same bits for the same seed, and others for another", async () => {
    for (const run of [learnScalars, learnVectors]) {
      const [a, b, c] = [
        await run(model, prompts, { ...quick, seed: 3, batchSize: 2 }),
        await run(model, prompts, { ...quick, seed: 3, batchSize: 2 }),
        await run(model, prompts, { ...quick, seed: 4, batchSize: 2 }),
      ];
      expect(numbers(a)).toEqual(numbers(b));
      expect(numbers(c)).not.toEqual(numbers(a));
      expect(numbers(a).every(Number.isFinite)).toBe(true);
    }
  });

  test("leaves the model as it was", async () => {
    const before = fingerprint(model);
    await learnScalars(model, prompts, quick);
    expect(fingerprint(model)).toBe(before);
  });

  test("with strong minimality gives exact zeros", async () => {
    const sparse = await learnScalars(model, prompts, { ...quick, steps: 40, minimality: 2 });
    const dense = await learnScalars(model, prompts, { ...quick, steps: 40, minimality: 0 });
    expect(sparse.activeParameters).toBeLessThan(dense.activeParameters / 2);
    expect(dense.activeParameters).toBe(20);
    const none = await learnScalars(model, prompts, { ...quick, minimality: 100 });
    expect(numbers(none)).toEqual(new Array(20).fill(0));
  });

  test("with group minimality switches whole vectors off", async () => {
    const learned = await learnVectors(model, prompts, { ...quick, steps: 40, minimality: 0, groupMinimality: 0.5 });
    expect(learned.activeLocations().length).toBeLessThan(20);
    expect(learned.activeParameters).toBe(16 * learned.activeLocations().length);
  });

  test("with group minimality of scalars is ℓ1: each location is a group", async () => {
    const grouped = await learnScalars(model, prompts, { ...quick, minimality: 0, groupMinimality: 0.3 });
    const plain = await learnScalars(model, prompts, { ...quick, minimality: 0.3 });
    expect(grouped.activeParameters).toBe(plain.activeParameters);
  });

  test("counts its parameters as the paper does", async () => {
    const once = { ...quick, steps: 1, sites: ["resid_pre", "mlp_out", "attn_out"] as const };
    expect((await learnScalars(model, prompts, once)).parameterCount).toBe(3 * 2 * 5);
    expect((await learnVectors(model, prompts, once)).parameterCount).toBe(3 * 2 * 5 * 16);
    expect((await learn("dynamic", model, prompts, once)).parameterCount).toBe(3 * 2 * (16 + 1));
  });

  test("at z gives a scalar for each head, and vectors of the heads", async () => {
    const scalars = await learnScalars(model, prompts, { ...quick, steps: 1, sites: ["z"] });
    expect(scalars.parameters.z!.alpha!.shape).toEqual([2, 5, 2]);
    const vectors = await learnVectors(model, prompts, { ...quick, steps: 1, sites: ["z"] });
    expect(vectors.parameterCount).toBe(2 * 5 * 16);
  });

  test("remembers where it comes from", async () => {
    const { provenance, sites } = await learnScalars(model, prompts, { ...quick, seed: 7, task: "fake", margin: 3 });
    expect(sites).toEqual(["attn_out", "mlp_out"]);
    expect(provenance).toMatchObject({ task: "fake", model: "tiny", seed: 7, steps: 12 });
    expect(provenance.settings).toMatchObject({ margin: 3, batchSize: 6, sparsity: "l1" });
    expect(provenance.fingerprint).toBe(fingerprint(model));
    expect(provenance.tokens).toHaveLength(5);
  });
});

describe("stopping early", () => {
  const run = async (options: LearnOptions) => (await learnScalars(model, prompts, options)).provenance.steps;
  test("happens when the loss no longer falls", async () => {
    expect(await run({ steps: 100, batchSize: 6, patience: 4, minimality: 100 })).toBe(8);
    expect(await run({ steps: 30, batchSize: 6, patience: 0, minimality: 100 })).toBe(30);
  });

  test("happens at a loss of 0 too", async () => {
    const done = { steps: 100, batchSize: 6, patience: 4, margin: -1000, faithfulnessWeight: 0 };
    expect(await run(done)).toBe(8);
  });
});

describe("learning for all positions at once", () => {
  const mixed = [...fakePrompts(3, 0), ...fakePrompts(3, 5, 3), ...fakePrompts(2, 6, 8)];
  const all: LearnOptions = { ...quick, steps: 60, minimality: 0, positions: "all" };

  test.each(["scalars", "vectors", "dynamic"] as Kind[])("%s takes prompts of any lengths", async (kind) => {
    const losses: number[] = [];
    const learned = await learn(kind, model, mixed, { ...all, onProgress: ({ loss }) => losses.push(loss) });
    expect(losses.at(-1)!).toBeLessThan(0.9 * losses[0]!);
    expect(learned.parameterCount).toBe({ scalars: 4, vectors: 4 * 16, dynamic: 4 * 17 }[kind]);
    expect(learned.hasPositions).toBe(false);
    expect(learned.provenance).toMatchObject({ positions: "all", tokens: [] });
    expect(learned.activeLocations().every(({ position }) => position === undefined)).toBe(true);
    expect(learned.keepLargest(1).activeLocations()).toEqual(learned.activeLocations().slice(0, 1));
    const metrics = evaluate(model, [...fakePrompts(2, 9, 4), ...fakePrompts(2, 9, 7)], learned);
    expect(metrics).toMatchObject({ prompts: 4, activeLocations: 4 });
    expect(Number.isFinite(metrics.klOthers)).toBe(true);
  });

  test("is one edit of every token, whatever the length", async () => {
    const { parameters, ...learned } = await learnScalars(model, mixed, { ...quick, positions: "all", sites: ["z"] });
    expect(parameters.z!.alpha!.shape).toEqual([2, 2]);
    const again = new LearnedIntervention(learned.kind, parameters, learned.provenance);
    const rows = parameters.z!.alpha!.unsqueeze(1);
    for (const length of [1, 6]) {
      const ids = fakePrompts(1, 3, length)[0]!.ids;
      const byPosition = scale(rows.expand([2, length, 2]));
      const [got, want] = [again.at(-0.5), { z: byPosition }].map((interventions, i) => {
        return values(model.forward(ids, { interventions, beta: i === 0 ? 1 : -0.5 }).logits);
      });
      expect(distance(got!, want!)).toBeLessThan(1e-5);
    }
  });

  test("is saved, read back and baked", async () => {
    for (const kind of ["scalars", "vectors"] as const) {
      const learned = await learn(kind, model, mixed, { ...all, steps: 10, sites: ["attn_out", "mlp_out", "z"] });
      const back = interventionFromBytes(learned.toBytes(), model);
      expect(back.provenance).toEqual(learned.provenance);
      expect(numbers(back)).toEqual(numbers(learned));
      const baked = bake(model, back.at(1), { beta: -1 });
      for (const { ids } of fakePrompts(3, 4, 9)) {
        const want = model.forward(ids, { interventions: learned.at(-1) }).logits;
        expect(distance(baked.forward(ids).logits, want)).toBeLessThan(1e-5);
      }
    }
  });

  test("prunes whole vectors by layer", async () => {
    const learned = await learnVectors(model, mixed, { ...all, groupMinimality: 3 });
    const active = learned.activeLocations().length;
    expect(active).toBeGreaterThan(0);
    expect(active).toBeLessThan(4);
    expect(learned.activeParameters).toBe(16 * active);
  });
});

describe("what cannot be learned", () => {
  const refuse = async (options: LearnOptions, given = prompts) =>
    learnScalars(model, given, { steps: 1, ...options }).then(
      () => "was accepted",
      (error: Error) => `${error.name}: ${error.message}`,
    );

  test("is refused in a sentence", async () => {
    const all = [
      await refuse({}, []),
      await refuse({}, [...prompts, ...fakePrompts(1, 1, 4)]),
      await refuse({ sites: [] }),
      await refuse({ steps: 0 }),
      await refuse({ batchSize: 1.5 }),
      await refuse({ lr: 0 }),
      await refuse({ minimality: -1 }),
    ];
    expect(all.join("\n\n")).toMatchInlineSnapshot(`
      "ArgumentError: learn: no prompts given

      ArgumentError: learn: prompts of 5 and 4 tokens: positions would not mean the same
        Keep the prompts of one length, or learn { positions: "all" }.

      ArgumentError: learn: no sites given
        For instance ["mlp_out"].

      ArgumentError: learn: steps is 0
        Use 1 or more.

      ArgumentError: learn: batchSize is 1.5
        Use 1 or more.

      ArgumentError: learn: lr is 0
        Use a number above 0.

      ArgumentError: learn: minimality is -1
        Use a number of 0 or more."
    `);
    await expect(learnScalars(model, prompts, { sites: ["mlp" as never] })).rejects.toThrow(SiteError);
  });

  test("so are all settings out of range", async () => {
    const bad: LearnOptions[] = [
      { steps: "10" as never },
      { sites: 3 as never },
      { debias: 1 as never },
      { onProgress: "often" as never },
      { faithfulnessWeight: Number.NaN },
      { faithfulnessWeight: -1 },
      { groupMinimality: -1 },
      { margin: Number.NaN },
      { patience: -1 },
      { lr: Number.POSITIVE_INFINITY },
      { seed: 0.5 },
      { positions: "some" as never },
    ];
    const accepted: LearnOptions[] = [];
    for (const options of bad) if (!(await refuse(options)).startsWith("ArgumentError")) accepted.push(options);
    expect(accepted).toEqual([]);
    await expect(learn("scalar" as never, model, prompts, {})).rejects.toThrow(ArgumentError);
  });

  test("an option that there is none of is refused with the nearest name", async () => {
    expect(await refuse({ faithfulnesWeight: 1 } as never)).toBe(
      'ArgumentError: learn: no option "faithfulnesWeight"\n  Nearest: "faithfulnessWeight".',
    );
    await expect(learnScalars(model, prompts, null as never)).rejects.toThrow("learn: options are null");
    const learned = await learnScalars(model, prompts, { ...quick, steps: 1 });
    await expect(refit(model, prompts, learned, { minimality: 1 } as never)).rejects.toThrow('no option "minimality"');
  });

  test("one site may stand alone", async () => {
    const [alone, listed] = [{ sites: "mlp_out" }, { sites: ["mlp_out"] }] as LearnOptions[];
    const run = async (options: LearnOptions) => learnScalars(model, prompts, { ...quick, ...options });
    expect(numbers(await run(alone!))).toEqual(numbers(await run(listed!)));
  });

  test("a loss that is no longer finite is a NumericsError", async () => {
    await expect(learnVectors(model, prompts, { ...quick, lr: 1e38 })).rejects.toThrow(NumericsError);
  });
});

describe("what is reported while learning", () => {
  test.each([
    ["scalars", { minimality: 0.3 }],
    ["vectors", { minimality: 0.01, groupMinimality: 0.2 }],
    ["dynamic", { minimality: 0.1 }],
  ] as [Kind, LearnOptions][])(
    "%s: the terms are those of the loss, at the values before each update",
    async (kind, weights) => {
      const reports: LearnReport[] = [];
      const seen: LearnedIntervention[] = [];
      const options = { ...quick, ...weights, steps: 4, faithfulnessWeight: 0.7, margin: 2 };
      const learned = await learn(kind, model, prompts, {
        ...options,
        onProgress: (report) => {
          reports.push(report);
          seen.push(report.current());
        },
      });
      for (const { loss, effectiveness, faithfulness } of reports) {
        expect(effectiveness + faithfulness).toBeCloseTo(loss, 5);
        expect(faithfulness).toBeGreaterThan(0);
      }
      const ids = prompts.map((prompt) => prompt.ids);
      const axes = kind === "dynamic" ? 1 : 2;
      for (let at = 1; at < 4; at++) {
        const before = seen[at - 1]!;
        const [plus, minus, clean] = logitsAt(model, ids, before.at(1), [1, -1, 0]) as [Tensor, Tensor, Tensor];
        const only = objective({ plus, minus, clean }, prompts, { ...settings, faithfulnessWeight: 0 }).item();
        expect(reports[at]!.effectiveness).toBeCloseTo(only, 4);
        const norms = Object.values(before.parameters)
          .flatMap((tensors) => Object.values(tensors!))
          .flatMap((x) =>
            values(
              x
                .square()
                .sum(x.shape.slice(axes).map((_, i) => axes + i))
                .sqrt(),
            ),
          );
        const l2 = norms.reduce((a, b) => a + b, 0);
        const want = weights.minimality! * before.l1 + (weights.groupMinimality ?? 0) * l2;
        expect(reports[at]!.minimality).toBeCloseTo(want, 4);
      }
      expect(numbers(seen.at(-1)!)).toEqual(numbers(learned));
      expect(seen.at(-1)!.provenance).toEqual(learned.provenance);
      expect(numbers(seen[0]!)).not.toEqual(numbers(learned));
    },
  );

  test("with l0 the penalty is a part of the loss, and a refit has none", async () => {
    const reports: LearnReport[] = [];
    const options: LearnOptions = { steps: 6, batchSize: 6, patience: 0, sparsity: "l0", debias: true };
    const learned = await learnScalars(model, prompts, { ...options, onProgress: (report) => reports.push(report) });
    for (const { step, loss, effectiveness, faithfulness, minimality } of reports) {
      expect(effectiveness + faithfulness + minimality).toBeCloseTo(loss, 4);
      expect(minimality > 0).toBe(step <= 6);
    }
    expect(reports.length).toBeGreaterThan(6);
    expect(numbers(reports.at(-1)!.current())).toEqual(numbers(learned));
    expect(reports.at(-1)!.current().provenance).toEqual(learned.provenance);
  });

  test("changes no bit of the result", async () => {
    const quiet = await learnVectors(model, prompts, { ...quick, groupMinimality: 0.3 });
    const onProgress = (report: LearnReport) => void report.current();
    const loud = await learnVectors(model, prompts, { ...quick, groupMinimality: 0.3, onProgress });
    expect(numbers(loud)).toEqual(numbers(quiet));
  });
});

describe("learning can be ended", () => {
  test("before it starts, in the middle and in the refit, with the signal's reason", async () => {
    await expect(learnScalars(model, prompts, { ...quick, signal: AbortSignal.abort() })).rejects.toThrow(
      expect.objectContaining({ name: "AbortError" }),
    );
    for (const [last, options] of [
      [3, quick],
      [14, { ...quick, debias: true }],
    ] as const) {
      const controller = new AbortController();
      const steps: number[] = [];
      const running = learnScalars(model, prompts, {
        ...options,
        signal: controller.signal,
        onProgress: ({ step }) => {
          steps.push(step);
          if (step === last) controller.abort("enough");
        },
      });
      await expect(running).rejects.toBe("enough");
      expect(steps.at(-1)).toBe(last);
    }
  });

  test("from outside, as other work gets in between, and the model can be used at any time", async () => {
    const controller = new AbortController();
    const running = learnScalars(model, prompts, { ...quick, steps: 1e6, signal: controller.signal });
    const want = values(model.forward(prompts[0]!.ids).logits);
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(values(model.forward(prompts[0]!.ids).logits)).toEqual(want);
    }
    controller.abort();
    await expect(running).rejects.toThrow("aborted");
  });
});

describe("a learner of one's own", () => {
  test("takes twenty lines of the public API", async () => {
    const ids = prompts.map((prompt) => prompt.ids);
    const alpha = parameter([model.config.n_layers, 5]);
    const optimizer = new Adam({ alpha }, { lr: 0.05 });
    const clean = model.forward(ids, { positions: "last" }).logits;
    const losses = Array.from({ length: 80 }, () => {
      const { value, grads } = valueAndGrad((p: { alpha: Tensor }) => {
        const turned = (beta: number) =>
          model.forward(ids, { interventions: { mlp_out: scale(p.alpha) }, beta, positions: "last" }).logits;
        return objective({ clean, plus: turned(1), minus: turned(-1) }, prompts, settings);
      })({ alpha });
      optimizer.step(grads);
      return value.item();
    });
    expect(losses.at(-1)!).toBeLessThan(0.95 * losses[0]!);
  });
});
