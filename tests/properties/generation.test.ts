import { type GenerateOptions, generateIds, sitesOf } from "fader/nn";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Form, kinds, makeEdit } from "../helpers/naive";
import { inFloat64, tinyFamilyNames, tinyOf } from "../helpers/tiny";

const { vocab_size, n_ctx, n_layers } = tinyOf("gpt2").config;
const prompt = fc.array(fc.nat({ max: vocab_size - 1 }), { minLength: 1, maxLength: n_ctx });
const maxTokens = fc.nat({ max: n_ctx });

const settings: fc.Arbitrary<GenerateOptions & { maxTokens: number }> = fc.oneof(
  fc.record({ maxTokens, repetitionPenalty: fc.constantFrom(1, 1.4) }),
  fc.record({
    maxTokens,
    temperature: fc.constantFrom(0.7, 1.6),
    topK: fc.constantFrom(undefined, 1, 7),
    topP: fc.constantFrom(undefined, 0.8123),
    repetitionPenalty: fc.constantFrom(1, 1.2, 0.8),
    seed: fc.nat({ max: 999 }),
    stopTokens: fc.constantFrom(undefined, [1, 2, 3]),
  }),
);

/** In float64, so that no rounding makes another token the likeliest. */
const models = Object.fromEntries(tinyFamilyNames.map((family) => [family, inFloat64(tinyOf(family))]));

/** Prompts, and an edit that fits them. */
const cases = fc
  .record({
    family: fc.constantFrom(...tinyFamilyNames),
    rows: fc.array(prompt, { minLength: 1, maxLength: 4 }),
    kind: fc.constantFrom(...kinds),
    seed: fc.nat({ max: 999 }),
    settings,
  })
  .chain((base) => {
    const length = Math.min(...base.rows.map((ids) => ids.length));
    // Positions that every row comes to have, so that each is fit to run alone: of prompts or of generated tokens.
    const limit = Math.min(n_ctx, length + base.settings.maxTokens);
    const fromEnd = fc.uniqueArray(fc.integer({ min: -length, max: -1 }), { minLength: 1, maxLength: 3 });
    const fromStart = fc.uniqueArray(fc.nat({ max: limit - 1 }), { minLength: 1, maxLength: 3 });
    const form: fc.Arbitrary<Form> = fc.record({
      kind: fc.constant(base.kind),
      layers: fc.option(fc.shuffledSubarray([...Array(n_layers).keys()], { minLength: 1 }), { nil: undefined }),
      positions: fc.option(fc.oneof(fromEnd, fromStart), { nil: undefined }),
      byPosition: fc.boolean(),
      byHead: fc.boolean(),
      normalize: fc.boolean(),
      beta: fc.constantFrom(1, -0.7, 0.4),
    });
    const site = fc.constantFrom(...sitesOf(models[base.family]!.config));
    return fc.tuple(form, site).map(([form, site]) => ({ ...base, form, site, length }));
  });
type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

function open({ family, site, form, length, seed, settings }: Case) {
  const model = models[family]!;
  const { n_heads, d_head, d_model } = model.config;
  const width = site === "z" ? [n_heads, d_head] : [d_model];
  const { intervention } = makeEdit(site, form, width, length, n_layers, seed, "f64");
  return { model, options: { ...settings, interventions: { [site]: intervention }, beta: form.beta } };
}

describe("generation in every family, under any intervention", () => {
  test("with a cache gives the tokens that it gives without one", () => {
    fc.assert(
      fc.property(cases, (given) => {
        const { model, options } = open(given);
        const [ids] = given.rows;
        const cached = generateIds(model, ids!, { ...options, useCache: true });
        expect(cached).toEqual(generateIds(model, ids!, { ...options, useCache: false }));
      }),
      { numRuns: 200 },
    );
  });

  test("of a batch gives what each prompt gives alone, with a cache and without", () => {
    fc.assert(
      fc.property(cases, fc.boolean(), fc.boolean(), (given, together, alone) => {
        const { model, options } = open(given);
        const seed = given.settings.seed ?? 0;
        const each = given.rows.map((ids, row) =>
          generateIds(model, ids, { ...options, seed: seed + row, useCache: alone }),
        );
        expect(generateIds(model, given.rows, { ...options, useCache: together })).toEqual(each);
      }),
      { numRuns: 150 },
    );
  });
});
