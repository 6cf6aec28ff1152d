import { ArgumentError } from "fader/autograd";
import { type Model, type Place, type Site, SiteError, sites, sitesOf } from "fader/nn";
import { activationPatching, attributionPatching, counterfactuals, type PatchMode, patchModes } from "fader/steering";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Edit, plainLogits, type Rows } from "../../../helpers/plain";
import { fakePrompts } from "../../../helpers/task";
import { distance, inFloat64, message, plainOf, tinyFamilyNames, tinyModel, tinyOf } from "../../../helpers/tiny";

const model = tinyModel();
const precise = inFloat64(model);
const plain = plainOf(model);
const prompts = fakePrompts(3, 3);
const { n_layers } = model.config;

type Prompts = typeof prompts;

/** Activations `[position]` of the plain model by site and layer, and its Δ. */
function plainRun({ ids, correct, wrong }: Prompts[number], edit?: Edit) {
  const found: Record<string, Rows> = {};
  const last = plainLogits(plain, ids, (site, layer, h) => {
    found[`${site} ${layer}`] = h;
    return edit ? edit(site, layer, h) : h;
  }).at(-1)!;
  return { h: found, delta: last[correct]! - last[wrong]! };
}

/** What patching a place of the plain model does to Δ of each prompt, at every place. */
function plainEffects(mode: PatchMode, others: Prompts, places: readonly Required<Place>[]): number[][] {
  const [clean, other] = [prompts, others].map((list) => list.map((prompt) => plainRun(prompt)));
  return prompts.map((prompt, row) =>
    places.map(({ site, layer, position }) => {
      const at = (run: { h: Record<string, Rows> }) => run.h[`${site} ${layer}`]![position]!;
      const width = at(clean![0]!).map((_, i) => i);
      const value = {
        counterfactual: at(other![row]!),
        zero: width.map(() => 0),
        mean: width.map((i) => clean!.reduce((sum, run) => sum + at(run)[i]! / prompts.length, 0)),
      }[mode];
      const edit: Edit = (s, l, h) => (s === site && l === layer ? h.map((v, t) => (t === position ? value : v)) : h);
      return plainRun(prompt, edit).delta - clean![row]!.delta;
    }),
  );
}

/** The model without attention: what is before the last position cannot matter. */
function withoutAttention(of: Model): Model {
  const weights = Object.entries(of.weights).map(([name, x]) => {
    const isAttention = name.includes("attn.c_proj");
    return [name, isAttention ? x.mul(0) : x];
  });
  return of.withWeights(Object.fromEntries(weights));
}

