import { type Files, indexFile, single, splitWeightFile, textOf } from "./folder";

/** Reads weights and configurations a second time, as simply as can be: what loads is compared with it. */

export function toFloats(dtype: string, bytes: Uint8Array): number[] {
  const size = dtype === "F64" ? 8 : dtype === "F32" ? 4 : 2;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / size }, (_, i) => {
    if (dtype === "F64") return view.getFloat64(i * 8, true);
    if (dtype === "F32") return view.getFloat32(i * 4, true);
    return dtype === "F16" ? fromHalf(view.getUint16(i * 2, true)) : fromBrain(view.getUint16(i * 2, true));
  });
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function fromBrain(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 7) & 255;
  const fraction = bits & 127;
  if (exponent === 255) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -133 : (128 + fraction) * 2 ** (exponent - 134));
}

export interface Decoded {
  shape: number[];
  values: number[];
}

/** Every tensor of a folder by its stored name, with its values where its dtype is a float. */
export function decodeFolder(files: Files): Map<string, Decoded> {
  const found = new Map<string, Decoded>();
  for (const file of weightFilesOf(files)) {
    const { header, data } = splitWeightFile(files.get(file)!);
    const entries = Object.entries(JSON.parse(header)) as [
      string,
      { dtype: string; shape: number[]; data_offsets: number[] },
    ][];
    for (const [name, { dtype, shape, data_offsets }] of entries) {
      if (name === "__metadata__") continue;
      const isFloat = ["F64", "F32", "F16", "BF16"].includes(dtype);
      found.set(name, { shape, values: isFloat ? toFloats(dtype, data.slice(...data_offsets)) : [] });
    }
  }
  return found;
}

function weightFilesOf(files: Files): string[] {
  if (files.has(single)) return [single];
  const { weight_map } = JSON.parse(textOf(files.get(indexFile)!)) as { weight_map: Record<string, string> };
  return [...new Set(Object.values(weight_map))];
}

type Json = Record<string, unknown>;

/** Sizes that a `config.json` demands. */
export interface Demands {
  heads: number;
  kvHeads: number;
  dHead: number;
  context: number;
  vocabulary: number;
  /** The shape of every weight by its name without prefix. */
  shapes: Map<string, number[]>;
}

/** Reads a configuration that the loader accepted. */
export function demandsOf(config: Json): Demands {
  const has = (name: string) => Object.hasOwn(config, name) && config[name] !== null;
  const first = (...names: string[]) => config[names.find(has)!] as number;
  const flag = (name: string, fallback: boolean) => (has(name) ? (config[name] as boolean) : fallback);
  const isGpt2 = config.model_type === "gpt2";
  const isLlama = config.model_type === "llama";
  const d = isGpt2 ? first("n_embd", "hidden_size") : first("hidden_size");
  const heads = isGpt2 ? first("n_head", "num_attention_heads") : first("num_attention_heads");
  const kvHeads = isLlama && has("num_key_value_heads") ? first("num_key_value_heads") : heads;
  const dHead = isLlama && has("head_dim") ? first("head_dim") : d / heads;
  const layers = isGpt2 ? first("n_layer", "num_hidden_layers") : first("num_hidden_layers");
  const mlp = isGpt2 ? (has("n_inner") ? first("n_inner") : 4 * d) : first("intermediate_size");
  const context = isGpt2 ? first("n_positions", "max_position_embeddings", "n_ctx") : first("max_position_embeddings");
  const vocabulary = first("vocab_size");
  const shapes = new Map<string, number[]>();
  const linear = (name: string, [input, output]: [number, number], hasBias: boolean) => {
    shapes.set(`${name}.weight`, isGpt2 ? [input, output] : [output, input]);
    if (hasBias) shapes.set(`${name}.bias`, [output]);
  };
  const norm = (name: string) => {
    shapes.set(`${name}.weight`, [d]);
    if (!isLlama) shapes.set(`${name}.bias`, [d]);
  };
  shapes.set(isGpt2 ? "wte.weight" : isLlama ? "embed_tokens.weight" : "embed_in.weight", [vocabulary, d]);
  if (isGpt2) shapes.set("wpe.weight", [context, d]);
  for (let l = 0; l < layers; l++) {
    if (isGpt2) {
      norm(`h.${l}.ln_1`);
      norm(`h.${l}.ln_2`);
      linear(`h.${l}.attn.c_attn`, [d, 3 * d], true);
      linear(`h.${l}.attn.c_proj`, [d, d], true);
      linear(`h.${l}.mlp.c_fc`, [d, mlp], true);
      linear(`h.${l}.mlp.c_proj`, [mlp, d], true);
      continue;
    }
    const attentionBias = flag("attention_bias", !isLlama);
    norm(`layers.${l}.input_layernorm`);
    norm(`layers.${l}.post_attention_layernorm`);
    if (isLlama) {
      const mlpBias = flag("mlp_bias", false);
      linear(`layers.${l}.self_attn.q_proj`, [d, heads * dHead], attentionBias);
      linear(`layers.${l}.self_attn.k_proj`, [d, kvHeads * dHead], attentionBias);
      linear(`layers.${l}.self_attn.v_proj`, [d, kvHeads * dHead], attentionBias);
      linear(`layers.${l}.self_attn.o_proj`, [heads * dHead, d], attentionBias);
      linear(`layers.${l}.mlp.gate_proj`, [d, mlp], mlpBias);
      linear(`layers.${l}.mlp.up_proj`, [d, mlp], mlpBias);
      linear(`layers.${l}.mlp.down_proj`, [mlp, d], mlpBias);
    } else {
      linear(`layers.${l}.attention.query_key_value`, [d, 3 * d], attentionBias);
      linear(`layers.${l}.attention.dense`, [d, d], attentionBias);
      linear(`layers.${l}.mlp.dense_h_to_4h`, [d, mlp], true);
      linear(`layers.${l}.mlp.dense_4h_to_h`, [mlp, d], true);
    }
  }
  norm(isGpt2 ? "ln_f" : isLlama ? "norm" : "final_layer_norm");
  const isTied = flag("tie_word_embeddings", isGpt2);
  if (!isTied) shapes.set(config.model_type === "gpt_neox" ? "embed_out.weight" : "lm_head.weight", [vocabulary, d]);
  return { heads, kvHeads, dHead, context, vocabulary, shapes };
}
