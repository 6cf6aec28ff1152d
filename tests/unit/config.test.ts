import { describe, expect, test } from "vitest";
import { parseConfig, toHuggingFaceConfig } from "../../src/nn/config";
import { CheckpointError } from "../../src/nn/errors";

/** The fields of the published `gpt2` checkpoint that matter here. */
const gpt2 = {
  activation_function: "gelu_new",
  architectures: ["GPT2LMHeadModel"],
  attn_pdrop: 0.1,
  bos_token_id: 50256,
  eos_token_id: 50256,
  layer_norm_epsilon: 1e-5,
  model_type: "gpt2",
  n_ctx: 1024,
  n_embd: 768,
  n_head: 12,
  n_layer: 12,
  n_positions: 1024,
  task_specific_params: { "text-generation": { do_sample: true, max_length: 50 } },
  vocab_size: 50257,
};

function refusal(json: unknown): string {
  try {
    parseConfig(json, "m/config.json");
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return (error as Error).message;
  }
  throw new Error("was accepted");
}

describe("gpt2", () => {
  test("is read under the normalised names", () => {
    expect(parseConfig(gpt2)).toEqual({
      model_type: "gpt2",
      n_layers: 12,
      n_heads: 12,
      d_model: 768,
      d_head: 64,
      d_mlp: 3072,
      n_ctx: 1024,
      vocab_size: 50257,
      act_fn: "gelu_new",
      eps: 1e-5,
      tie_word_embeddings: true,
      scale_attn_weights: true,
      bos_token_id: 50256,
      eos_token_id: 50256,
      source: gpt2,
    });
  });

  test("omitted and null fields take the family's defaults", () => {
    const sparse = { model_type: "gpt2", n_layer: 2, n_head: 2, n_embd: 8, n_ctx: 16, vocab_size: 10, n_inner: null };
    const config = parseConfig({ ...sparse, bos_token_id: null });
    expect(config).toMatchObject({ act_fn: "gelu_new", eps: 1e-5, tie_word_embeddings: true, n_ctx: 16, d_mlp: 32 });
    expect("bos_token_id" in config).toBe(false);
    expect(parseConfig({ ...sparse, n_inner: 20 }).d_mlp).toBe(20);
    expect(parseConfig({ ...sparse, n_positions: 12 }).n_ctx).toBe(12);
    expect(parseConfig({ ...sparse, tie_word_embeddings: false }).tie_word_embeddings).toBe(false);
  });

  test.each([
    ["gelu_fast", "gelu_new"],
    ["gelu_pytorch_tanh", "gelu_new"],
    ["gelu", "gelu"],
    ["relu", "relu"],
    ["swish", "silu"],
  ])("activation %s is %s", (name, form) => {
    expect(parseConfig({ ...gpt2, activation_function: name }).act_fn).toBe(form);
  });

  test("what changes nothing in float32 is accepted", () => {
    expect(() => parseConfig({ ...gpt2, reorder_and_upcast_attn: true, pruned_heads: {} })).not.toThrow();
  });

  test("is saved so that it reads back the same", () => {
    const config = parseConfig({ ...gpt2, n_inner: 100, activation_function: "gelu_fast", layer_norm_epsilon: 1e-6 });
    const saved = JSON.parse(JSON.stringify(toHuggingFaceConfig(config)));
    expect(parseConfig(saved)).toEqual({ ...config, source: saved });
    expect(saved).toMatchObject({ n_inner: 100, activation_function: "gelu_new", attn_pdrop: 0.1 });
    const { bos_token_id: _, ...rest } = config;
    const own = parseConfig(toHuggingFaceConfig({ ...rest, n_layers: 3, source: {} }));
    expect(own.n_layers).toBe(3);
    expect(own.bos_token_id).toBeUndefined();
  });
});

describe("refusals name the file, the field and what is valid", () => {
  test.each([
    [{ scale_attn_by_inverse_layer_idx: true }, "scale_attn_by_inverse_layer_idx: true is not supported"],
    [{ scale_attn_weights: false }, "scale_attn_weights: false is not supported"],
    [{ add_cross_attention: true }, "add_cross_attention: true is not supported"],
    [{ pruned_heads: { 0: [1] } }, "pruned_heads is not supported"],
    [{ quantization_config: { bits: 4 } }, "quantization_config is not supported"],
    [{ activation_function: "quick_gelu" }, 'activation_function "quick_gelu" is not supported'],
    [{ activation_function: "__proto__" }, 'activation_function "__proto__" is not supported'],
    [{ n_head: 7 }, "n_embd is not divisible by n_head"],
    [{ n_layer: 0 }, "n_layer is 0, not a positive integer"],
    [{ n_layer: "12" }, 'n_layer is "12", not a positive integer'],
    [{ vocab_size: 1.5 }, "vocab_size is 1.5, not a positive integer"],
    [{ n_embd: undefined }, "n_embd is undefined, not a positive integer"],
    [{ n_positions: null, n_ctx: null }, "n_positions is missing"],
    [{ layer_norm_epsilon: Number.NaN }, "layer_norm_epsilon is NaN"],
    [{ layer_norm_epsilon: -1 }, "layer_norm_epsilon is -1"],
    [{ tie_word_embeddings: "no" }, 'tie_word_embeddings is "no", not true or false'],
    [{ eos_token_id: [1, 2] }, "eos_token_id is a list, not a token id"],
  ])("%j", (change, problem) => {
    expect(refusal({ ...gpt2, ...change })).toContain(`m/config.json: ${problem}`);
  });

  test("model types", () => {
    expect(refusal({ ...gpt2, model_type: "gpt_neox" })).toMatchInlineSnapshot(`
      "m/config.json: model_type "gpt_neox" is not supported yet
        Supported: gpt2."
    `);
    expect(refusal({ ...gpt2, model_type: "llama" })).toContain("not supported yet");
    expect(refusal({ ...gpt2, model_type: "gpt-2" })).toContain('is unknown\n  Supported: gpt2. Nearest: "gpt2".');
    expect(refusal({ ...gpt2, model_type: "constructor" })).toContain("is unknown");
    expect(refusal({})).toContain("model_type is missing");
  });

  test.each([null, 3, "gpt2", []])("%j is no configuration", (json) => {
    expect(refusal(json)).toContain("a model configuration is a JSON object");
  });
});
