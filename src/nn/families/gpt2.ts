import type { Family } from "./family";

export const gpt2: Family = {
  architectures: ["GPT2LMHeadModel", "GPT2Model"],
  parse(fields) {
    const d_model = fields.size("n_embd", "hidden_size");
    const n_heads = fields.size("n_head", "num_attention_heads");
    fields.only("scale_attn_weights", true);
    fields.only("scale_attn_by_inverse_layer_idx", false);
    fields.only("add_cross_attention", false);
    fields.only("is_encoder_decoder", false);
    fields.empty("pruned_heads");
    return {
      n_layers: fields.size("n_layer", "num_hidden_layers"),
      n_heads,
      n_kv_heads: n_heads,
      d_model,
      d_head: fields.quotient(["n_embd", d_model], ["n_head", n_heads]),
      d_mlp: fields.isAbsent("n_inner") ? 4 * d_model : fields.size("n_inner"),
      n_ctx: fields.size("n_positions", "max_position_embeddings", "n_ctx"),
      vocab_size: fields.size("vocab_size"),
      act_fn: fields.activation("activation_function", "gelu_new"),
      norm: "layer_norm",
      eps: fields.epsilon("layer_norm_epsilon", 1e-5),
      gated_mlp: false,
      attn_bias: true,
      mlp_bias: true,
      parallel_residual: false,
      tie_word_embeddings: fields.flag("tie_word_embeddings", true),
    };
  },
  write: (config) => ({
    architectures: ["GPT2LMHeadModel"],
    n_layer: config.n_layers,
    n_head: config.n_heads,
    n_embd: config.d_model,
    n_inner: config.d_mlp === 4 * config.d_model ? null : config.d_mlp,
    n_positions: config.n_ctx,
    n_ctx: config.n_ctx,
    activation_function: config.act_fn,
    layer_norm_epsilon: config.eps,
    scale_attn_weights: true,
  }),
  names: {
    embed: "wte",
    pos_embed: "wpe",
    ln_1: "h.*.ln_1",
    qkv: "h.*.attn.c_attn",
    attn_proj: "h.*.attn.c_proj",
    ln_2: "h.*.ln_2",
    mlp_in: "h.*.mlp.c_fc",
    mlp_proj: "h.*.mlp.c_proj",
    ln_final: "ln_f",
    unembed: "lm_head",
  },
  prefix: "transformer.",
  matrices: "in_out",
  fused: "by_part",
  buffers: /(^|\.)h\.\d+\.attn\.(bias|masked_bias)$/,
};
