import type { Tensor } from "../../autograd";
import { openFolder, readJson, writeFolder } from "../../io/files";
import { type CheckpointFolder, droppedFolder } from "../../io/folder";
import { NotFoundError } from "../errors";
import { Model } from "../model/model";
import { type CheckpointOptions, checkDType, readDescription, selectWeights, writeCheckpoint } from "./checkpoint";
import { checkRoom, fillWeights, WeightInProgress } from "./read-weights";
import { findWeights } from "./shards";

/** A folder's path (Node), its URL, the files of a dropped folder (browser), or anything that opens files by name. */
export type CheckpointSource = string | URL | ArrayLike<File> | CheckpointFolder;

/** How much of a file has come in. Bytes. */
export interface FileProgress {
  file: string;
  loaded: number;
  total: number;
}

/** How a checkpoint is loaded. */
export interface LoadOptions extends CheckpointOptions {
  /** Called after each piece of a weight file. */
  onProgress?: (progress: FileProgress) => void;
}

/**
 * A model from a folder in Hugging Face layout: `config.json`, `model.safetensors` or the shards of
 * `model.safetensors.index.json`, and, where present, `tokenizer.json` and `tokenizer_config.json`. Weights are read by
 * ranges straight to where they stay, so that hardly more memory is needed than they take.
 *
 * Throws `CheckpointError` for what is malformed or does not fit, `NotFoundError` for files that are not there.
 */
export async function loadCheckpoint(source: CheckpointSource, options: LoadOptions = {}): Promise<Model> {
  const { dtype = "f32", onProgress = () => {} } = options;
  checkDType(dtype);
  const folder = asFolder(source);
  const name = options.name ?? folder.name;
  // One after the other, so that what is wrong first is always what is said.
  const config = await readJson(folder, "config.json");
  if (config === undefined) throw new NotFoundError("read", `${folder.locate("config.json")}: no such file`);
  const tokenizer = (await readJson(folder, "tokenizer.json")) as object | undefined;
  const hasTokenizer = tokenizer !== undefined;
  const tokenizerConfig = hasTokenizer ? ((await readJson(folder, "tokenizer_config.json")) as object) : undefined;
  const description = readDescription({ config, tokenizer, tokenizerConfig }, name);
  const stored = await findWeights(folder, name);
  try {
    const entries = stored.files.flatMap((file) => file.entries);
    const selected = new Set(selectWeights(entries, description.config, stored.source));
    checkRoom([...selected], dtype, stored.source);
    const weights: Record<string, Tensor> = {};
    for (const { file, source, entries } of stored.files) {
      const wanted = entries.filter((entry) => selected.has(entry));
      const parts = wanted.map((entry) => new WeightInProgress(entry, source, dtype));
      const access = await stored.open(file);
      try {
        await fillWeights(access, parts, (loaded) => onProgress({ file, loaded, total: access.size }));
        onProgress({ file, loaded: access.size, total: access.size });
      } finally {
        await access.close();
      }
      for (const { entry, tensor } of parts) weights[entry.name] = tensor;
    }
    return new Model(description.config, weights, description.tokenizer, name);
  } finally {
    await stored.close();
  }
}

function asFolder(source: CheckpointSource): CheckpointFolder {
  if (typeof source === "string" || source instanceof URL) return openFolder(source);
  return "open" in source ? source : droppedFolder(source);
}

/** Saves a model in the same layout, with its tokenizer if it has one; the folder is made if missing. Node only. */
export async function saveCheckpoint(
  folder: string,
  model: Model,
  options: { metadata?: Record<string, string> } = {},
): Promise<void> {
  const { config, weights } = writeCheckpoint(model, options.metadata);
  const text = (json: object | undefined) => json && `${JSON.stringify(json, null, 2)}\n`;
  await writeFolder(folder, {
    // A tokenizer of another model that lay there before must not seem to be this one's: without one it is removed.
    "tokenizer.json": text(model.tokenizer?.files.tokenizer),
    "tokenizer_config.json": text(model.tokenizer?.files.tokenizerConfig),
    "config.json": text(config),
    "model.safetensors": weights,
  });
}
