import { step } from "fader/autograd";
import { add, type Interventions, type Model, replace, scale, sites } from "fader/nn";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Form, kinds, makeEdit } from "../helpers/naive";
import { type Edit, plainLogits, type Rows } from "../helpers/plain";
import { distance, inFloat64, plainOf, random, tinyModel, values } from "../helpers/tiny";

const model = tinyModel();
const precise = inFloat64(model);
const plain = plainOf(model);
const { n_layers, n_heads, d_head, d_model, vocab_size } = model.config;
const widthOf = (site: string) => (site === "z" ? [n_heads, d_head] : [d_model]);
const id = fc.nat({ max: vocab_size - 1 });
const prompt = fc.array(id, { minLength: 1, maxLength: 8 });

/** A prompt, a site, and a way to lay out an edit that fits both. */
const cases = fc
  .record({ ids: prompt, site: fc.constantFrom(...sites), kind: fc.constantFrom(...kinds), seed: fc.nat({ max: 999 }) })
  .chain(({ ids, site, kind, seed }) => {
    const position = fc.nat({ max: ids.length - 1 }).chain((t) => fc.constantFrom(t, t - ids.length));
    const positions = fc.uniqueArray(position, {
      minLength: 1,
      maxLength: 4,
      selector: (p) => (p < 0 ? p + ids.length : p),
    });
    const form: fc.Arbitrary<Form> = fc.record({
      kind: fc.constant(kind),
      layers: fc.option(fc.shuffledSubarray([...Array(n_layers).keys()], { minLength: 1 }), { nil: undefined }),
      positions: fc.option(positions, { nil: undefined }),
      byPosition: fc.boolean(),
      byHead: fc.boolean(),
      normalize: fc.boolean(),
      beta: fc.constantFrom(1, -1, 0.5, -0.3),
    });
    return form.map((made) => ({ ids, site, seed, form: made }));
  });

/** What the plain model computes, with the activations after the edit at one site. */
function plainRun(ids: number[], site: string, edit: Edit) {
  const edited: Record<string, number[]> = {};
  const logits = plainLogits(plain, ids, (at, layer, h) => {
    const result = edit(at, layer, h);
    if (at === site) edited[`blocks.${layer}.${site}`] = result.flat();
    return result;
  });
  return { logits: logits.flat(), edited };
}

describe("an intervention", () => {
  test("of every kind at every site does what its formula says, and so does all that follows", () => {
    fc.assert(
      fc.property(cases, ({ ids, site, form, seed }) => {
        step(() => {
          const { intervention, edit } = makeEdit(site, form, widthOf(site), ids.length, n_layers, seed, "f64");
          const want = plainRun(ids, site, edit);
          const run = precise.forward(ids, {
            interventions: { [site]: intervention },
            beta: form.beta,
            capture: [site],
          });
          for (const [name, rows] of Object.entries(want.edited)) {
            const bound = 1e-9 * Math.max(1, ...rows.map(Math.abs));
            expect(distance(run.activations[name]!, rows), name).toBeLessThan(bound);
          }
          expect(distance(run.logits, want.logits)).toBeLessThan(1e-8);
        });
      }),
      { numRuns: 250 },
    );
  });

  test("gives the logits that replacing the activation by its edited values gives", () => {
    fc.assert(
      fc.property(cases, ({ ids, site, form, seed }) => {
        step(() => {
          const { intervention } = makeEdit(site, form, widthOf(site), ids.length, n_layers, seed);
          const { beta } = form;
          const run = model.forward(ids, { interventions: { [site]: intervention }, beta, capture: [site] });
          const swaps = Object.entries(run.activations).map(([name, h]) => [name, replace(h.squeeze(0))]);
          const replaced = model.forward(ids, { interventions: Object.fromEntries(swaps) }).logits;
          expect(distance(replaced, run.logits)).toBe(0);
        });
      }),
      { numRuns: 60 },
    );
  });

  test("that is the identity keeps every bit", () => {
    const clean = bits(model, {}, [3, 1, 4]);
    fc.assert(
      fc.property(cases, ({ site, form, seed }) => {
        const width = widthOf(site);
        const still: Interventions[string][] = [
          [],
          scale(0),
          scale(random([n_layers], 0, "f32", 0)),
          scale(random([n_layers, 3], 0, "f32", 0)),
          add(0),
          add(random([n_layers, ...width], 0, "f32", 0)),
          add(random([n_layers, 2, ...width], 0, "f32", 0), { positions: [0, -1] }),
        ];
        for (const identity of still) expect(bits(model, { [site]: identity }, [3, 1, 4])).toEqual(clean);
        const fitting = { ...form, positions: form.positions && [0, -1] };
        const { intervention } = makeEdit(site, fitting, width, 3, n_layers, seed);
        expect(bits(model, { [site]: intervention }, [3, 1, 4], 0)).toEqual(clean);
        expect(bits(model, { [site]: intervention }, [3, 1, 4], [0])).toEqual(clean);
      }),
      { numRuns: 30 },
    );
  });

  test("of a list acts on what the one before it left", () => {
    fc.assert(
      fc.property(cases, fc.array(fc.constantFrom(...kinds), { minLength: 2, maxLength: 3 }), (one, list) => {
        step(() => {
          const { ids, site, form, seed } = one;
          const made = list.map((kind, i) =>
            makeEdit(site, { ...form, kind }, widthOf(site), ids.length, n_layers, seed + 10 * i, "f64"),
          );
          const edit: Edit = (at, layer, h) => made.reduce<Rows>((rows, next) => next.edit(at, layer, rows), h);
          const want = plainRun(ids, site, edit);
          const interventions = { [site]: made.map(({ intervention }) => intervention) };
          const { logits } = precise.forward(ids, { interventions, beta: form.beta });
          expect(distance(logits, want.logits)).toBeLessThan(1e-7);
        });
      }),
      { numRuns: 100 },
    );
  });
});

/** The logits as bit patterns. */
function bits(of: Model, interventions: Interventions, ids: number[], beta: number | number[] = 1): Uint32Array {
  const logits = step(() => values(of.forward(ids, { interventions, beta }).logits));
  return new Uint32Array(Float32Array.from(logits).buffer);
}
