import { concat, step } from "fader/autograd";
import { KVCache, type Model, type Site, sitesOf } from "fader/nn";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Form, kinds, makeEdit } from "../helpers/naive";
import { distance, inFloat64, tinyFamilyNames, tinyOf, values } from "../helpers/tiny";

/** Some edits magnify every rounding error; in float64 that stays small. */
const models = tinyFamilyNames.map((name) => {
  const model = tinyOf(name);
  return { model, precise: inFloat64(model) };
});
const family = fc.constantFrom(...models);
const { n_layers, vocab_size, n_ctx } = models[0]!.model.config;
const prompt = fc.array(fc.nat({ max: vocab_size - 1 }), { minLength: 1, maxLength: n_ctx });
const prompts = fc.array(prompt, { minLength: 1, maxLength: 4 });

/** Positions that every prompt of the batch has, from its start or its end, so that each is fit to run alone. */
const batches = fc
  .tuple(prompts, family, fc.constantFrom(...kinds), fc.nat({ max: 999 }))
  .chain((drawn) => fc.constantFrom(...sitesOf(drawn[1].model.config)).map((site) => [...drawn, site] as const))
  .chain(([rows, { precise }, kind, seed, site]) => {
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
    return form.map((made) => ({ rows, precise, site, seed, form: made, length: shortest }));
  });

function widthOf({ config }: Model, site: Site): number[] {
  return site === "z" ? [config.n_heads, config.d_head] : [config.d_model];
}

describe("a batch of prompts of any lengths", () => {
  test("gives what each prompt gives alone", () => {
    fc.assert(
      fc.property(prompts, family, (rows, { model }) => {
        step(() => {
          const { logits: all, padding } = model.forward(rows);
          const last = model.forward(rows, { positions: "last" }).logits;
          rows.forEach((ids, row) => {
            const alone = model.forward(ids).logits;
            const own = all.slice([
              [row, row + 1],
              [padding[row]!, null],
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
      fc.property(batches, ({ rows, precise, site, seed, form, length }) => {
        step(() => {
          const width = widthOf(precise, site);
          const { intervention } = makeEdit(site, form, width, length, n_layers, seed, "f64");
          const options = { interventions: { [site]: intervention }, beta: form.beta, capture: [site] };
          const together = precise.forward(rows, options);
          rows.forEach((ids, row) => {
            const alone = precise.forward(ids, options);
            const own = [[row, row + 1] as const, [together.padding[row]!, null] as const];
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
          const { rows, precise, site, seed, form, length } = batch;
          const width = widthOf(precise, site);
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

  test("read through a cache in portions gives what is read at once, under any intervention", () => {
    const portions = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
    const property = fc.property(batches, portions, fc.nat(), (batch, sizes, draw) =>
      step(() => {
        const { precise, site, seed, form } = batch;
        const rest = sizes.reduce((a, b) => a + b, 0);
        const rows = batch.rows.map((ids) => ids.slice(0, Math.max(1, n_ctx - rest)));
        const length = Math.min(batch.length, ...rows.map((ids) => ids.length));
        const fits = form.positions === undefined || form.positions.every((p) => p < length && p >= -length);
        fc.pre(fits && rows.every((ids) => ids.length + rest <= n_ctx));
        const { intervention } = makeEdit(site, form, widthOf(precise, site), length, n_layers, seed, "f64");
        const options = { interventions: { [site]: intervention }, beta: form.beta };
        const added = rows.map((_, r) => Array.from({ length: rest }, (_, i) => (draw + 7 * r + 3 * i) % vocab_size));
        const whole = precise.forward(
          rows.map((ids, r) => [...ids, ...added[r]!]),
          { ...options, promptLengths: rows.map((ids) => ids.length) },
        );
        const cache = new KVCache(precise);
        const parts = [precise.forward(rows, { ...options, cache })];
        let at = 0;
        for (const size of sizes) {
          const next = added.map((ids) => ids.slice(at, at + size));
          parts.push(precise.forward(next, { ...options, cache }));
          at += size;
        }
        const together = concat(
          parts.map(({ logits }) => logits),
          1,
        );
        rows.forEach((_, r) => {
          const own = [[r, r + 1] as const, [whole.padding[r]!, null] as const];
          expect(distance(together.slice(own), whole.logits.slice(own))).toBeLessThan(1e-9);
        });
      }),
    );
    fc.assert(property, { numRuns: 120 });
  });
});
