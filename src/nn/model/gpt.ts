import {
  causalAttention,
  concat,
  embedding,
  geluErf,
  geluTanh,
  matmul,
  mul,
  relu,
  rotary,
  silu,
  swiglu,
  type Tensor,
  tensor,
  transpose,
} from "../../autograd";
import type { Activation, GPTConfig } from "../config";
import { familyOf } from "../families";
import type { Tap } from "../interventions/tap";
import type { KVCache } from "./cache";
import { type Angles, rotaryAngles } from "./rotary";
import type { Parts } from "./weights";

const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  gelu_new: geluTanh,
  gelu: geluErf,
  relu,
  silu,
};

/** The tokens of one pass. */
export interface Tokens {
  /** `[batch, length]` (i32). */
  ids: Tensor;
  /** The place of each token in its text, 0 for the first: `batch · length` numbers, row by row. */
  positions: Int32Array;
  /** `[batch]` (i32): columns of padding in front of each row, the cached ones counted. */
  starts: Tensor | undefined;
  /** Keys and values of the columns before. */
  cache: KVCache | undefined;
}

/**
 * The residual stream after the last block, `[batch, length, d_model]`. Each `tap` line is a site: what it returns
 * replaces the activation.
 */
export function gpt(w: Parts, config: GPTConfig, tokens: Tokens, tap: Tap): Tensor {
  const angles = config.rotary && rotaryAngles(config.rotary, tokens, w.get("ln_final").dtype);
  let x = embed(w, tokens);
  for (let l = 0; l < config.n_layers; l++) {
    x = tap("resid_pre", l, x);
    const attn = tap("attn_out", l, attention(w, config, l, w.norm("ln_1", x, l), tokens, angles, tap));
    if (config.parallel_residual) {
      const mlp_out = tap("mlp_out", l, mlp(w, config, l, w.norm("ln_2", x, l)));
      x = x.add(attn).add(mlp_out);
    } else {
      x = tap("resid_mid", l, x.add(attn));
      x = x.add(tap("mlp_out", l, mlp(w, config, l, w.norm("ln_2", x, l))));
    }
    x = tap("resid_post", l, x);
  }
  return x;
}

/** Scores over the vocabulary, `[.., vocab_size]`. */
export function unembed(w: Parts, x: Tensor): Tensor {
  return matmul(w.norm("ln_final", x), transpose(w.head));
}

function embed(w: Parts, { ids, positions }: Tokens): Tensor {
  const x = embedding(w.get("embed"), ids);
  if (!w.has("pos_embed")) return x;
  return x.add(embedding(w.get("pos_embed"), tensor(positions, { dtype: "i32", shape: ids.shape })));
}

function attention(
  w: Parts,
  config: GPTConfig,
  l: number,
  x: Tensor,
  { starts, cache }: Tokens,
  angles: Angles | undefined,
  tap: Tap,
): Tensor {
  const { n_heads: heads, n_kv_heads: kvHeads, d_head } = config;
  const [batch, length] = x.shape as [number, number];
  const qkv = attentionHeads(w, config, l, x, angles);
  const attended = cache ? cache.attend(l, qkv) : causalAttention(qkv, { heads, kvHeads, ...(starts && { starts }) });
  const z = tap("z", l, attended);
  return w.linear("attn_proj", z.reshape([batch, length, heads * d_head]), l);
}

/**
 * Queries, keys and values of block `l` from its normed input `x [batch, length, d_model]`, the first two turned to their
 * positions: `[batch, length, heads + 2 · kvHeads, d_head]`, in this order.
 */
export function attentionHeads(w: Parts, config: GPTConfig, l: number, x: Tensor, angles: Angles | undefined): Tensor {
  const qkv = project(w, config, l, x);
  if (!angles) return qkv;
  return rotary(qkv, angles.cos, angles.sin, { heads: config.n_heads + config.n_kv_heads });
}

function project(w: Parts, config: GPTConfig, l: number, x: Tensor): Tensor {
  const { n_heads: heads, n_kv_heads: kvHeads, d_head } = config;
  const [batch, length] = x.shape as [number, number];
  const shape = [batch, length, heads + 2 * kvHeads, d_head];
  if (!w.has("qkv")) {
    return concat(
      (["q", "k", "v"] as const).map((part) => w.linear(part, x, l)),
      -1,
    ).reshape(shape);
  }
  const qkv = w.linear("qkv", x, l);
  if (familyOf(config).fused === "by_part") return qkv.reshape(shape);
  return qkv.reshape([batch, length, heads, 3, d_head]).permute([0, 1, 3, 2, 4]).reshape(shape);
}

function mlp(w: Parts, { act_fn, gated_mlp }: GPTConfig, l: number, x: Tensor): Tensor {
  const hidden = w.linear("mlp_in", x, l);
  if (!gated_mlp) return w.linear("mlp_proj", activations[act_fn](hidden), l);
  const gate = w.linear("mlp_gate", x, l);
  return w.linear("mlp_proj", act_fn === "silu" ? swiglu(gate, hidden) : mul(activations[act_fn](gate), hidden), l);
}
