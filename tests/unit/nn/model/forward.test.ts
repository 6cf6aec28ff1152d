import { isTensor, step, tensor, valueAndGrad } from "fader/autograd";
import { type Interventions, type Model, nextTokens, placeName, SiteError, scale, sites, TokenError } from "fader/nn";
import { describe, expect, test } from "vitest";
import { plainLogits, softmax } from "../../../helpers/plain";
import { distance, message, plainOf, random, tinyModel, values } from "../../../helpers/tiny";

const model = tinyModel();
const ids = [3, 1, 4, 1, 5, 9];

describe("forward", () => {
  test("gives logits for each prompt, position and token", () => {
    expect(model.forward(ids).logits.shape).toEqual([1, 6, 29]);
    expect(model.forward([ids]).logits.shape).toEqual([1, 6, 29]);
    expect(model.forward([ids, [1]]).logits.shape).toEqual([2, 6, 29]);
    expect(model.forward([ids, [1]], { positions: "last" }).logits.shape).toEqual([2, 29]);
    expect(model.forward([[7]]).logits.shape).toEqual([1, 1, 29]);
  });

  test("is GPT-2, as plain numbers compute it", () => {
    for (const fields of [{}, { n_head: 1 }, { n_layer: 1, n_inner: 5 }, { n_embd: 15, n_head: 3 }]) {
      const other = tinyModel(fields);
      expect(distance(other.forward(ids).logits, plainLogits(plainOf(other), ids).flat())).toBeLessThan(1e-5);
    }
    const untied = tinyModel({ tie_word_embeddings: false });
    expect(distance(untied.forward(ids).logits, plainLogits(plainOf(untied), ids).flat())).toBeLessThan(1e-5);
  });

  test("honours the epsilon of the norms", () => {
    const other = tinyModel({ layer_norm_epsilon: 0.3 });
    expect(distance(other.forward(ids).logits, plainLogits(plainOf(other), ids).flat())).toBeLessThan(1e-5);
    expect(distance(other.forward(ids).logits, model.forward(ids).logits)).toBeGreaterThan(1e-2);
  });

  test('"last" gives the last row of "all"', () => {
    const all = model.forward(ids).logits;
    const last = model.forward(ids, { positions: "last" }).logits;
    expect(distance(last, all.slice([null, [5]]))).toBeLessThan(1e-6);
  });

  test("gives the same bits each time", () => {
    expect(values(model.forward(ids).logits)).toEqual(values(model.forward(ids).logits));
  });

  test("takes a prompt of the whole context", () => {
    const full = Array.from({ length: 12 }, (_, i) => i);
    expect(distance(model.forward(full).logits, plainLogits(plainOf(model), full).flat())).toBeLessThan(1e-5);
  });

  test("on other weights is a forward of those weights", () => {
    const other = tinyModel({}, 2);
    const { value, grads } = valueAndGrad((w: Model["weights"]) => model.withWeights(w).forward(ids).logits.sum())(
      other.weights,
    );
    expect(value.item()).toBeCloseTo(other.forward(ids).logits.sum().item(), 3);
    expect(Object.keys(grads)).toEqual(Object.keys(other.weights));
  });
});

