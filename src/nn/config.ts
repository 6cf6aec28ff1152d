/** The non-linearity of the MLP: `gelu_new` is the tanh form, `gelu` the exact (erf) form. */
export type Activation = "gelu_new" | "gelu" | "relu" | "silu";

/** Rotary positions: the first `dim` entries of each head turn, with frequencies `base^(−2i/dim)`. */
export interface Rotary {
  readonly dim: number;
  readonly base: number;
  /** How the frequencies are stretched for longer contexts; absent: not at all. */
  readonly scaling?: RotaryScaling;
}

/** `linear` divides all frequencies by `factor`; `llama3` the low ones, with a smooth transition (Llama 3.1). */
export type RotaryScaling =
  | { readonly rope_type: "linear"; readonly factor: number }
  | {
      readonly rope_type: "llama3";
      readonly factor: number;
      readonly low_freq_factor: number;
      readonly high_freq_factor: number;
      readonly original_max_position_embeddings: number;
    };

/** Sizes and switches of a model, under one set of names for all checkpoint families. Plain data. */
export interface GPTConfig {
  /** The checkpoint family, as its `config.json` names it: one of `families`. */
  readonly model_type: string;
  readonly n_layers: number;
  readonly n_heads: number;
  /** Key and value heads; each serves `n_heads / n_kv_heads` query heads. */
  readonly n_kv_heads: number;
  readonly d_model: number;
  readonly d_head: number;
  readonly d_mlp: number;
  readonly n_ctx: number;
  readonly vocab_size: number;
  readonly act_fn: Activation;
  readonly norm: "layer_norm" | "rms_norm";
  /** Added to the variance inside the square root of every norm. */
  readonly eps: number;
  /** The MLP is `proj(act_fn(gate(x)) · in(x))`, not `proj(act_fn(in(x)))`. */
  readonly gated_mlp: boolean;
  /** Whether the projections of the attention, and of the MLP, have biases. */
  readonly attn_bias: boolean;
  readonly mlp_bias: boolean;
  /** Attention and MLP read the same residual stream; there is none between them. */
  readonly parallel_residual: boolean;
  /** Rotary positions; absent: learned ones (GPT-2), or none. */
  readonly rotary?: Rotary;
  readonly tie_word_embeddings: boolean;
  readonly bos_token_id?: number;
  /** The tokens that end a text. */
  readonly eos_token_ids: readonly number[];
  /** The `config.json` that this was read from. */
  readonly source: Readonly<Record<string, unknown>>;
}

/** What every family reads alike. */
type Shared = "model_type" | "bos_token_id" | "eos_token_ids" | "source";
export type FamilyConfig = Omit<GPTConfig, Shared>;