describe("activation patching", () => {
  test.each(patchModes)("with %s is what the plain model computes, everywhere and for every prompt", (mode) => {
    const others = counterfactuals(prompts, { seed: 5 });
    const map = activationPatching(precise, prompts, { mode, seed: 5 });
    expect(map.sites).toEqual(sites);
    const spots = map.places();
    expect(spots).toHaveLength(sites.length * n_layers * 5);
    plainEffects(mode, others, spots).forEach((want, row) => {
      expect(distance([...map.effects[row]!], want)).toBeLessThan(1e-9);
      const { site, layer, position } = spots[17]!;
      expect(map.ofPrompt(row)[site]![layer]![position]).toBe(map.effects[row]![17]);
    });
  });

  test("keeps means of size and of sign, and the effects of every prompt", () => {
    const map = activationPatching(model, prompts, { sites: ["mlp_out", "z"], mode: "zero" });
    const at = map.places().findIndex((s) => s.site === "z" && s.layer === 1 && s.position === 4);
    const effects = map.effects.map((row) => row[at]!);
    expect(map.signed().z![1]![4]).toBeCloseTo(effects.reduce((a, b) => a + b) / 3, 10);
    expect(map.absolute().z![1]![4]).toBeCloseTo(effects.reduce((a, b) => a + Math.abs(b), 0) / 3, 10);
    expect(map.meanAbsolute([2, 2, 2])[at]).toBeCloseTo(Math.abs(effects[2]!), 12);
    expect(map.absolute().mlp_out).toHaveLength(n_layers);
    const hasBothSigns = (i: number) => new Set(map.effects.map((row) => Math.sign(row[i]!))).size > 1;
    const mixed = map.places().findIndex((_, i) => hasBothSigns(i) && map.effects[0]![i] !== 0);
    const { site, layer, position } = map.places()[mixed]!;
    expect(Math.abs(map.signed()[site]![layer]![position]!)).toBeLessThan(map.absolute()[site]![layer]![position]!);
    expect(JSON.parse(JSON.stringify(map)).absolute.z[1][4]).toBe(map.absolute().z![1]![4]);
    expect(() => map.ofPrompt(3)).toThrow(ArgumentError);
  });

  test("of more prompts than go through at once gives what each gives alone", () => {
    const many = fakePrompts(40, 8);
    const map = activationPatching(precise, many, { mode: "zero", sites: ["mlp_out"] });
    for (const row of [0, 31, 32, 39]) {
      const [alone] = activationPatching(precise, [many[row]!], { mode: "zero", sites: ["mlp_out"] }).effects;
      expect(distance([...map.effects[row]!], [...alone!])).toBeLessThan(1e-12);
    }
  });

  test("without attention finds the last position, and nothing before it", () => {
    for (const mode of patchModes) {
      const map = activationPatching(withoutAttention(model), prompts, { mode });
      const effects = map.absolute();
      for (const site of sites) {
        const byPosition = [0, 1, 2, 3, 4].map((t) => Math.max(...effects[site]!.map((row) => row[t]!)));
        expect(byPosition.slice(0, 4), `${mode} ${site}`).toEqual([0, 0, 0, 0]);
        // The zeroed output of attention is the same in every prompt, and z is not read.
        if (site === "z") expect(byPosition[4]).toBe(0);
        else if (site !== "attn_out") expect(byPosition[4], `${mode} ${site}`).toBeGreaterThan(0.01);
      }
    }
  });

  test("is nothing where the counterfactual is the prompt itself", () => {
    const map = activationPatching(model, prompts, { others: prompts });
    expect(Math.max(...map.meanAbsolute())).toBeLessThan(1e-5);
  });

  test("of the last residual stream leaves the counterfactual's own Δ", () => {
    const others = counterfactuals(prompts);
    const map = activationPatching(precise, prompts, { sites: ["resid_post"] });
    prompts.forEach((prompt, row) => {
      const want = plainRun({ ...prompt, ids: others[row]!.ids }).delta - plainRun(prompt).delta;
      expect(map.ofPrompt(row).resid_post![n_layers - 1]![4]).toBeCloseTo(want, 9);
    });
  });
});

