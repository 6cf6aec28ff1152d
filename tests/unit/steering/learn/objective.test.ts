import { valueAndGrad } from "fader/autograd";
import { faithfulness, klOthers, logitDiff, objective, type Prompt } from "fader/steering";
import { describe, expect, test } from "vitest";
import { effectiveness } from "../../../../src/steering/learn/objective";
import { softmax } from "../../../helpers/plain";
import { distance, random, values } from "../../../helpers/tiny";

const vocab = 7;
const answers: [number, number][] = [
  [0, 6],
  [3, 1],
  [5, 2],
  [4, 5],
];
const prompts: Prompt[] = answers.map(([correct, wrong]) => ({ text: "", ids: [1], correct, wrong, group: "" }));
const passes = {
  clean: random([4, vocab], 1, "f64", 2),
  plus: random([4, vocab], 2, "f64", 2),
  minus: random([4, vocab], 3, "f64", 2),
};
const rows = (name: keyof typeof passes) => passes[name].toArray() as number[][];
const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
const without = (x: number[], row: number) => x.filter((_, token) => !answers[row]!.includes(token));
const kl = (p: number[], q: number[]) => p.reduce((sum, share, i) => sum + share * Math.log(share / q[i]!), 0);
const delta = (z: number[], row: number) => z[answers[row]![0]]! - z[answers[row]![1]]!;

const naiveFaithfulness = () =>
  mean(
    prompts.flatMap((_, row) => {
      const clean = softmax(without(rows("clean")[row]!, row));
      return (["plus", "minus"] as const).map((side) => kl(clean, softmax(without(rows(side)[row]!, row))));
    }),
  );
const naiveEffectiveness = (margin: number) =>
  mean(
    prompts.map(
      (_, row) =>
        Math.max(0, margin - delta(rows("plus")[row]!, row)) + Math.max(0, margin + delta(rows("minus")[row]!, row)),
    ),
  );

describe("the objective", () => {
  test("Δ is the logit of the correct answer minus that of the wrong one", () => {
    expect(distance(logitDiff(passes.plus, prompts), rows("plus").map(delta))).toBeLessThan(1e-12);
    expect(logitDiff(passes.plus, prompts).shape).toEqual([4]);
  });

  test("effectiveness is the mean hinge in both directions", () => {
    for (const margin of [0, 2, 10]) {
      expect(effectiveness(passes, prompts, margin).item()).toBeCloseTo(naiveEffectiveness(margin), 12);
    }
  });

  test("effectiveness is 0 where both directions lead by the margin", () => {
    const [c, w] = answers[0]!;
    const z = (up: number) =>
      random([1, vocab], 0, "f64", 0).add(Array.from({ length: vocab }, (_, i) => (i === c ? up : i === w ? -up : 0)));
    const won = { clean: z(0), plus: z(1), minus: z(-1) };
    expect(effectiveness(won, prompts.slice(0, 1), 2).item()).toBe(0);
    expect(effectiveness(won, prompts.slice(0, 1), 3).item()).toBe(2);
  });

  test("faithfulness is its formula, averaged over prompts and directions", () => {
    expect(faithfulness(passes, prompts).item()).toBeCloseTo(naiveFaithfulness(), 10);
  });

  test("faithfulness ignores the answers and a shift of all others", () => {
    const moved = passes.clean.add(3).toArray() as number[][];
    moved.forEach((z, row) => {
      for (const answer of answers[row]!) z[answer]! += row - 7;
    });
    const edited = passes.clean.mul(0).add(moved);
    expect(faithfulness({ clean: passes.clean, plus: edited, minus: edited }, prompts).item()).toBeCloseTo(0, 10);
  });

  test("is L = L_E + λ_F · L_F, and its gradient", () => {
    const options = { margin: 2, faithfulnessWeight: 0.7 };
    const want = naiveEffectiveness(2) + 0.7 * naiveFaithfulness();
    const f = (p: { plus: typeof passes.plus; minus: typeof passes.minus }) =>
      objective({ clean: passes.clean, ...p }, prompts, options);
    const { plus, minus } = passes;
    const { value, grads } = valueAndGrad(f)({ plus, minus });
    expect(value.item()).toBeCloseTo(want, 10);
    for (const name of ["plus", "minus"] as const) {
      const direction = random([4, vocab], 9, "f64");
      const at = (by: number) => f({ plus, minus, [name]: passes[name].add(direction.mul(by)) }).item();
      const exact = values(grads[name].mul(direction)).reduce((a, b) => a + b, 0);
      expect(exact).toBeCloseTo((at(1e-6) - at(-1e-6)) / 2e-6, 6);
    }
  });

  test("without a weight leaves faithfulness out", () => {
    const options = { margin: 2, faithfulnessWeight: 0 };
    expect(objective(passes, prompts, options).item()).toBe(effectiveness(passes, prompts, 2).item());
  });

  test("stays finite for extreme logits in float32", () => {
    const wild = random([4, vocab], 4, "f32", 2000);
    const clean = random([4, vocab], 5, "f32", 2000);
    expect(Number.isFinite(faithfulness({ clean, plus: wild, minus: wild }, prompts).item())).toBe(true);
    expect(klOthers(clean, clean, prompts).toArray()).toEqual([0, 0, 0, 0]);
  });
});
