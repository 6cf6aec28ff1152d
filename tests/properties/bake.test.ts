import { Random, step } from "fader/autograd";
import {
  ablate,
  add,
  type Intervention,
  type Interventions,
  type Model,
  placeName,
  project,
  readCheckpoint,
  replace,
  type Site,
  scale,
  sitesOf,
  writeCheckpoint,
} from "fader/nn";
import { bake } from "fader/steering";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isHalf } from "../../src/tensor/internal";
import { distance, inFloat64, random, type TinyFamily, tinyFamilyNames, tinyOf, values } from "../helpers/tiny";

const models = Object.fromEntries(tinyFamilyNames.map((name) => [name, tinyOf(name)]));
const precise = Object.fromEntries(tinyFamilyNames.map((name) => [name, inFloat64(models[name]!)]));

const kinds = ["scale", "add", "replace", "ablate", "project"] as const;

/** One edit by its kind, its place, and whether its parameters are tensors. */
interface Draft {
  site: Site;
  /** Undefined: all blocks. */
  layer: number | undefined;
  kind: (typeof kinds)[number];
  isTensor: boolean;
}
const draft = fc.record<Draft>({
  site: fc.constantFrom<Site[]>("resid_pre", "z", "attn_out", "resid_mid", "mlp_out", "resid_post"),
  layer: fc.constantFrom(undefined, 0, 1),
  kind: fc.constantFrom(...kinds),
  isTensor: fc.boolean(),
});
const cases = fc.record({
  family: fc.constantFrom(...tinyFamilyNames),
  drafts: fc.array(draft, { minLength: 1, maxLength: 6 }),
  beta: fc.constantFrom(1, -1, 0.5, -0.3, 0),
  seed: fc.nat({ max: 9999 }),
  ids: fc.array(fc.nat({ max: 28 }), { minLength: 1, maxLength: 9 }),
});

function editOf({ site, layer, kind, isTensor }: Draft, { config }: Model, seed: number, dtype: "f32" | "f64") {
  const { n_layers, n_heads, d_head, d_model } = config;
  const layers = layer === undefined ? [n_layers] : [];
  const feature = site === "z" ? [n_heads, d_head] : [d_model];
  const vector = () => random([...layers, ...feature], seed, dtype);
  const number = new Random(seed).normal() / 2;
  const at = { positions: "all" as const };
  const made: Record<typeof kind, () => Intervention> = {
    scale: () => scale(isTensor ? random([...layers, ...(site === "z" ? [n_heads] : [])], seed, dtype) : number, at),
    add: () => add(isTensor ? vector() : number),
    replace: () => replace(isTensor ? vector() : number),
    ablate: () => ablate(),
    project: () => project(vector()),
  };
  return made[kind]();
}

/** A map of what can be baked into this model; drafts of one key make a list. */
function mapOf(drafts: readonly Draft[], model: Model, seed: number, dtype: "f32" | "f64"): Interventions {
  const { config } = model;
  const map: Record<string, Intervention[]> = {};
  drafts.forEach((given, i) => {
    const isResidual = given.site.startsWith("resid");
    const hasNoTable = config.tie_word_embeddings && config.rotary !== undefined;
    // Nothing but the head of this model could hold it.
    if (given.site === "resid_pre" && given.layer !== 1 && hasNoTable) return;
    if (!sitesOf(config).includes(given.site)) return;
    const drawn = isResidual ? { ...given, kind: "add" as const } : given;
    const key = drawn.layer === undefined ? drawn.site : placeName(drawn.site, drawn.layer);
    map[key] = [...(map[key] ?? []), editOf(drawn, model, seed + 7 * i, dtype)];
  });
  return map;
}

/** Largest difference of the logits, relative where they are large. */
function difference(a: Model, b: Model, ids: number[], interventions: Interventions, beta: number): number {
  return step(() => {
    const [got, want] = [values(a.forward(ids).logits), values(b.forward(ids, { interventions, beta }).logits)];
    return want.reduce((most, x, i) => Math.max(most, Math.abs(got[i]! - x) / Math.max(1, Math.abs(x))), 0);
  });
}

describe("a baked model", () => {
  test("gives the logits of the intervention that it holds, before and after it was saved", () => {
    fc.assert(
      fc.property(cases, ({ family, drafts, beta, seed, ids }) => {
        const model = models[family]!;
        const map = mapOf(drafts, model, seed, "f32");
        const baked = bake(model, map, { beta, addBiases: true });
        expect(difference(baked, model, ids, map, beta)).toBeLessThan(1e-5);
        expect(difference(readCheckpoint(writeCheckpoint(baked)), baked, ids, {}, 1)).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  test("does so to the last digits in float64", () => {
    fc.assert(
      fc.property(cases, ({ family, drafts, beta, seed, ids }) => {
        const model = precise[family]!;
        const map = mapOf(drafts, model, seed, "f64");
        expect(difference(bake(model, map, { beta, addBiases: true }), model, ids, map, beta)).toBeLessThan(1e-10);
      }),
      { numRuns: 150 },
    );
  });

  test("shares what it did not change, and leaves the model as it was", () => {
    fc.assert(
      fc.property(cases, ({ family, drafts, beta, seed, ids }) => {
        const model = models[family]!;
        const before = step(() => values(model.forward(ids).logits));
        const map = mapOf(drafts, model, seed, "f32");
        const baked = bake(model, map, { beta, addBiases: true });
        for (const [name, weight] of Object.entries(model.weights)) {
          const isSame = distance(weight, baked.weights[name]!) === 0;
          expect(baked.weights[name] === weight, name).toBe(isSame);
        }
        expect(step(() => values(model.forward(ids).logits))).toEqual(before);
      }),
      { numRuns: 40 },
    );
  });

  test.each(tinyFamilyNames)(
    "of 16-bit weights stays so, or keeps float32 where it changed: %s",
    (family: TinyFamily) => {
      const files = writeCheckpoint(models[family]!);
      for (const stored of ["f16", "bf16"] as const) {
        const half = readCheckpoint(files, { dtype: stored });
        const map = { attn_out: scale(0.3), "blocks.1.mlp_out": ablate() };
        const [rounded, exact] = [bake(half, map), bake(half, map, { dtype: "f32" })];
        for (const [name, { dtype }] of Object.entries(half.weights)) expect(rounded.weights[name]!.dtype).toBe(dtype);
        const widened = Object.entries(exact.weights).filter(
          ([name, x]) => isHalf(half.weights[name]!.dtype) && !isHalf(x.dtype),
        );
        expect(widened).toHaveLength(3);
        const ids = [3, 1, 4, 1, 5];
        expect(difference(exact, half, ids, map, 1)).toBeLessThan(1e-5);
        expect(difference(rounded, half, ids, map, 1)).toBeLessThan(stored === "f16" ? 0.02 : 0.15);
      }
    },
  );
});
