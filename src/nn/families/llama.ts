import type { Family } from "./family";
import { parseRotary, writeRotary } from "./rope";

export const llama: Family = {
  architectures: ["LlamaForCausalLM", "LlamaModel", "LLaMAForCausalLM"],
  parse(fields) {
    const d_model = fields.size("hidden_size");
    const n_heads = fields.size("num_attention_heads");
    const n_kv_heads = fields.isAbsent("num_key_value_heads") ? n_heads : fields.size("num_key_value_heads");
    if (n_heads % n_kv_heads !== 0) {
      throw fields.error("num_attention_heads is not divisible by num_key_value_heads", {
        details: { num_attention_heads: n_heads, num_key_value_heads: n_kv_heads },
      });
    }
    const d_head = fields.isAbsent("head_dim")
      ? fields.quotient(["hidden_size", d_model], ["num_attention_heads", n_heads])
      : fields.size("head_dim");
    return {
      n_layers: fields.size("num_hidden_layers"),
      n_heads,
      n_kv_heads,
      d_model,
      d_head,
      d_mlp: fields.size("intermediate_size"),
      n_ctx: fields.size("max_position_embeddings"),
      vocab_size: fields.size("vocab_size"),
      act_fn: fields.activation("hidden_act", "silu"),
      norm: "rms_norm",
      eps: fields.epsilon("rms_norm_eps", 1e-6),
      gated_mlp: true,
      attn_bias: fields.flag("attention_bias", false),
      mlp_bias: fields.flag("mlp_bias", false),
      parallel_residual: false,
      ...parseRotary(fields, d_head, { share: ["partial_rotary_factor"], shareOf: 1, onlyWhole: true }),
      tie_word_embeddings: fields.flag("tie_word_embeddings", false),
    };
  },
  write: (config) => ({
    architectures: ["LlamaForCausalLM"],
    num_hidden_layers: config.n_layers,
    num_attention_heads: config.n_heads,
    num_key_value_heads: config.n_kv_heads,
    head_dim: config.d_head,
    hidden_size: config.d_model,
    intermediate_size: config.d_mlp,
    max_position_embeddings: config.n_ctx,
    hidden_act: config.act_fn,
    rms_norm_eps: config.eps,
    attention_bias: config.attn_bias,
    mlp_bias: config.mlp_bias,
    ...writeRotary(config, { base: "rope_theta" }),
  }),
  names: {
    embed: "embed_tokens",
    ln_1: "layers.*.input_layernorm",
    q: "layers.*.self_attn.q_proj",
    k: "layers.*.self_attn.k_proj",
    v: "layers.*.self_attn.v_proj",
    attn_proj: "layers.*.self_attn.o_proj",
    ln_2: "layers.*.post_attention_layernorm",
    mlp_gate: "layers.*.mlp.gate_proj",
    mlp_in: "layers.*.mlp.up_proj",
    mlp_proj: "layers.*.mlp.down_proj",
    ln_final: "norm",
    unembed: "lm_head",
  },
  prefix: "model.",
  matrices: "out_in",
  buffers: /(^|\.)(layers\.\d+\.self_attn\.)?rotary_emb\.inv_freq$/,
};
