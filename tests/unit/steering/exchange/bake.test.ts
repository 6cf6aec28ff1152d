import { tensor } from "fader/autograd";
import {
  ablate,
  add,
  dynamic,
  type Interventions,
  type Model,
  readCheckpoint,
  replace,
  scale,
  toHuggingFaceConfig,
  writeCheckpoint,
} from "fader/nn";
import { type BakeOptions, bake } from "fader/steering";
import { describe, expect, test } from "vitest";
import { message, random, tinyModel, tinyOf, values } from "../../../helpers/tiny";

const gpt2 = tinyModel();
const neox = tinyOf("neox, parallel");
const llama = tinyOf("llama, grouped");
const tied = tinyOf("llama, multi-query");
const refusal = (model: Model, map: Interventions, options: BakeOptions = {}) =>
  message(() => bake(model, map, options));

describe("baking", () => {
  test("multiplies the output projection and its bias", () => {
    const baked = bake(gpt2, { "blocks.1.mlp_out": scale(0.5) }, { beta: -1 });
    for (const kind of ["weight", "bias"]) {
      const name = `h.1.mlp.c_proj.${kind}`;
      expect(values(baked.weights[name]!)).toEqual(values(gpt2.weights[name]!.mul(0.5)));
    }
    const changed = Object.keys(gpt2.weights).filter((name) => baked.weights[name] !== gpt2.weights[name]);
    expect(changed).toEqual(["h.1.mlp.c_proj.weight", "h.1.mlp.c_proj.bias"]);
  });

  test("adds to the bias alone, and multiplies the rows of one head", () => {
    const v = random([16], 1);
    const added = bake(gpt2, { "blocks.0.attn_out": add(v) }, { beta: 2 });
    expect(added.weights["h.0.attn.c_proj.weight"]).toBe(gpt2.weights["h.0.attn.c_proj.weight"]);
    const [before, after] = [gpt2, added].map((model) => model.weights["h.0.attn.c_proj.bias"]!);
    expect(values(after!)).toEqual(values(before!.add(v.mul(2))));
    const one = bake(gpt2, { "blocks.0.z": scale(tensor([-1, 0]), { positions: "all" }) });
    const rows = values(one.weights["h.0.attn.c_proj.weight"]!);
    expect(rows.slice(0, 128).every((x) => x === 0)).toBe(true);
    expect(rows.slice(128)).toEqual(values(gpt2.weights["h.0.attn.c_proj.weight"]!).slice(128));
  });

  test("keeps the very weights where an intervention changes nothing", () => {
    const still = { attn_out: scale(0), mlp_out: add(random([2, 24], 0, "f32", 0)) };
    expect(bake(llama, still).weights).toEqual(llama.weights);
    expect(bake(llama, { mlp_out: [ablate(), add(1)] }, { beta: 0 }).weights).toEqual(llama.weights);
    // Positions do not matter to what is not there.
    expect(bake(gpt2, { resid_mid: scale(0, { positions: [0] }) }).weights).toEqual(gpt2.weights);
  });

  test("adds biases where it may, and says so in config.json", () => {
    const map = { "blocks.0.mlp_out": add(random([24], 1)) };
    const baked = bake(llama, map, { addBiases: true });
    expect(toHuggingFaceConfig(baked.config)).toMatchObject({ attention_bias: false, mlp_bias: true });
    const fresh = Object.keys(baked.weights).filter((name) => llama.weights[name] === undefined);
    const parts = ["gate_proj", "up_proj", "down_proj"];
    expect(fresh).toEqual([0, 1].flatMap((l) => parts.map((part) => `layers.${l}.mlp.${part}.bias`)));
    const moved = fresh.filter((name) => values(baked.weights[name]!).some((x) => x !== 0));
    expect(moved).toEqual(["layers.0.mlp.down_proj.bias"]);
    const attention = bake(llama, { attn_out: replace(1), mlp_out: scale(1) }, { addBiases: true });
    expect(attention.config).toMatchObject({ attn_bias: true, mlp_bias: false });
    expect(readCheckpoint(writeCheckpoint(attention)).config).toMatchObject({ attn_bias: true, mlp_bias: false });
  });

  test("refuses what weights cannot hold, and says why", () => {
    const all = [
      refusal(gpt2, { mlp_out: scale(random([2, 5], 1)) }),
      refusal(gpt2, { "blocks.1.attn_out": ablate({ positions: [-1] }) }),
      refusal(gpt2, { mlp_out: dynamic(random([2, 16], 1), random([2], 2)) }),
      refusal(gpt2, { resid_post: scale(0.1) }),
      refusal(neox, { "blocks.0.resid_pre": ablate() }),
      refusal(llama, { attn_out: [scale(2), add(0.1)] }),
      refusal(llama, { "blocks.1.resid_post": add(random([24], 1)) }),
      refusal(tied, { resid_pre: add(0.1) }),
      refusal(gpt2, { mlp_out: scale(1) }, { beta: Number.NaN }),
      refusal(gpt2, { mlp: scale(1) }),
      refusal(gpt2, { mlp_out: [add(3e38), add(3e38)] }),
      refusal(readCheckpoint(writeCheckpoint(gpt2), { dtype: "f16" }), { mlp_out: scale(1e6) }),
    ];
    expect(all.join("\n\n")).toMatchInlineSnapshot(`
      "ArgumentError: bake: "mlp_out" is tied to positions, and weights are the same at all of them
        What was learned with { positions: "all" } can be baked.

      ArgumentError: bake: "blocks.1.attn_out" is tied to positions, and weights are the same at all of them
        What was learned with { positions: "all" } can be baked.

      ArgumentError: bake: "mlp_out" is dynamic: its factor depends on the activation, weights do not

      ArgumentError: bake: "resid_post" would scale the residual stream, which no one weight writes
        There only add can be baked; at attn_out, mlp_out and z the other kinds as well.

      ArgumentError: bake: "blocks.0.resid_pre" would ablate the residual stream, which no one weight writes
        There only add can be baked; at attn_out, mlp_out and z the other kinds as well.

      ArgumentError: bake: "attn_out" adds a vector, and this model's attention output has no bias to hold it
        addBiases (--add-biases) switches attention_bias on in its config.json, with biases of 0 elsewhere.

      ArgumentError: bake: "blocks.1.resid_post" adds a vector, and this model's MLP output has no bias to hold it
        addBiases (--add-biases) switches mlp_bias on in its config.json, with biases of 0 elsewhere.

      ArgumentError: bake: "resid_pre" adds to the embedding at block 0, which is the head of this model as well

      ArgumentError: bake: beta is NaN
        Use a finite number.

      SiteError: interventions: no site "mlp"
        Nearest: "z". This model has blocks 0-1; sites: resid_pre, z, attn_out, resid_mid, mlp_out, resid_post.

      NumericsError: bake: h.0.mlp.c_proj.bias would hold Infinity at element 0, too large for f32

      NumericsError: bake: h.0.mlp.c_proj.weight would hold -355713.25 at element 1, too large for f16
        Keep what changes in float32: { dtype: "f32" }."
    `);
  });
});
