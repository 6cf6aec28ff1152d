import { step, type Tensor } from "fader/autograd";
import { type Intervention, type Interventions, Model, placeName, type Site, sitesOf } from "fader/nn";
import { attentionPatterns, directLogitAttribution, logitLens } from "fader/steering";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attentionHeads } from "../../src/nn/model/gpt";
import { rotaryAngles } from "../../src/nn/model/rotary";
import { kinds, makeEdit } from "../helpers/naive";
import { distance, inFloat64, random, tinyFamilyNames, tinyOf, values } from "../helpers/tiny";

const models = tinyFamilyNames.map((name) => ({ single: tinyOf(name), precise: inFloat64(tinyOf(name)) }));

const oneEdit = fc.record({
  layer: fc.nat({ max: 1 }),
  site: fc.nat({ max: 5 }),
  kind: fc.constantFrom(...kinds),
  byPosition: fc.boolean(),
  byHead: fc.boolean(),
  normalize: fc.boolean(),
  positions: fc.option(fc.constantFrom<number[]>([-1], [0], [0, -1]), { nil: undefined }),
  seed: fc.nat({ max: 999 }),
});
const cases = fc.record({
  family: fc.nat({ max: models.length - 1 }),
  ids: fc.array(fc.nat({ max: 28 }), { minLength: 2, maxLength: 9 }),
  edits: fc.array(oneEdit, { maxLength: 3 }),
  beta: fc.constantFrom(1, -1, 0.5, 0),
  answers: fc.tuple(fc.nat({ max: 28 }), fc.nat({ max: 28 })),
});

type OneEdit = typeof oneEdit extends fc.Arbitrary<infer T> ? T : never;

/** Random edits, by site; those of one site apply in order. */
function interventionsOf(model: Model, edits: readonly OneEdit[], n: number): Interventions {
  const { config } = model;
  const own = sitesOf(config);
  const map: Record<string, Intervention[]> = {};
  for (const { layer, site: index, seed, ...form } of edits) {
    const site = own[index % own.length] as Site;
    const width = site === "z" ? [config.n_heads, config.d_head] : [config.d_model];
    const { intervention } = makeEdit(site, { ...form, layers: [layer], beta: 1 }, width, n, 2, seed, model.dtype);
    map[site] = [...(map[site] ?? []), intervention];
  }
  return map;
}

