import { loadModel } from "fader";
import { ArgumentError } from "fader/autograd";
import { ablate, fingerprint, scale } from "fader/nn";
import { countryCapitals, harm, indirectObjects, promptTask, unrelatedTexts } from "fader/steering";
import { describe, expect, test } from "vitest";
import { plainLogits, softmax } from "../../../helpers/plain";
import { fakePrompts, madeUp } from "../../../helpers/task";
import { plainOf, tinyModel } from "../../../helpers/tiny";

const model = tinyModel();
const learned = madeUp(model, fingerprint(model));
const texts = [...fakePrompts(3, 1, 7), ...fakePrompts(3, 2, 4), ...fakePrompts(2, 3, 13)].map(({ ids }) => ids);

/** Means over the tokens of one text, by the plain model. */
function plainHarm(ids: readonly number[], beta: number) {
  const alpha = learned.scalars.parameters.mlp_out!.alpha!.toArray() as number[][];
  const run = (turned: number) =>
    plainLogits(plainOf(model), ids.slice(0, -1), (site, layer, h) =>
      site === "mlp_out" ? h.map((x, t) => x.map((a) => a * (1 + turned * (alpha[layer]![t] ?? 0)))) : h,
    ).map(softmax);
  const [clean, edited] = [run(0), run(beta)];
  const mean = (value: (t: number) => number) => clean.reduce((sum, _, t) => sum + value(t), 0) / clean.length;
  return {
    nll: mean((t) => -Math.log(edited[t]![ids[t + 1]!]!)),
    kl: mean((t) => clean[t]!.reduce((sum, p, i) => sum + p * Math.log(p / edited[t]![i]!), 0)),
  };
}

describe("harm", () => {
  test("is what plain numbers give, for texts of several lengths", () => {
    const got = harm(model, texts, learned.scalars, { betas: [-1, 0.5] });
    for (const [i, beta] of [-1, 0.5].entries()) {
      const side = got.steered[i]!;
      expect(side.beta).toBe(beta);
      side.texts.forEach((text, r) => {
        const want = plainHarm(texts[r]!, beta);
        expect(text.tokens).toBe(texts[r]!.length - 1);
        expect(text.nll).toBeCloseTo(want.nll, 4);
        expect(text.kl).toBeCloseTo(want.kl, 4);
      });
      const tokens = texts.reduce((sum, ids) => sum + ids.length - 1, 0);
      expect(side.tokens).toBe(tokens);
      expect(side.nll).toBeCloseTo(side.texts.reduce((sum, text) => sum + text.nll * text.tokens, 0) / tokens, 10);
      expect(side.perplexity).toBeCloseTo(Math.exp(side.nll), 10);
      expect(side.kl).toBeGreaterThan(0);
    }
    expect(got.clean.texts[0]!.nll).toBeCloseTo(plainHarm(texts[0]!, 0).nll, 4);
  });

  test("at β = 0, and of nothing, is none", () => {
    for (const kind of ["scalars", "vectors", "dynamic"] as const) {
      const { clean, steered } = harm(model, texts, learned[kind], { betas: [0] });
      expect(steered[0]!.texts).toEqual(clean.texts);
      expect(steered[0]!.kl).toBe(0);
    }
    expect(harm(model, texts, learned.scalars.keepLargest(0)).steered.map(({ kl }) => kl)).toEqual([0, 0]);
  });

  test("says which share of the edited places the texts reach", () => {
    expect(harm(model, texts, learned.dynamic).covered).toBe(1);
    expect(harm(model, [texts[0]!], learned.scalars).covered).toBe(1);
    // Four tokens are given, three are read: of the places at 0, 2, 4 and 4, two are reached.
    expect(harm(model, [[1, 2, 3, 4]], learned.scalars).covered).toBe(0.5);
    expect(harm(model, [[1, 2, 3, 4]], { mlp_out: ablate({ positions: [-1] }) }).covered).toBe(1);
    expect(harm(model, [[1, 2, 3, 4]], { mlp_out: ablate({ positions: [1, 8] }) }).covered).toBe(0.5);
  });

  test("does not depend on how texts are batched", () => {
    const together = harm(model, texts, { mlp_out: scale(0.5) });
    const alone = texts.map((text) => harm(model, [text], { mlp_out: scale(0.5) }));
    alone.forEach(({ steered }, r) => {
      expect(steered[1]!.nll).toBeCloseTo(together.steered[1]!.texts[r]!.nll, 5);
    });
  });

  test("refuses texts that it cannot read", () => {
    expect(() => harm(model, [], learned.scalars)).toThrow(/harm: no texts given/);
    expect(() => harm(model, [[1, 2], [3]], learned.scalars)).toThrow(/harm: text 1 has 1 token/);
    expect(() => harm(model, [new Array(14).fill(1)], learned.scalars)).toThrow(/text 0 has 14 tokens/);
    expect(() => harm(model, ["hello"], learned.scalars)).toThrow(/tokenizer/);
    expect(() => harm(model, texts, learned.scalars, { betas: [] })).toThrow(ArgumentError);
  });
});

describe("unrelated texts", async () => {
  const capitals = await loadModel();
  const tasks = { ccc: countryCapitals(capitals), ioi: indirectObjects(capitals) };

  test.each(["ccc", "ioi"] as const)("for %s never pose it, and reach as far as its prompts", (name) => {
    const found = unrelatedTexts(capitals, tasks[name], { seed: 1, count: 30 });
    expect(found).toHaveLength(30);
    expect(new Set(found).size).toBe(30);
    const length = tasks[name].train[0]!.ids.length;
    for (const text of found) expect(capitals.encode(text).length).toBeGreaterThan(length);
    if (name === "ioi") expect(found.every((text) => text.includes("capital"))).toBe(true);
    else {
      const isConflict = (text: string) => /capital (city )?of (.+) is .*\n.*capital of \2/.test(text);
      expect(found.filter(isConflict)).toEqual([]);
      expect(found.filter((text) => !text.includes("capital")).length).toBe(15);
    }
  });

  test("are the same for a seed", () => {
    expect(unrelatedTexts(capitals, tasks.ccc, { seed: 2 })).toEqual(unrelatedTexts(capitals, tasks.ccc, { seed: 2 }));
    expect(unrelatedTexts(capitals, tasks.ccc, { seed: 3 })).not.toEqual(unrelatedTexts(capitals, tasks.ccc));
  });

  test("are not known for tasks of one's own", () => {
    const own = ["France", "Poland"].map((country) => ({ text: `In ${country}`, correct: "Paris", wrong: "Warsaw" }));
    const grouped = own.map((draft, i) => ({ ...draft, group: String(i) }));
    expect(() => unrelatedTexts(capitals, promptTask(capitals, grouped))).toThrow(ArgumentError);
    expect(() => unrelatedTexts(capitals, tasks.ccc, { count: 0 })).toThrow(ArgumentError);
  });

  test("are read well by the built-in model, and worse without its attention", () => {
    const found = unrelatedTexts(capitals, tasks.ccc, { count: 20 });
    const { clean, steered } = harm(capitals, found, { attn_out: ablate() }, { betas: [1] });
    expect(clean.perplexity).toBeLessThan(3);
    expect(steered[0]!.perplexity).toBeGreaterThan(2 * clean.perplexity);
  });
});
