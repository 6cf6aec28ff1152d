import { type CheckpointOptions, readCheckpoint, writeCheckpoint } from "./checkpoint";
import { joinPath, readBytes, readJson, writeBytes } from "./files";
import type { Model } from "./model";

/**
 * A model from a folder (or base URL) in Hugging Face layout: `config.json`, `model.safetensors` and, where present,
 * `tokenizer.json`, `tokenizer_config.json`. Throws `CheckpointError` for what is malformed or does not fit.
 */
export async function loadCheckpoint(folder: string | URL, options: CheckpointOptions = {}): Promise<Model> {
  const [config, weights, tokenizer, tokenizerConfig] = await Promise.all([
    readJson(joinPath(folder, "config.json")),
    readBytes(joinPath(folder, "model.safetensors")),
    readJson(joinPath(folder, "tokenizer.json"), true),
    readJson(joinPath(folder, "tokenizer_config.json"), true),
  ]);
  const name = options.name ?? String(folder).replace(/\/$/, "").split("/").at(-1)!;
  const files = { config, weights, ...(tokenizer !== undefined && { tokenizer, tokenizerConfig }) } as Parameters<
    typeof readCheckpoint
  >[0];
  return readCheckpoint(files, { ...options, name });
}

/** Saves a model in the same layout. `tokenizer`: the parsed files to put beside it. Node only. */
export async function saveCheckpoint(
  folder: string,
  model: Model,
  options: { metadata?: Record<string, string>; tokenizer?: object; tokenizerConfig?: object } = {},
): Promise<void> {
  const { mkdir } = await import("node:fs/promises");
  await mkdir(folder, { recursive: true });
  const { config, weights } = writeCheckpoint(model, options.metadata);
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  if (options.tokenizer) await writeBytes(`${folder}/tokenizer.json`, json(options.tokenizer));
  if (options.tokenizerConfig) await writeBytes(`${folder}/tokenizer_config.json`, json(options.tokenizerConfig));
  await writeBytes(`${folder}/config.json`, json(config));
  await writeBytes(`${folder}/model.safetensors`, weights);
}
