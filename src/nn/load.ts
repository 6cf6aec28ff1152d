import { type CheckpointOptions, readCheckpoint, writeCheckpoint } from "./checkpoint";
import { joinPath, readBytes, readJson, writeBytes } from "./files";
import type { Model } from "./model";

/**
 * A model from a folder (or base URL) in Hugging Face layout: `config.json`, `model.safetensors` and, where present,
 * `tokenizer.json`, `tokenizer_config.json`. Throws `CheckpointError` for what is malformed or does not fit.
 */
export async function loadCheckpoint(folder: string | URL, options: CheckpointOptions = {}): Promise<Model> {
  // One after the other, so that what is wrong first is always what is said.
  const config = await readJson(joinPath(folder, "config.json"));
  const weights = await readBytes(joinPath(folder, "model.safetensors"));
  const tokenizer = await readJson(joinPath(folder, "tokenizer.json"), true);
  const tokenizerConfig = await readJson(joinPath(folder, "tokenizer_config.json"), true);
  const name = options.name ?? String(folder).replace(/\/$/, "").split("/").at(-1)!;
  const files = { config, weights, ...(tokenizer !== undefined && { tokenizer, tokenizerConfig }) } as Parameters<
    typeof readCheckpoint
  >[0];
  return readCheckpoint(files, { ...options, name });
}

/** Saves a model in the same layout, with its tokenizer if it has one. Node only. */
export async function saveCheckpoint(
  folder: string,
  model: Model,
  options: { metadata?: Record<string, string> } = {},
): Promise<void> {
  const { mkdir, rm } = await import("node:fs/promises");
  await mkdir(folder, { recursive: true });
  const { config, weights } = writeCheckpoint(model, options.metadata);
  const files = {
    "tokenizer.json": model.tokenizer?.files.tokenizer,
    "tokenizer_config.json": model.tokenizer?.files.tokenizerConfig,
    "config.json": config,
  };
  for (const [name, content] of Object.entries(files)) {
    // A tokenizer of another model that lay there before must not seem to be this one's.
    if (content === undefined) await rm(`${folder}/${name}`, { force: true });
    else await writeBytes(`${folder}/${name}`, `${JSON.stringify(content, null, 2)}\n`);
  }
  await writeBytes(`${folder}/model.safetensors`, weights);
}
