import { ArgumentError, Random, tensor } from "fader/autograd";
import { fingerprint, type Site } from "fader/nn";
import {
  activationPatching,
  type Kind,
  LearnedIntervention,
  localisation,
  type PatchMode,
  type Task,
} from "fader/steering";
import { describe, expect, test } from "vitest";
import { placeScores } from "../../../../src/steering/causal/scores";
import { fakePrompts, madeUp, provenanceFor } from "../../../helpers/task";
import { inFloat64, message, tinyFamilyNames, tinyModel, tinyOf } from "../../../helpers/tiny";

const model = tinyModel();
const { n_layers } = model.config;
const held = fakePrompts(12, 4);
const task: Task = {
  name: "fake",
  description: "",
  train: [],
  test: held,
  split: "",
  skipped: [],
  warnings: [],
};
const sites: Site[] = ["attn_out", "mlp_out"];
/** The order in which `localisation` takes the prompts. */
const drawn = new Random(0).shuffle(held);
const options = { samples: 50, seed: 0 };

/** An intervention that is as strong at every place as `of` says. */
function strongAs(of: (site: Site, layer: number, position: number) => number, kind: Kind = "scalars") {
  const width = kind === "vectors" ? [model.config.d_model] : [];
  const parameters = sites.map((site) => {
    const values = Array.from({ length: n_layers * 5 }, (_, at) => of(site, Math.floor(at / 5), at % 5));
    const size = width[0] ?? 1;
    const data = values.flatMap((value) => Array.from({ length: size }, () => value / Math.sqrt(size)));
    const x = tensor(data, { shape: [n_layers, 5, ...width] });
    return [site, kind === "vectors" ? { v: x } : { alpha: x }];
  });
  return new LearnedIntervention(kind, Object.fromEntries(parameters), provenanceFor(fingerprint(model)));
}

describe("scores of a learned intervention", () => {
  test("are |α| and ‖v‖ by place", () => {
    const alpha = strongAs((site, layer, t) => (site === "mlp_out" && layer === 1 && t === 2 ? -3 : 0));
    expect(placeScores(alpha).absolute()).toEqual({
      attn_out: [
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
      ],
      mlp_out: [
        [0, 0, 0, 0, 0],
        [0, 0, 3, 0, 0],
      ],
    });
    const v = placeScores(strongAs((_, layer, t) => layer + t / 10, "vectors")).absolute();
    expect(v.mlp_out![1]![3]).toBeCloseTo(1.3, 6);
    expect(v.attn_out![0]![0]).toBe(0);
    expect(() => placeScores(madeUp(model, "x").dynamic)).toThrow(ArgumentError);
  });
});

