import { ArgumentError } from "fader/autograd";
import { fingerprint, scale } from "fader/nn";
import { betaDial, evaluate } from "fader/steering";
import { describe, expect, test } from "vitest";
import { dialTable } from "../../../../src/cli/dial";
import { plainLogits, softmax } from "../../../helpers/plain";
import { fakePrompts, madeUp } from "../../../helpers/task";
import { plainOf, tinyModel, values } from "../../../helpers/tiny";

const model = tinyModel();
const learned = madeUp(model, fingerprint(model));
const prompts = fakePrompts(40, 2);
const kinds = ["scalars", "vectors", "dynamic"] as const;

describe("the dial", () => {
  test("goes from −1.5 to 1.5 and meets −1, 0 and +1", () => {
    const betas = betaDial(model, prompts.slice(0, 2), learned.scalars).map(({ beta }) => beta);
    expect(betas).toHaveLength(25);
    expect([betas[0], betas.at(-1)]).toEqual([-1.5, 1.5]);
    for (const beta of [-1, 0, 1]) expect(betas).toContain(beta);
  });

  test.each(kinds)("of %s agrees with the evaluation at −1, 0 and +1", (kind) => {
    const [minus, clean, plus] = betaDial(model, prompts, learned[kind], { betas: [-1, 0, 1] });
    const metrics = evaluate(model, prompts, learned[kind]);
    expect(minus!.delta).toBeCloseTo(metrics.deltaMinus, 4);
    expect(clean!.delta).toBeCloseTo(metrics.deltaClean, 4);
    expect(plus!.delta).toBeCloseTo(metrics.deltaPlus, 4);
    expect(plus!.won).toBeCloseTo(metrics.winsPlus, 10);
    expect(1 - minus!.won).toBeCloseTo(metrics.winsMinus, 10);
  });

  test.each(kinds)("of %s is at 0 exactly the model as it is", (kind) => {
    for (const betas of [[0], [-1, 0, 0.5], [2, 1, -0, 0]]) {
      const points = betaDial(model, prompts, learned[kind], { betas }).filter(({ beta }) => beta === 0);
      const none = betaDial(model, prompts, {}, { betas: [0] })[0]!;
      for (const point of points) expect(point.prompts).toEqual(none.prompts);
    }
    const logits = model.forward(prompts.slice(0, 32).map(({ ids }) => ids)).logits;
    const last = logits.slice([null, [-1]]).squeeze(1);
    const [point] = betaDial(model, prompts, learned[kind], { betas: [0] });
    prompts.slice(0, 32).forEach(({ correct, wrong }, i) => {
      const row = values(last.slice([[i, i + 1]]));
      expect(point!.prompts[i]!.delta).toBe(Math.fround(row[correct]! - row[wrong]!));
    });
  });

  test("gives the probabilities that plain numbers give", () => {
    const alpha = learned.scalars.parameters.mlp_out!.alpha!.toArray() as number[][];
    const [point] = betaDial(model, prompts, learned.scalars, { betas: [-1.25] });
    prompts.slice(0, 5).forEach(({ ids, correct, wrong }, i) => {
      const logits = plainLogits(plainOf(model), ids, (site, layer, h) =>
        site === "mlp_out" ? h.map((x, t) => x.map((a) => a * (1 - 1.25 * alpha[layer]![t]!))) : h,
      ).at(-1)!;
      const p = softmax(logits);
      expect(point!.prompts[i]!.correct).toBeCloseTo(p[correct]!, 5);
      expect(point!.prompts[i]!.wrong).toBeCloseTo(p[wrong]!, 5);
      expect(point!.prompts[i]!.others).toBeCloseTo(1 - p[correct]! - p[wrong]!, 5);
    });
    const mean = point!.prompts.reduce((sum, row) => sum + row.correct, 0) / prompts.length;
    expect(point!.correct).toBeCloseTo(mean, 10);
  });

  test("takes a map, and prompts of any length for what is not tied to positions", () => {
    const mixed = [...fakePrompts(3, 1, 4), ...fakePrompts(3, 1, 7)];
    const [point] = betaDial(model, mixed, { mlp_out: scale(0.5) }, { betas: [1] });
    expect(point!.prompts).toHaveLength(6);
    expect(betaDial(model, mixed, learned.dynamic, { betas: [1] })[0]!.prompts).toHaveLength(6);
  });

  test("refuses what it cannot turn", () => {
    expect(() => betaDial(model, [], learned.scalars)).toThrow(/betaDial: no prompts given/);
    expect(() => betaDial(model, fakePrompts(2, 1, 4), learned.scalars)).toThrow(/betaDial: learned on prompts of 5/);
    expect(() => betaDial(model, prompts, learned.scalars, { betas: [] })).toThrow(ArgumentError);
    expect(() => betaDial(model, prompts, learned.scalars, { betas: [0, Number.NaN] })).toThrow(/beta is NaN/);
  });
});

test("the table has a line for each β, and fits 80 columns", () => {
  const row = { delta: -0.004, correct: 0.5, wrong: 0.3, others: 0.2 };
  const text = dialTable([
    { ...row, beta: -1, won: 0.25, prompts: [row, row, row, row] },
    { beta: 1, delta: 12.345, correct: 1, wrong: 0, others: 0, won: 1, prompts: [row, row, row, row] },
  ]);
  expect(text).toMatchInlineSnapshot(`
    "     β      Δ correct wrong others  won   █ correct ░ wrong · others
    ────────────────────────────────────────────────────────────────────────
     −1.00   0.00     50%   30%    20%  25%   ███████████████░░░░░░░░░······
      1.00  12.35    100%    0%     0% 100%   ██████████████████████████████
    4 held-out prompts; won: share with Δ > 0"
  `);
  expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
});
