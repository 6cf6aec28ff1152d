import { step } from "fader/autograd";
import { sites } from "fader/nn";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Form, kinds, makeEdit } from "../fixtures/own/naive";
import { distance, inFloat64, tinyModel, values } from "../fixtures/own/tiny";

const model = tinyModel();
/** Some edits magnify every rounding error; in float64 that stays small. */
const precise = inFloat64(model);
const { n_layers, n_heads, d_head, d_model, vocab_size, n_ctx } = model.config;
const prompt = fc.array(fc.nat({ max: vocab_size - 1 }), { minLength: 1, maxLength: n_ctx });
const prompts = fc.array(prompt, { minLength: 1, maxLength: 4 });

/** Positions that every prompt of the batch has, from its start or its end, so that each is fit to run alone. */
const batches = fc
  .tuple(prompts, fc.constantFrom(...sites), fc.constantFrom(...kinds), fc.nat({ max: 999 }))
  .chain(([rows, site, kind, seed]) => {
    const shortest = Math.min(...rows.map((ids) => ids.length));
    const fromEnd = fc.uniqueArray(fc.integer({ min: -shortest, max: -1 }), { minLength: 1, maxLength: 3 });
    const fromStart = fc.uniqueArray(fc.nat({ max: shortest - 1 }), { minLength: 1, maxLength: 3 });
    const form: fc.Arbitrary<Form> = fc.record({
      kind: fc.constant(kind),
      layers: fc.constant(undefined),
      positions: fc.option(fc.oneof(fromEnd, fromStart), { nil: undefined }),
      byPosition: fc.boolean(),
      byHead: fc.boolean(),
      normalize: fc.boolean(),
      beta: fc.constantFrom(1, -0.7),
    });
    return form.map((made) => ({ rows, site, seed, form: made, length: shortest }));
  });

describe("a batch of prompts of any lengths", () => {
  test("gives what each prompt gives alone", () => {
    fc.assert(
      fc.property(prompts, (rows) => {
        step(() => {
          const all = model.forward(rows).logits;
          const last = model.forward(rows, { positions: "last" }).logits;
          rows.forEach((ids, row) => {
            const alone = model.forward(ids).logits;
            const own = all.slice([
              [row, row + 1],
              [0, ids.length],
            ]);
            expect(distance(own, alone)).toBeLessThan(1e-5);
            expect(distance(last.slice([[row, row + 1]]), alone.slice([null, [ids.length - 1]]))).toBeLessThan(1e-5);
          });
        });
      }),
      { numRuns: 60 },
    );
  });

  test("gives what each prompt gives alone with interventions at every site and of every kind", () => {
    fc.assert(
      fc.property(batches, ({ rows, site, seed, form, length }) => {
        step(() => {
          const width = site === "z" ? [n_heads, d_head] : [d_model];
          const { intervention } = makeEdit(site, form, width, length, n_layers, seed, "f64");
          const options = { interventions: { [site]: intervention }, beta: form.beta, capture: [site] };
          const together = precise.forward(rows, options);
          rows.forEach((ids, row) => {
            const alone = precise.forward(ids, options);
            const own = [[row, row + 1] as const, [0, ids.length] as const];
            expect(distance(together.logits.slice(own), alone.logits)).toBeLessThan(1e-9);
            for (const [name, h] of Object.entries(together.activations)) {
              const want = values(alone.activations[name]!);
              const bound = 1e-10 * Math.max(1, ...want.map(Math.abs));
              expect(distance(h.slice(own), want), name).toBeLessThan(bound);
            }
          });
        });
      }),
      { numRuns: 80 },
    );
  });

  test("takes a beta for each prompt", () => {
    fc.assert(
      fc.property(batches, fc.array(fc.constantFrom(-1, 0, 0.4, 1), { minLength: 4, maxLength: 4 }), (batch, betas) => {
        step(() => {
          const { rows, site, seed, form, length } = batch;
          const width = site === "z" ? [n_heads, d_head] : [d_model];
          const { intervention } = makeEdit(site, form, width, length, n_layers, seed, "f64");
          const interventions = { [site]: intervention };
          const beta = betas.slice(0, rows.length);
          const together = precise.forward(rows, { interventions, beta, positions: "last" }).logits;
          rows.forEach((ids, row) => {
            const alone = precise.forward(ids, { interventions, beta: beta[row]!, positions: "last" }).logits;
            expect(distance(together.slice([[row, row + 1]]), alone)).toBeLessThan(1e-9);
          });
        });
      }),
      { numRuns: 40 },
    );
  });
});