describe("direct logit attribution", () => {
  test("adds up to Δ under any interventions, in every family", () => {
    fc.assert(
      fc.property(cases, ({ family, ids, edits, beta, answers: [correct, wrong] }) => {
        for (const [model, relative] of [
          [models[family]!.single, 1e-5],
          [models[family]!.precise, 1e-9],
        ] as const) {
          const interventions = interventionsOf(model, edits, ids.length);
          const found = directLogitAttribution(model, ids, { correct, wrong, interventions, beta });
          const logits = values(model.forward(ids, { interventions, beta, positions: "last" }).logits);
          expect(found.delta).toBe(logits[correct]! - logits[wrong]!);
          const terms = found.terms().map(({ value }) => value);
          const sum = terms.reduce((a, b) => a + b, 0);
          const size = Math.max(1, ...logits.map(Math.abs), ...terms.map(Math.abs));
          expect(Math.abs(sum - found.delta)).toBeLessThan(relative * size);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("names an edit exactly where there is one", () => {
    fc.assert(
      fc.property(cases, ({ family, ids, edits, beta, answers: [correct, wrong] }) => {
        const model = models[family]!.single;
        const interventions = interventionsOf(model, edits, ids.length);
        const { blocks } = directLogitAttribution(model, ids, { correct, wrong, interventions, beta });
        const own = sitesOf(model.config);
        const wanted = new Set(edits.map(({ layer, site }) => placeName(own[site % own.length]!, layer)));
        const named = blocks.flatMap(({ edits: found }, l) => Object.keys(found).map((s) => placeName(s as Site, l)));
        const expected = beta === 0 ? [] : [...wanted].filter((name) => !name.endsWith(".z"));
        expect(named.sort()).toEqual(expected.sort());
      }),
      { numRuns: 60 },
    );
  });
});

describe("the logit lens", () => {
  test("after a block gives what a model that ends there gives", () => {
    fc.assert(
      fc.property(cases, ({ family, ids, edits, beta, answers }) => {
        const model = models[family]!.precise;
        const interventions = interventionsOf(model, edits, ids.length);
        const lens = logitLens(model, ids, { interventions, beta, tokens: answers, top: 29, full: true });
        lens.places.forEach(({ name, cells }, depth) => {
          expect(name).toBe(depth === 0 ? "blocks.0.resid_pre" : placeName("resid_post", depth - 1));
          const cut = new Model({ ...model.config, n_layers: depth }, model.weights);
          // The stream entering block 0 is looked at after its edits.
          const isEntry = depth === 0 && edits.some(({ layer, site }) => layer === 0 && site === 0);
          if (isEntry && beta !== 0) return;
          const kept = interventionsOf(
            model,
            edits.filter(({ layer }) => layer < depth),
            ids.length,
          );
          const { logits } = cut.forward(ids, { interventions: kept, beta });
          expect(distance(logits, [...lens.logits![name]!])).toBeLessThan(1e-9);
          const p = logits.softmax().squeeze(0).toArray() as number[][];
          cells.forEach(({ top, tokens }, t) => {
            expect(top.map(({ rank }) => rank)).toEqual(Array.from({ length: 29 }, (_, i) => i + 1));
            expect(new Set(top.map(({ id }) => id)).size).toBe(29);
            top.forEach(({ id, probability }, i) => {
              expect(Math.abs(probability - p[t]![id]!)).toBeLessThan(1e-9);
              if (i > 0) expect(probability).toBeLessThanOrEqual(top[i - 1]!.probability);
            });
            expect(tokens).toEqual(answers.map((id) => top.find((entry) => entry.id === id)));
          });
        });
      }),
      { numRuns: 40 },
    );
  });
});

describe("attention patterns", () => {
  test("are what the model mixes values by, in every family", () => {
    fc.assert(
      fc.property(cases, ({ family, ids, edits, beta }) => {
        step(() => {
          const model = models[family]!.single;
          const { config, parts } = model;
          const interventions = interventionsOf(model, edits, ids.length);
          const found = attentionPatterns(model, ids, { interventions, beta });
          const seen: Record<string, { before: Tensor; after: Tensor }> = {};
          model.forward(ids, {
            interventions,
            beta,
            observe: (site, layer, before, after) => {
              seen[placeName(site, layer)] = { before, after };
            },
          });
          const shape = random([1, ids.length], 0);
          const positions = Int32Array.from(ids, (_, i) => i);
          const angles = config.rotary && rotaryAngles(config.rotary, { ids: shape, positions }, "f32");
          for (let l = 0; l < config.n_layers; l++) {
            const x = parts.norm("ln_1", seen[placeName("resid_pre", l)]!.after, l);
            const qkv = attentionHeads(parts, config, l, x, angles).squeeze(0).toArray() as number[][][];
            const z = seen[placeName("z", l)]!.before.squeeze(0).toArray() as number[][][];
            const { n_heads, n_kv_heads, d_head } = config;
            for (let h = 0; h < n_heads; h++) {
              const valueHead = n_heads + n_kv_heads + Math.floor((h * n_kv_heads) / n_heads);
              found.head(l, h).forEach((row, query) => {
                expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
                for (const p of row.slice(query + 1)) expect(p).toBe(0);
                for (let i = 0; i < d_head; i++) {
                  const mixed = row.reduce((sum, p, key) => sum + p * qkv[key]![valueHead]![i]!, 0);
                  const bound = 1e-5 * Math.max(1, ...row.map((_, key) => Math.abs(qkv[key]![valueHead]![i]!)));
                  expect(Math.abs(mixed - z[query]![h]![i]!)).toBeLessThan(bound);
                }
              });
            }
          }
        });
      }),
      { numRuns: 80 },
    );
  });
});
