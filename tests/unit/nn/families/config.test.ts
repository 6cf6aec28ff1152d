import { describe, expect, test } from "vitest";
import { CheckpointError } from "../../../../src/nn/errors";
import { parseConfig, toHuggingFaceConfig } from "../../../../src/nn/families";

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
      n_kv_heads: 12,
      act_fn: "gelu_new",
      norm: "layer_norm",
      eps: 1e-5,
      gated_mlp: false,
      attn_bias: true,
      mlp_bias: true,
      parallel_residual: false,
      tie_word_embeddings: true,
      bos_token_id: 50256,
      eos_token_ids: [50256],
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
    [{ n_embd: undefined }, "n_embd is missing"],
    [{ n_positions: null, n_ctx: null }, "n_positions is missing"],
    [{ layer_norm_epsilon: Number.NaN }, "layer_norm_epsilon is NaN"],
    [{ layer_norm_epsilon: -1 }, "layer_norm_epsilon is -1"],
    [{ tie_word_embeddings: "no" }, 'tie_word_embeddings is "no", not true or false'],
    [{ eos_token_id: [1, "2"] }, "eos_token_id is a list, not a token id"],
    [{ bos_token_id: [1] }, "bos_token_id is a list, not a token id"],
    [
      { architectures: ["GPT2ForSequenceClassification"] },
      'architecture "GPT2ForSequenceClassification" is not supported',
    ],
    [{ architectures: "GPT2LMHeadModel" }, 'architectures is "GPT2LMHeadModel", not a list'],
  ])("%j", (change, problem) => {
    expect(refusal({ ...gpt2, ...change })).toContain(`m/config.json: ${problem}`);
  });

  test("model types", () => {
    expect(refusal({ ...gpt2, model_type: "gpt-2" })).toMatchInlineSnapshot(`
      "m/config.json: model_type "gpt-2" is not supported
        Supported: gpt2, gpt_neox, llama. Nearest: "gpt2"."
    `);
    expect(refusal({ ...gpt2, model_type: "mistral" })).toContain('model_type "mistral" is not supported');
    expect(refusal({ ...gpt2, model_type: "constructor" })).toContain("is not supported");
    expect(refusal({})).toContain("model_type is missing");
  });

  test.each([null, 3, "gpt2", []])("%j is no configuration", (json) => {
    expect(refusal(json)).toContain("a model configuration is a JSON object");
  });
});

/** The fields of a published Pythia checkpoint that matter here. */
const pythia = {
  architectures: ["GPTNeoXForCausalLM"],
  bos_token_id: 0,
  eos_token_id: 0,
  hidden_act: "gelu",
  hidden_size: 512,
  intermediate_size: 2048,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 2048,
  model_type: "gpt_neox",
  num_attention_heads: 8,
  num_hidden_layers: 6,
  rotary_emb_base: 10000,
  rotary_pct: 0.25,
  tie_word_embeddings: false,
  use_parallel_residual: true,
  vocab_size: 50304,
};

describe("gpt_neox", () => {
  test("is read under the normalised names", () => {
    const { source: _, ...config } = parseConfig(pythia);
    expect(config).toEqual({
      model_type: "gpt_neox",
      n_layers: 6,
      n_heads: 8,
      n_kv_heads: 8,
      d_model: 512,
      d_head: 64,
      d_mlp: 2048,
      n_ctx: 2048,
      vocab_size: 50304,
      act_fn: "gelu",
      norm: "layer_norm",
      eps: 1e-5,
      gated_mlp: false,
      attn_bias: true,
      mlp_bias: true,
      parallel_residual: true,
      rotary: { dim: 16, base: 10000 },
      tie_word_embeddings: false,
      bos_token_id: 0,
      eos_token_ids: [0],
    });
  });

  test("turns the part of a head that the share rounds down to", () => {
    const dim = (rotary_pct: number, num_attention_heads = 8) =>
      parseConfig({ ...pythia, rotary_pct, num_attention_heads }).rotary?.dim;
    expect(dim(1)).toBe(64);
    expect(dim(0.1)).toBe(6);
    expect(dim(0.4, 16)).toBe(12);
    expect(dim(0)).toBe(undefined);
    expect(refusal({ ...pythia, rotary_pct: 0.05 })).toContain("3 of 64 entries of a head would turn");
    expect(refusal({ ...pythia, rotary_pct: 1.5 })).toContain("rotary_pct is 1.5, more than the whole head");
  });

  test("is saved so that it reads back the same, whatever the share", () => {
    for (const rotary_pct of [0, 0.25, 0.35, 0.69, 1]) {
      const config = parseConfig({ ...pythia, rotary_pct, use_parallel_residual: false, rotary_emb_base: 5000 });
      const saved = JSON.parse(JSON.stringify(toHuggingFaceConfig({ ...config, source: {} })));
      expect(parseConfig(saved)).toEqual({ ...config, source: saved });
    }
  });
});

