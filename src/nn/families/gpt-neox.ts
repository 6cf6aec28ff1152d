import type { Family } from "./family";
import { parseRotary, writeRotary } from "./rope";

/** GPT-NeoX and Pythia. */
export const gptNeoX: Family = {
  architectures: ["GPTNeoXForCausalLM", "GPTNeoXModel"],
  parse(fields) {
    const d_model = fields.size("hidden_size");
    const n_heads = fields.size("num_attention_heads");
    const d_head = fields.quotient(["hidden_size", d_model], ["num_attention_heads", n_heads]);
    return {
      n_layers: fields.size("num_hidden_layers"),
      n_heads,
      n_kv_heads: n_heads,
      d_model,
      d_head,
      d_mlp: fields.size("intermediate_size"),
      n_ctx: fields.size("max_position_embeddings"),
      vocab_size: fields.size("vocab_size"),
      act_fn: fields.activation("hidden_act", "gelu"),
      norm: "layer_norm",
      eps: fields.epsilon("layer_norm_eps", 1e-5),
      gated_mlp: false,
      attn_bias: fields.flag("attention_bias", true),
      mlp_bias: true,
      parallel_residual: fields.flag("use_parallel_residual", true),
      ...parseRotary(fields, d_head, { share: ["rotary_pct", "partial_rotary_factor"], shareOf: 0.25 }),
      tie_word_embeddings: fields.flag("tie_word_embeddings", false),
    };
  },
  write: (config) => ({
    architectures: ["GPTNeoXForCausalLM"],
    num_hidden_layers: config.n_layers,
    num_attention_heads: config.n_heads,
    hidden_size: config.d_model,
    intermediate_size: config.d_mlp,
    max_position_embeddings: config.n_ctx,
    hidden_act: config.act_fn,
    layer_norm_eps: config.eps,
    attention_bias: config.attn_bias,
    use_parallel_residual: config.parallel_residual,
    ...writeRotary(config, { base: "rotary_emb_base", share: "rotary_pct" }),
  }),
  names: {
    embed: "embed_in",
    ln_1: "layers.*.input_layernorm",
    qkv: "layers.*.attention.query_key_value",
    attn_proj: "layers.*.attention.dense",
    ln_2: "layers.*.post_attention_layernorm",
    mlp_in: "layers.*.mlp.dense_h_to_4h",
    mlp_proj: "layers.*.mlp.dense_4h_to_h",
    ln_final: "final_layer_norm",
    unembed: "embed_out",
  },
  prefix: "gpt_neox.",
  matrices: "out_in",
  fused: "by_head",
  buffers: /(^|\.)(layers\.\d+\.attention\.(bias|masked_bias|rotary_emb\.inv_freq)|rotary_emb\.inv_freq)$/,
};