describe("capture", () => {
  test("returns only what is named", () => {
    expect(model.forward(ids).activations).toEqual({});
    const one = model.forward(ids, { capture: "blocks.1.mlp_out" }).activations;
    expect(Object.keys(one)).toEqual(["blocks.1.mlp_out"]);
    const both = model.forward(ids, { capture: ["attn_out"] }).activations;
    expect(Object.keys(both)).toEqual(["blocks.0.attn_out", "blocks.1.attn_out"]);
  });

  test("returns every site in its shape", () => {
    const { activations } = model.forward([ids, [1, 2]], { capture: sites });
    expect(Object.keys(activations)).toHaveLength(12);
    for (const site of sites) {
      const shape = site === "z" ? [2, 6, 2, 8] : [2, 6, 16];
      for (const layer of [0, 1]) expect(activations[placeName(site, layer)]!.shape).toEqual(shape);
    }
  });

  test("returns what plain numbers compute at every site", () => {
    const { activations } = model.forward(ids, { capture: sites });
    plainLogits(plainOf(model), ids, (site, layer, h) => {
      expect(distance(activations[placeName(site, layer)]!, h.flat()), `${site} ${layer}`).toBeLessThan(1e-5);
      return h;
    });
  });

  test("accepts TransformerLens names", () => {
    const capture = ["blocks.1.hook_mlp_out", "blocks.1.attn.hook_z", "blocks.0.hook_resid_pre"];
    const { activations } = model.forward(ids, { capture });
    expect(Object.values(activations).every(isTensor)).toBe(true);
    expect(Object.keys(activations).sort()).toEqual(["blocks.0.resid_pre", "blocks.1.mlp_out", "blocks.1.z"]);
  });

  test("does not change the logits", () => {
    expect(values(model.forward(ids, { capture: sites }).logits)).toEqual(values(model.forward(ids).logits));
  });

  test("survives a step", () => {
    const run = step(() => model.forward(ids, { capture: ["mlp_out"] }));
    expect(run.activations["blocks.0.mlp_out"]!.shape).toEqual([1, 6, 16]);
  });

  test("refuses names that are no place", () => {
    for (const name of ["", "mlp", "blocks.2.mlp_out", "blocks.-1.mlp_out", "blocks.0.attn.hook_mlp_out"]) {
      expect(() => model.forward(ids, { capture: [name] }), name).toThrow(SiteError);
    }
  });
});

describe("token ids", () => {
  const cases: Record<string, number[] | number[][]> = {
    "no prompts": [],
    "empty prompt": [[]],
    "one of several empty": [[1], []],
    "out of range": [1, 29],
    negative: [[1], [-1]],
    "not an integer": [1.5],
    NaN: [Number.NaN],
    "too long": Array.from({ length: 13 }, () => 1),
  };
  test("that cannot be are refused with a TokenError", () => {
    for (const [name, bad] of Object.entries(cases)) expect(() => model.forward(bad), name).toThrow(TokenError);
    const all = Object.values(cases).map((bad) => message(() => model.forward(bad)));
    expect(all.join("\n\n")).toMatchInlineSnapshot(`
      "TokenError: forward: no prompts given

      TokenError: forward: the prompt is empty

      TokenError: forward: prompt 1 is empty

      TokenError: forward: the prompt holds token id 29
        Valid: 0 to 28.

      TokenError: forward: prompt 1 holds token id -1
        Valid: 0 to 28.

      TokenError: forward: the prompt holds token id 1.5
        Valid: 0 to 28.

      TokenError: forward: the prompt holds token id NaN
        Valid: 0 to 28.

      TokenError: forward: the prompt has 13 tokens, the model's context is 12"
    `);
  });
});

describe("a forward that throws", () => {
  test("leaves nothing behind", () => {
    const clean = values(model.forward(ids).logits);
    const bad: Interventions[] = [
      { mlp_out: [scale(1), scale(random([2, 9], 1))] },
      { attn_out: scale(2), mlp: scale(1) },
      { attn_out: scale(2), mlp_out: scale(tensor([1, 1], { dtype: "f64" })) },
    ];
    for (const interventions of bad) {
      expect(() => step(() => model.forward(ids, { interventions, capture: ["mlp_out"] }))).toThrow();
      expect(() => valueAndGrad(() => model.forward(ids, { interventions }).logits.sum())({})).toThrow();
    }
    expect(values(model.forward(ids).logits)).toEqual(clean);
    const run = model.forward(ids, { interventions: {} });
    expect(run.activations).toEqual({});
  });
});

describe("the next tokens", () => {
  test("are those of the largest logits, with their probabilities", () => {
    const p = softmax(plainLogits(plainOf(model), ids).at(-1)!);
    const order = [...p.keys()].sort((a, b) => p[b]! - p[a]!);
    const got = nextTokens(model, ids, { count: 3 });
    expect(got.map(({ id }) => id)).toEqual(order.slice(0, 3));
    got.forEach(({ id, probability }) => {
      expect(probability).toBeCloseTo(p[id]!, 6);
    });
    expect(nextTokens(model, ids)).toHaveLength(5);
  });
});
