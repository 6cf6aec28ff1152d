import { step, type Tensor, tensor, valueAndGrad } from "fader/autograd";
import {
  add,
  dynamic,
  type ForwardOptions,
  type Intervention,
  type Interventions,
  languageModelLoss,
  type Model,
  project,
  replace,
  type Site,
  scale,
  sites,
} from "fader/nn";
import { describe, expect, test } from "vitest";
import { inFloat64, random, tinyModel, values } from "../../../helpers/tiny";

const model = inFloat64(tinyModel());
const ids = [3, 1, 4, 1, 5];
const r = (shape: number[], seed: number, size = 0.5) => random(shape, seed, "f64", size);
const weighting = r([2, 5, 29], 9);
type Parameters = Record<string, Tensor>;

/** The gradient of `f` against central differences along a random direction, one parameter at a time. */
function check(f: (p: Parameters) => Tensor, parameters: Parameters): void {
  const { grads } = valueAndGrad(f)(parameters);
  for (const [name, x] of Object.entries(parameters)) {
    const direction = r([...x.shape], 77);
    const at = (by: number) => step(() => f({ ...parameters, [name]: x.add(direction.mul(by)) }).item());
    const numeric = (at(1e-5) - at(-1e-5)) / 2e-5;
    const exact = values(grads[name]!.mul(direction)).reduce((a, b) => a + b, 0);
    expect(Math.abs(exact - numeric) / Math.max(1, Math.abs(numeric)), `${name}: ${exact}, ${numeric}`).toBeLessThan(
      1e-6,
    );
    expect(Math.abs(numeric), name).toBeGreaterThan(1e-9);
  }
}

/** A weighted sum of all logits of two prompts of different lengths. */
function readout(interventions: Interventions, options: ForwardOptions = {}): Tensor {
  return model
    .forward([ids, [7, 2, 6]], { interventions, ...options })
    .logits.mul(weighting)
    .sum();
}

/** Every parameter of every kind at a site of width `w`. */
function parametersFor(w: number[], positions: number | undefined): Parameters {
  const leading = positions === undefined ? [2] : [2, positions];
  return {
    alpha: r(leading, 1, 0.1),
    v: r([...leading, ...w], 2),
    // Small, so that no activation comes near 0, where all that follows is too curved for finite differences.
    g: r([2, ...w], 3, 0.05),
    b: r([2], 4, 0.05),
    value: r([...leading, ...w], 5),
    direction: r([...leading, ...w], 6),
  };
}

const lists: Record<string, (p: Parameters, where: object) => Intervention> = {
  scale: ({ alpha }, where) => scale(alpha!, where),
  add: ({ v }, where) => add(v!, where),
  "dynamic, normalized": ({ g, b }, where) => dynamic(g!, b!, where),
  "dynamic, plain": ({ g, b }, where) => dynamic(g!, b!, { ...where, normalize: false }),
  replace: ({ value }, where) => replace(value!, where),
  project: ({ direction }, where) => project(direction!, where),
};
const used: Record<string, string[]> = {
  scale: ["alpha"],
  add: ["v"],
  "dynamic, normalized": ["g", "b"],
  "dynamic, plain": ["g", "b"],
  replace: ["value"],
  project: ["direction"],
};
const pick = (all: Parameters, names: string[]) => Object.fromEntries(names.map((name) => [name, all[name]!]));
const widthOf = (site: Site) => (site === "z" ? [2, 8] : [16]);

