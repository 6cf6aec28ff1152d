import type { GPTConfig } from "../config";
import { CheckpointError } from "../errors";
import { Fields } from "./fields";
import { families, familyOf } from "./registry";

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
  const model_type = fields.oneOf("model_type", Object.keys(families));
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
