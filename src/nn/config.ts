import { CheckpointError } from "./errors";
import { type Activation, Fields, families, familyOf, type ModelType, type Rotary } from "./families";

/** Sizes and switches of a model, under one set of names for all checkpoint families. Plain data. */
export interface GPTConfig {
  readonly model_type: ModelType;
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

/**
 * Reads the contents of a Hugging Face `config.json`. Sizes must be there; other omitted fields take the defaults that
 * the family documents (GPT-2: tied embeddings, `gelu_new`, eps 1e-5). What would change the result is refused by name.
 *
 * @throws CheckpointError naming `source` and the field.
 */
export function parseConfig(json: unknown, source = "config.json"): GPTConfig {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new CheckpointError(source, "a model configuration is a JSON object");
  }
  const fields = new Fields(json as Record<string, unknown>, source);
  const model_type = fields.oneOf("model_type", Object.keys(families) as ModelType[]);
  const family = familyOf({ model_type });
  checkArchitecture(fields, family.architectures);
  fields.empty("quantization_config");
  const bos_token_id = fields.tokenId("bos_token_id");
  return {
    model_type,
    ...family.parse(fields),
    ...(bos_token_id !== undefined && { bos_token_id }),
    eos_token_ids: fields.tokenIds("eos_token_id"),
    source: fields.json,
  };
}

/** A classifier on the same body would load, and give logits of nothing. */
function checkArchitecture(fields: Fields, known: readonly string[]): void {
  if (fields.isAbsent("architectures")) return;
  const names = fields.json.architectures;
  if (!Array.isArray(names)) throw fields.error(`architectures is ${fields.show(names)}, not a list`);
  const other = names.find((name) => !known.includes(name));
  if (other === undefined) return;
  throw fields.error(`architecture ${fields.show(other)} is not supported`, {
    hint: `Supported: ${known.join(", ")}.`,
  });
}

/** The `config.json` to save next to a checkpoint: what was read, overwritten by what the configuration says. */
export function toHuggingFaceConfig(config: GPTConfig): Record<string, unknown> {
  const { model_type, vocab_size, tie_word_embeddings, bos_token_id = null, eos_token_ids: ids } = config;
  const eos_token_id = ids.length > 1 ? ids : (ids[0] ?? null);
  const shared = { model_type, vocab_size, tie_word_embeddings, bos_token_id, eos_token_id };
  return { ...config.source, ...familyOf(config).write(config), ...shared };
}