describe("gradients of the parameters of an intervention", () => {
  test.each(Object.keys(lists))("%s, at every site, for all positions", (kind) => {
    for (const site of sites) {
      const parameters = pick(parametersFor(widthOf(site), undefined), used[kind]!);
      check((p) => readout({ [site]: lists[kind]!(p, {}) }), parameters);
      check((p) => readout({ [site]: lists[kind]!(p, {}) }, { beta: [0.5, -1] }), parameters);
    }
  });

  test.each(Object.keys(lists))("%s, at every site, by position", (kind) => {
    for (const site of sites) {
      const parameters = pick(parametersFor(widthOf(site), 3), used[kind]!);
      check((p) => readout({ [site]: lists[kind]!(p, {}) }), parameters);
      check((p) => readout({ [site]: lists[kind]!(p, { positions: [-1, 0, -2] }) }), parameters);
    }
  });

  test("a scalar for each head", () => {
    check(({ alpha }) => readout({ z: scale(alpha!) }), { alpha: r([2, 5, 2], 1) });
    check(({ alpha }) => readout({ z: scale(alpha!, { positions: "all" }) }), { alpha: r([2, 2], 1) });
  });

  test("several on one site, in order", () => {
    const all = parametersFor([16], undefined);
    const made = (kinds: string[], p: Parameters, where: object) =>
      kinds.map((kind) => lists[kind]!({ ...all, ...p }, where) as Intervention);
    const kinds = ["scale", "add", "dynamic, normalized", "project"];
    check((p) => readout({ attn_out: made(kinds, p, {}) }), pick(all, ["alpha", "v", "g", "b", "direction"]));
    const some = { positions: [0, -1] };
    check((p) => readout({ mlp_out: made(Object.keys(lists), p, some) }), pick(all, ["value", "direction"]));
  });

  test("through an edit of each kind that lies between", () => {
    for (const [kind, make] of Object.entries(lists)) {
      for (const positions of [undefined, [1], [-1]]) {
        const late = parametersFor([16], positions?.length);
        const where = positions ? { positions } : {};
        const later = (p: Parameters) => ({ "blocks.0.resid_pre": add(p.early!), mlp_out: make(late, where) });
        expect(() => check((p) => readout(later(p)), { early: r([16], 8) }), `${kind} at ${positions}`).not.toThrow();
      }
    }
  });

  test("a place that no logit depends on has gradient 0", () => {
    const f = ({ v }: Parameters) =>
      model.forward(ids, { interventions: { "blocks.1.mlp_out": add(v!) }, positions: "last" }).logits.sum();
    const { v } = valueAndGrad(f)({ v: r([5, 16], 1) }).grads;
    expect(values(v!).slice(0, 64)).toEqual(new Array(64).fill(0));
    expect(
      values(v!)
        .slice(64)
        .some((slope) => slope !== 0),
    ).toBe(true);
  });
});

describe("gradients of the weights", () => {
  test("of the language-model loss, every one of them", () => {
    const small = inFloat64(tinyModel({ n_embd: 6, n_head: 3, n_layer: 2, vocab_size: 11 }));
    check(
      (w) =>
        languageModelLoss(small.withWeights(w), [
          [3, 1, 4, 1],
          [5, 9],
        ]),
      small.weights as Parameters,
    );
    const untied = inFloat64(
      tinyModel({ n_embd: 6, n_head: 3, n_layer: 1, vocab_size: 11, tie_word_embeddings: false }),
    );
    check((w) => languageModelLoss(untied.withWeights(w), [[3, 1, 4, 1]]), untied.weights as Parameters);
  });

  test("the loss is the mean cross-entropy over all next tokens", () => {
    const sequences = [
      [3, 1, 4, 1],
      [5, 9],
    ];
    const losses = sequences.flatMap((all) => {
      const logP = values(model.forward(all.slice(0, -1)).logits.logSoftmax());
      return all.slice(1).map((next, t) => -logP[t * 29 + next]!);
    });
    const mean = losses.reduce((a, b) => a + b, 0) / 4;
    expect(languageModelLoss(model, sequences).item()).toBeCloseTo(mean, 10);
  });

  test("come together with those of an intervention", () => {
    const f = ({ w, alpha }: { w: Model["weights"]; alpha: Tensor }) =>
      model
        .withWeights(w)
        .forward(ids, { interventions: { mlp_out: scale(alpha) } })
        .logits.sum();
    const { grads } = valueAndGrad(f)({ w: model.weights, alpha: tensor([0, 0], { dtype: "f64" }) });
    expect(grads.alpha.shape).toEqual([2]);
    expect(Object.values(grads.w).every((g) => values(g).every(Number.isFinite))).toBe(true);
  });
});
