import { type GenerateOptions, generateIds, sites } from "fader/nn";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Form, kinds, makeEdit } from "../fixtures/own/naive";
import { inFloat64, tinyModel } from "../fixtures/own/tiny";

/** In float64, so that no rounding makes another token the most likely one. */
const models = { gpt2: inFloat64(tinyModel()) };
const { n_layers, n_heads, d_head, d_model, vocab_size, n_ctx } = tinyModel().config;
const prompt = fc.array(fc.nat({ max: vocab_size - 1 }), { minLength: 1, maxLength: n_ctx });

const settings: fc.Arbitrary<GenerateOptions> = fc.oneof(
  fc.record({ maxTokens: fc.nat({ max: n_ctx }), repetitionPenalty: fc.constantFrom(1, 1.4) }),
  fc.record({
    maxTokens: fc.nat({ max: n_ctx }),
    temperature: fc.constantFrom(0.7, 1.6),
    topK: fc.constantFrom(undefined, 1, 7),
    topP: fc.constantFrom(undefined, 0.8123),
    repetitionPenalty: fc.constantFrom(1, 1.2, 0.8),
    seed: fc.nat({ max: 999 }),
    stopTokens: fc.constantFrom(undefined, [1, 2, 3]),
  }),
);

/** Prompts of several lengths, and an edit whose positions all of them have, from either end or none. */
const cases = fc
  .record({
    rows: fc.array(prompt, { minLength: 1, maxLength: 4 }),
    site: fc.constantFrom(...sites),
    kind: fc.constantFrom(...kinds),
    seed: fc.nat({ max: 999 }),
    options: settings,
  })
  .chain((base) => {
    const length = Math.min(...base.rows.map((ids) => ids.length));
    const fromEnd = fc.uniqueArray(fc.integer({ min: -length, max: -1 }), { minLength: 1, maxLength: 3 });
    const fromStart = fc.uniqueArray(fc.nat({ max: length - 1 }), { minLength: 1, maxLength: 3 });
    const form: fc.Arbitrary<Form> = fc.record({
      kind: fc.constant(base.kind),
      layers: fc.option(fc.shuffledSubarray([...Array(n_layers).keys()], { minLength: 1 }), { nil: undefined }),
      positions: fc.option(fc.oneof(fromEnd, fromStart), { nil: undefined }),
      byPosition: fc.boolean(),
      byHead: fc.boolean(),
      normalize: fc.boolean(),
      beta: fc.constantFrom(1, -0.7, 0.4),
    });
    return form.map((made) => ({ ...base, form: made, length }));
  });

function optionsOf({ site, form, seed, length, options }: typeof cases extends fc.Arbitrary<infer T> ? T : never) {
  const width = site === "z" ? [n_heads, d_head] : [d_model];
  const { intervention } = makeEdit(site, form, width, length, n_layers, seed, "f64");
  return { ...options, interventions: { [site]: intervention }, beta: form.beta };
}

describe.each(Object.entries(models))("generation, %s", (_, model) => {
  test("with a cache gives the tokens that it gives without one, under any intervention", () => {
    fc.assert(
      fc.property(cases, (given) => {
        const options = optionsOf(given);
        const ids = given.rows[0]!;
        const cached = generateIds(model, ids, { ...options, useCache: true });
        expect(cached).toEqual(generateIds(model, ids, { ...options, useCache: false }));
      }),
      { numRuns: 120 },
    );
  });

  test("of a batch gives what each prompt gives alone, under any intervention", () => {
    fc.assert(
      fc.property(cases, fc.boolean(), (given, useCache) => {
        const options = { ...optionsOf(given), useCache };
        const seed = given.options.seed ?? 0;
        const alone = given.rows.map((ids, row) =>
          generateIds(model, ids, { ...options, seed: seed + row, useCache: false }),
        );
        expect(generateIds(model, given.rows, options)).toEqual(alone);
      }),
      { numRuns: 120 },
    );
  });
});
