import { Model, Tokenizer } from "fader/nn";
import {
  evaluate,
  harm,
  learnTrial,
  measureHeldOut,
  quickGrid,
  runTrial,
  trialsOf,
  unrelatedTexts,
} from "fader/steering";
import { expect, test } from "vitest";
import { buildTokenizer, buildTokenizerConfig, vocabularyTokens } from "../../../../scripts/train-builtin/vocabulary";
import { tinyModel } from "../../../helpers/tiny";

function tiny(n_positions: number): Model {
  const sizes = { n_layer: 1, n_embd: 8, n_positions, vocab_size: vocabularyTokens().length, eos_token_id: 0 };
  const { config, weights } = tinyModel(sizes);
  return new Model(config, weights, Tokenizer.fromJSON(buildTokenizer(), buildTokenizerConfig()));
}

const trials = trialsOf({ ...quickGrid, seeds: [3], minimality: [0.1], steps: 3 });

test("a trial keeps what harm measures on unrelated texts, the same texts for every method", async () => {
  const model = tiny(32);
  const [scalars, vectors] = [await runTrial(model, trials[0]!), await runTrial(model, trials[1]!)];
  const { task, learned } = await learnTrial(model, trials[0]!);
  const { clean, steered, covered } = harm(model, unrelatedTexts(model, task, { seed: 3 }), learned);
  const { offTask } = scalars;
  expect(offTask!.tokens).toEqual(clean.texts.map(({ tokens }) => tokens));
  expect(offTask!.covered).toBeCloseTo(covered, 5);
  expect(Math.max(...offTask!.klPlus)).toBeGreaterThan(0);
  clean.texts.forEach((text, i) => {
    const [minus, plus] = steered.map(({ texts }) => texts[i]!);
    const own = [offTask!.klMinus[i], offTask!.klPlus[i], offTask!.nllMinus[i], offTask!.nllPlus[i]];
    const expected = [minus!.kl, plus!.kl, minus!.nll, plus!.nll];
    own.forEach((value, at) => {
      expect(value).toBeCloseTo(expected[at]!, 4);
    });
    expect(offTask!.nllClean[i]).toBeCloseTo(text.nll, 4);
  });
  expect(vectors.offTask!.nllClean).toEqual(offTask!.nllClean);
  expect(vectors.offTask!.klPlus).not.toEqual(offTask!.klPlus);
});

test("one intervention has the means of evaluate and harm, with intervals around them", async () => {
  const model = tiny(32);
  const { task, learned } = await learnTrial(model, trials[0]!);
  const measures = measureHeldOut(model, task, learned, { seed: 3 });
  const expected = evaluate(model, task.test, learned);
  for (const name of ["klOthers", "totalVariation", "deltaClean", "bestOtherKept", "activeParameters"] as const) {
    expect(measures[name].value, name).toBeCloseTo(expected[name], 4);
    expect(measures[name].low, name).toBeLessThanOrEqual(measures[name].value);
    expect(measures[name].high, name).toBeGreaterThanOrEqual(measures[name].value);
  }
  const { steered } = harm(model, unrelatedTexts(model, task, { seed: 3 }), learned);
  expect(measures.klOffTaskMinus.value).toBeCloseTo(steered[0]!.kl, 4);
  expect(measures.klOffTaskPlus.value).toBeCloseTo(steered[1]!.kl, 4);
});