/** The fields of a published Llama 3.2 checkpoint that matter here. */
const llama = {
  architectures: ["LlamaForCausalLM"],
  attention_bias: false,
  bos_token_id: 128000,
  eos_token_id: [128001, 128008, 128009],
  head_dim: 64,
  hidden_act: "silu",
  hidden_size: 2048,
  intermediate_size: 8192,
  max_position_embeddings: 131072,
  model_type: "llama",
  num_attention_heads: 32,
  num_hidden_layers: 16,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-5,
  rope_scaling: {
    factor: 32,
    high_freq_factor: 4,
    low_freq_factor: 1,
    original_max_position_embeddings: 8192,
    rope_type: "llama3",
  },
  rope_theta: 500000,
  tie_word_embeddings: true,
  vocab_size: 128256,
};

describe("llama", () => {
  test("is read under the normalised names", () => {
    const { source: _, ...config } = parseConfig(llama);
    expect(config).toEqual({
      model_type: "llama",
      n_layers: 16,
      n_heads: 32,
      n_kv_heads: 8,
      d_model: 2048,
      d_head: 64,
      d_mlp: 8192,
      n_ctx: 131072,
      vocab_size: 128256,
      act_fn: "silu",
      norm: "rms_norm",
      eps: 1e-5,
      gated_mlp: true,
      attn_bias: false,
      mlp_bias: false,
      parallel_residual: false,
      rotary: { dim: 64, base: 500000, scaling: llama.rope_scaling },
      tie_word_embeddings: true,
      bos_token_id: 128000,
      eos_token_ids: [128001, 128008, 128009],
    });
  });

  test("omitted fields take the family's defaults", () => {
    const { num_key_value_heads: _, head_dim: __, rope_scaling: ___, rope_theta: ____, ...sparse } = llama;
    const config = parseConfig({ ...sparse, rms_norm_eps: null, tie_word_embeddings: null });
    expect(config).toMatchObject({ n_kv_heads: 32, d_head: 64, eps: 1e-6, tie_word_embeddings: false });
    expect(config.rotary).toEqual({ dim: 64, base: 10000 });
  });

  test("the newer form of the rotary fields is read alike", () => {
    const { rope_scaling, rope_theta, ...rest } = llama;
    const newer = parseConfig({ ...rest, rope_parameters: { ...rope_scaling, rope_theta } });
    expect(newer.rotary).toEqual(parseConfig(llama).rotary);
    const saved = JSON.parse(JSON.stringify(toHuggingFaceConfig(newer)));
    expect(parseConfig(saved)).toEqual({ ...newer, source: saved });
  });

  test.each([
    [{ rope_scaling: { type: "yarn", factor: 4 } }, 'rope_scaling: rope_type "yarn" is not supported'],
    [{ rope_scaling: { rope_type: "dynamic", factor: 4 } }, 'rope_scaling: rope_type "dynamic" is not supported'],
    [{ rope_scaling: { rope_type: "llama3", factor: 4 } }, "rope_scaling: low_freq_factor is missing"],
    [{ rope_scaling: { rope_type: "linear", factor: 0 } }, "rope_scaling: factor is 0, not a positive number"],
    [{ rope_scaling: "linear" }, 'rope_scaling is "linear", not an object'],
    [{ rope_theta: "10000" }, 'rope_theta is "10000", not a positive number'],
    [{ num_key_value_heads: 5 }, "num_attention_heads is not divisible by num_key_value_heads"],
    [{ partial_rotary_factor: 0.5 }, "partial_rotary_factor 0.5 is not supported"],
    [{ head_dim: 3 }, "3 of 3 entries of a head would turn, which is no number of pairs"],
  ])("%j is refused", (change, problem) => {
    expect(refusal({ ...llama, ...change })).toContain(problem);
  });
});