describe("attribution patching", () => {
  const small = 1e-6;

  test.each(tinyFamilyNames)("is what small patches do: %s", (family) => {
    const tiny = inFloat64(tinyOf(family));
    for (const mode of family === "gpt2" ? patchModes : (["counterfactual"] as const)) {
      const options = { mode, beta: small };
      const two = prompts.slice(0, 2);
      const patched = activationPatching(tiny, two, options);
      const estimate = attributionPatching(tiny, two, options);
      expect(estimate.sites).toEqual(sitesOf(tiny.config));
      const scale = Math.max(...patched.meanAbsolute());
      expect(scale).toBeGreaterThan(0);
      two.forEach((_, row) => {
        expect(distance([...estimate.effects[row]!], [...patched.effects[row]!]) / scale, mode).toBeLessThan(1e-4);
      });
    }
  });

  test("is exact where Δ is linear, and not where it is not", () => {
    // With a huge epsilon the norms only subtract the mean and divide by a constant.
    const linear = inFloat64(tinyModel({ layer_norm_epsilon: 1e8 }));
    const largestError = (of: Model) => {
      const options = { sites: ["mlp_out", "resid_post"] as const, mode: "zero" as const };
      const [patched, estimate] = [activationPatching(of, prompts, options), attributionPatching(of, prompts, options)];
      // The last block at the last position: nothing but the final norm and the logits lie behind.
      const at = patched.places().flatMap((s, i) => (s.layer === n_layers - 1 && s.position === 4 ? [i] : []));
      expect(at).toHaveLength(2);
      const errors = prompts.flatMap((_, row) =>
        at.map((i) => Math.abs(estimate.effects[row]![i]! / patched.effects[row]![i]! - 1)),
      );
      return Math.max(...errors);
    };
    expect(largestError(linear)).toBeLessThan(1e-6);
    expect(largestError(precise)).toBeGreaterThan(0.01);
  });

  test("of each prompt does not depend on the others", () => {
    const map = attributionPatching(precise, prompts, { mode: "zero" });
    prompts.forEach((prompt, row) => {
      const [alone] = attributionPatching(precise, [prompt], { mode: "zero" }).effects;
      expect(distance([...map.effects[row]!], [...alone!])).toBeLessThan(1e-12);
    });
  });
});

describe("counterfactuals", () => {
  test("have the same length and other answers, the same ones for the same seed", () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 6, max: 20 }), (seed, count) => {
        const mixed = [...fakePrompts(count, seed), ...fakePrompts(count, seed + 1, 7)];
        const drawn = counterfactuals(mixed, { seed });
        expect(drawn).toEqual(counterfactuals(mixed, { seed }));
        drawn.forEach((other, i) => {
          const { ids, correct, wrong } = mixed[i]!;
          expect(other.ids.length).toBe(ids.length);
          expect(other.correct).not.toBe(correct);
          const unrelated = (p: (typeof mixed)[number]) =>
            p.ids.length === ids.length && ![p.correct, p.wrong].some((a) => a === correct || a === wrong);
          expect(unrelated(other)).toBe(mixed.some(unrelated));
        });
      }),
    );
  });

  test("may swap the answers where there are no others", () => {
    const [one] = fakePrompts(1);
    const swapped = { ...one!, correct: one!.wrong, wrong: one!.correct };
    expect(counterfactuals([one!, swapped])).toEqual([swapped, one]);
    expect(message(() => counterfactuals([one!, one!]))).toMatch(
      /^ArgumentError: counterfactuals: no prompt of the same/,
    );
  });
});

describe("patching refuses", () => {
  const run = (options: object, given = prompts) => message(() => activationPatching(model, given, options));

  test("prompts that positions do not fit", () => {
    expect(run({}, [])).toBe("ArgumentError: activationPatching: no prompts given");
    expect(run({}, [...prompts, ...fakePrompts(1, 0, 7)])).toContain("prompts of 5 and 7 tokens");
    expect(run({ others: prompts.slice(1) })).toContain("2 other prompts for 3 prompts");
    expect(run({ others: fakePrompts(3, 0, 6) })).toContain("a prompt of 5 tokens has a counterfactual of 6");
  });

  test("sites that are not there, and modes that are not known", () => {
    expect(() => activationPatching(model, prompts, { sites: ["mlp" as Site] })).toThrow(SiteError);
    expect(run({ sites: ["blocks.1.mlp_out"] })).toContain('Use the site "mlp_out".');
    expect(run({ sites: ["hook_mlp_out"] })).toContain('Use "mlp_out".');
    expect(run({ sites: [] })).toContain("no sites given");
    expect(run({ sites: ["z", "z"] })).toContain("named twice");
    expect(run({ mode: "noise" })).toContain("Valid: counterfactual, zero, mean.");
    expect(run({ beta: 0 })).toContain("beta is 0");
    expect(() => activationPatching(tinyOf("neox, parallel"), prompts, { sites: ["resid_mid"] })).toThrow(SiteError);
  });
});
