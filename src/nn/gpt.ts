import {
  causalAttention,
  embedding,
  geluErf,
  geluTanh,
  layerNorm,
  linear as linearOp,
  matmul,
  relu,
  silu,
  type Tensor,
  transpose,
} from "../autograd";
import type { Activation, GPTConfig } from "./config";
import type { Tap } from "./plan";

/** The weights of a model by their checkpoint names. */
export type Weights = Readonly<Record<string, Tensor>>;

/** Looks a weight up by its name without the checkpoint's prefix. */
export type Lookup = (name: string) => Tensor;

const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  gelu_new: geluTanh,
  gelu: geluErf,
  relu,
  silu,
};

/**
 * The residual stream after the last block and norm, `[batch, positions, d_model]`, from token ids and their positions
 * `[batch, positions]`. Each `tap` line is a site: what it returns replaces the activation.
 */
export function gpt2(w: Lookup, config: GPTConfig, ids: Tensor, positions: Tensor, tap: Tap): Tensor {
  let x = embedding(w("wte.weight"), ids).add(embedding(w("wpe.weight"), positions));
  for (let l = 0; l < config.n_layers; l++) {
    const block: Lookup = (name) => w(`h.${l}.${name}`);
    x = tap("resid_pre", l, x);
    x = x.add(tap("attn_out", l, attention(block, config, l, norm(block, "ln_1", x, config), tap)));
    x = tap("resid_mid", l, x);
    x = x.add(tap("mlp_out", l, mlp(block, config, norm(block, "ln_2", x, config))));
    x = tap("resid_post", l, x);
  }
  return norm(w, "ln_f", x, config);
}

/** Scores over the vocabulary, `[…, vocab_size]`; the embedding serves again where the checkpoint ties the two. */
export function unembed(w: Lookup, config: GPTConfig, x: Tensor): Tensor {
  return matmul(x, transpose(w(config.tie_word_embeddings ? "wte.weight" : "lm_head.weight")));
}

function attention(w: Lookup, { n_heads, d_model, d_head }: GPTConfig, l: number, x: Tensor, tap: Tap): Tensor {
  const [batch, length] = x.shape as [number, number];
  const qkv = linear(w, "attn.c_attn", x).reshape([batch, length, 3 * n_heads, d_head]);
  const z = tap("z", l, causalAttention(qkv, { heads: n_heads }));
  return linear(w, "attn.c_proj", z.reshape([batch, length, d_model]));
}

function mlp(w: Lookup, { act_fn }: GPTConfig, x: Tensor): Tensor {
  return linear(w, "mlp.c_proj", activations[act_fn](linear(w, "mlp.c_fc", x)));
}

/** GPT-2 stores its weight matrices as `[in, out]`. */
function linear(w: Lookup, name: string, x: Tensor): Tensor {
  return linearOp(x, w(`${name}.weight`), w(`${name}.bias`));
}

function norm(w: Lookup, name: string, x: Tensor, { eps }: GPTConfig): Tensor {
  return layerNorm(x, w(`${name}.weight`), w(`${name}.bias`), eps);
}