describe("localisation", () => {
  const causal = (mode: PatchMode) => activationPatching(model, drawn, { sites, mode, seed: 0 }).absolute();

  test("finds perfect agreement with the effects themselves, and the opposite with their negative order", () => {
    const effects = causal("zero");
    const same = strongAs((site, l, t) => effects[site]![l]![t]!);
    const opposite = strongAs((site, l, t) => 1 / (1e-3 + effects[site]![l]![t]!), "vectors");
    const { agreement, places, top } = localisation(model, task, {
      ...options,
      learned: { same, opposite },
      modes: ["zero"],
    }).results[0]!;
    // Of 2 sites, 2 blocks and 5 positions, 8 places lie in the last block before the last position.
    expect([places, top]).toEqual([12, 1]);
    expect(agreement.same!.spearman.value).toBeCloseTo(1, 10);
    expect(agreement.same!.auroc.value).toBe(1);
    expect(agreement.opposite!.spearman.value).toBeCloseTo(-1, 10);
    expect(agreement.opposite!.auroc.value).toBe(0);
    for (const { spearman } of Object.values(agreement)) {
      expect(spearman.low).toBeLessThanOrEqual(spearman.high);
      expect(Math.abs(spearman.low)).toBeLessThanOrEqual(1 + 1e-12);
    }
    // Resampled prompts rank the places otherwise, now and then.
    expect(agreement.same!.spearman.low).toBeLessThan(0.999);
  });

  test("takes the mean over seeds, and resamples them", () => {
    const effects = causal("mean");
    const same = strongAs((site, l, t) => effects[site]![l]![t]!);
    const opposite = strongAs((site, l, t) => 1 / (1e-3 + effects[site]![l]![t]!));
    const learned = { both: [same, opposite] };
    const result = localisation(model, task, { ...options, learned, modes: ["mean"] });
    const { spearman, auroc } = result.results[0]!.agreement.both!;
    expect(spearman.value).toBeCloseTo(0, 10);
    expect(auroc.value).toBe(0.5);
    // Both draws of a seed may be the same one.
    expect(spearman.low).toBeLessThan(-0.5);
    expect(spearman.high).toBeGreaterThan(0.5);
    expect(result.toString()).toContain("12 held-out prompts, 2 seeds, 12 places, the top 1 to be found");
  });

  test("is a table of 80 columns, JSON, and the same for the same seed", () => {
    const learned = {
      faders: strongAs((_, l, t) => l + t),
      "a very long name of vectors": strongAs(() => 0, "vectors"),
    };
    const result = localisation(model, task, { ...options, learned });
    const text = result.toString();
    expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
    expect(text).not.toMatch(/NaN|undefined/);
    // What is constant has no rank correlation, and finds by chance.
    expect(text).toMatch(/a very long nam…\s+–\s+0\.50 \[0\.50, 0\.50\]/);
    expect(text.match(/attribution/g)).toHaveLength(3);
    expect(text.match(/Largest effects/g)).toHaveLength(3);
    const [first, second] = result.largestEffects("zero", 2);
    expect(first!.effect).toBeGreaterThanOrEqual(second!.effect);
    expect(first!.effect).toBe(Math.max(...sites.flatMap((site) => causal("zero")[site]!.flat())));
    const json = JSON.parse(JSON.stringify(result));
    expect(json.results[1].mode).toBe("zero");
    expect(json.results[1].causal.absolute.mlp_out).toHaveLength(n_layers);
    expect(localisation(model, task, { ...options, learned }).toString()).toBe(text);
  });

  test("draws no more prompts than asked", () => {
    const learned = { faders: strongAs((_, l, t) => l + t) };
    const { results } = localisation(model, task, { ...options, learned, prompts: 7, modes: ["zero"] });
    expect(results[0]!.causal.prompts).toBe(7);
  });

  test("leaves out exactly what cannot reach the answer", () => {
    for (const family of tinyFamilyNames) {
      const tiny = inFloat64(tinyOf(family));
      const map = activationPatching(tiny, fakePrompts(1, 4, 3), { mode: "zero" });
      const effects = map.meanAbsolute();
      map.places().forEach(({ site, layer, position }, i) => {
        const isDead = layer === 1 && position < 2 && site !== "resid_pre";
        expect(effects[i]! > 0, `${family} ${site} ${layer} ${position}`).toBe(!isDead);
      });
    }
  });

  test("refuses what cannot be compared", () => {
    const faders = strongAs((_, l, t) => l + t);
    const run = (more: object) =>
      message(() => localisation(model, task, { ...options, learned: { faders }, ...more }));
    expect(run({ learned: {} })).toContain("nothing learned to compare");
    expect(run({ learned: { faders, none: [] } })).toContain('"none" is an empty list');
    expect(run({ learned: { faders, scalars: madeUp(model, "x").scalars } })).toContain("was learned at other sites");
    expect(run({ learned: { dynamic: madeUp(model, "x").dynamic } })).toContain("no positions");
    expect(run({ topShare: 1 })).toContain("topShare is 1");
    expect(run({ prompts: 0 })).toContain("prompts is 0");
    expect(
      message(() => localisation(model, { ...task, test: fakePrompts(4, 0, 6) }, { learned: { faders } })),
    ).toContain("learned on 5 tokens, prompts have 6");
  });
});
