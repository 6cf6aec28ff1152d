import { type ErrorParts, nearest } from "../tensor/errors";
import { CheckpointError } from "./errors";

/** The non-linearity of the MLP: `gelu_new` is the tanh form, `gelu` the exact (erf) form. */
export type Activation = "gelu_new" | "gelu" | "relu" | "silu";

/** Sizes and switches of a model, under one set of names for all checkpoint families. Plain data. */
export interface GPTConfig {
  readonly model_type: ModelType;
  readonly n_layers: number;
  readonly n_heads: number;
  readonly d_model: number;
  readonly d_head: number;
  readonly d_mlp: number;
  readonly n_ctx: number;
  readonly vocab_size: number;
  readonly act_fn: Activation;
  /** Added to the variance inside the square root of every norm. */
  readonly eps: number;
  readonly tie_word_embeddings: boolean;
  /** Scores are divided by sqrt(d_head). */
  readonly scale_attn_weights: true;
  readonly bos_token_id?: number;
  readonly eos_token_id?: number;
  /** The `config.json` that this was read from. */
  readonly source: Readonly<Record<string, unknown>>;
}

/** How one checkpoint family is read and written. A new family is one entry of `FAMILIES`. */
interface Family {
  parse(fields: Fields): Omit<GPTConfig, "model_type" | "source">;
  write(config: GPTConfig): Record<string, unknown>;
}

const gpt2: Family = {
  parse(fields) {
    const d_model = fields.size("n_embd", "hidden_size");
    const n_heads = fields.size("n_head", "num_attention_heads");
    if (d_model % n_heads !== 0) {
      throw fields.error("n_embd is not divisible by n_head", { details: { n_embd: d_model, n_head: n_heads } });
    }
    fields.only("scale_attn_weights", true);
    fields.only("scale_attn_by_inverse_layer_idx", false);
    fields.only("add_cross_attention", false);
    fields.only("is_encoder_decoder", false);
    fields.empty("pruned_heads");
    fields.empty("quantization_config");
    return {
      n_layers: fields.size("n_layer", "num_hidden_layers"),
      n_heads,
      d_model,
      d_head: d_model / n_heads,
      d_mlp: fields.isAbsent("n_inner") ? 4 * d_model : fields.size("n_inner"),
      n_ctx: fields.size("n_positions", "max_position_embeddings", "n_ctx"),
      vocab_size: fields.size("vocab_size"),
      act_fn: fields.activation("activation_function", "gelu_new"),
      eps: fields.epsilon("layer_norm_epsilon", 1e-5),
      tie_word_embeddings: fields.flag("tie_word_embeddings", true),
      scale_attn_weights: true,
      ...fields.tokenId("bos_token_id"),
      ...fields.tokenId("eos_token_id"),
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
};

const FAMILIES = { gpt2 } satisfies Record<string, Family>;

/** Families that are known by name and refused until they are written. */
const NOT_YET = ["gpt_neox", "llama"];

/** The `model_type` of a supported checkpoint family. */
export type ModelType = keyof typeof FAMILIES;

/** Every `hidden_act` name with the same formula as one of ours. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu_new: "gelu_new",
  gelu_fast: "gelu_new",
  gelu_accurate: "gelu_new",
  gelu_pytorch_tanh: "gelu_new",
  gelu: "gelu",
  gelu_python: "gelu",
  relu: "relu",
  silu: "silu",
  swish: "silu",
};

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
  const model_type = fields.family();
  return { model_type, ...FAMILIES[model_type].parse(fields), source: fields.json };
}

/** The `config.json` to save next to a checkpoint: what was read, overwritten by what the configuration says. */
export function toHuggingFaceConfig(config: GPTConfig): Record<string, unknown> {
  const { model_type, vocab_size, tie_word_embeddings, bos_token_id = null, eos_token_id = null } = config;
  const shared = { model_type, vocab_size, tie_word_embeddings, bos_token_id, eos_token_id };
  return { ...config.source, ...FAMILIES[model_type].write(config), ...shared };
}

/** Typed access to the fields of a `config.json`. Of several names for one field the first that is there counts. */
class Fields {
  constructor(
    readonly json: Readonly<Record<string, unknown>>,
    readonly file: string,
  ) {}

  error(problem: string, parts?: ErrorParts): CheckpointError {
    return new CheckpointError(this.file, problem, parts);
  }

  /** Omitted and `null` mean the same in a Hugging Face configuration. */
  isAbsent(name: string): boolean {
    return !Object.hasOwn(this.json, name) || this.json[name] === null;
  }

  family(): ModelType {
    const known = Object.keys(FAMILIES);
    const supported = `Supported: ${known.join(", ")}.`;
    if (this.isAbsent("model_type")) throw this.error("model_type is missing", { hint: supported });
    const type = this.json.model_type;
    if (typeof type === "string" && Object.hasOwn(FAMILIES, type)) return type as ModelType;
    const shown = show(type);
    if (NOT_YET.includes(type as string))
      throw this.error(`model_type ${shown} is not supported yet`, { hint: supported });
    throw this.error(`model_type ${shown} is unknown`, { hint: `${supported} Nearest: "${nearest(shown, known)}".` });
  }

  size(...names: [string, ...string[]]): number {
    const name = names.find((candidate) => !this.isAbsent(candidate));
    if (name === undefined) throw this.error(`${names[0]} is missing`);
    const value = this.json[name];
    if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
    throw this.error(`${name} is ${show(value)}, not a positive integer`);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.isAbsent(name) ? fallback : this.json[name];
    if (typeof value === "boolean") return value;
    throw this.error(`${name} is ${show(value)}, not true or false`);
  }

  /** Refuses a switch whose other position would need code that is not there. */
  only(name: string, supported: boolean): void {
    if (this.flag(name, supported) === supported) return;
    throw this.error(`${name}: ${!supported} is not supported`, { hint: `Supported: ${name}: ${supported}.` });
  }

  /** Refuses an object that says that the weights are not stored as this family's plain matrices. */
  empty(name: string): void {
    if (this.isAbsent(name) || Object.keys(this.json[name] as object).length === 0) return;
    throw this.error(`${name} is not supported`, { hint: `Supported: no ${name}, the weights as trained.` });
  }

  activation(name: string, fallback: Activation): Activation {
    const value = this.isAbsent(name) ? fallback : this.json[name];
    if (typeof value === "string" && Object.hasOwn(ACTIVATIONS, value)) return ACTIVATIONS[value] as Activation;
    const hint = `Supported: ${Object.keys(ACTIVATIONS).join(", ")}.`;
    throw this.error(`${name} ${show(value)} is not supported`, { hint });
  }

  epsilon(name: string, fallback: number): number {
    const value = this.isAbsent(name) ? fallback : this.json[name];
    if (typeof value === "number" && value >= 0 && value < Number.POSITIVE_INFINITY) return value;
    throw this.error(`${name} is ${show(value)}, not a finite number that is not negative`);
  }

  tokenId<Name extends string>(name: Name): { [key in Name]?: number } {
    if (this.isAbsent(name)) return {};
    const value = this.json[name];
    if (Number.isSafeInteger(value) && (value as number) >= 0) return { [name]: value } as { [key in Name]?: number };
    throw this.error(`${name} is ${show(value)}, not a token id`);
  }
}

function show(value: unknown): string {
  if (typeof value === "object") return Array.isArray(value) ? "a list" : "an object";
  return typeof value === "string" ? JSON.stringify(value.slice(0, 60)) : String(value);
}
