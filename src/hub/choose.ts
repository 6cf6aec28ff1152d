import { indexFile, listed, onlyPickle, parseShardIndex, weightFile } from "../nn/checkpoint/shards";
import { HubError } from "./errors";

/** The files of a tokenizer, which a model may lack. */
export const tokenizerFiles = ["tokenizer.json", "tokenizer_config.json"];

/**
 * The file that leads to a model's weights: `model.safetensors`, or else the index of its shards. `files`: the names of
 * all that the hub has of it.
 *
 * @throws CheckpointError for weights that only pickle holds, HubError for a model without weights or configuration.
 */
export function chooseWeights(name: string, files: readonly string[]): string {
  const found = [weightFile, indexFile].find((file) => files.includes(file));
  if (found === undefined) {
    const pickled = files.find((file) => /^pytorch_model.*\.bin/.test(file));
    if (pickled) throw onlyPickle(name, pickled);
    const others = files.filter((file) => /\.(safetensors|gguf|bin|h5|msgpack|onnx)$/.test(file));
    throw new HubError(name, `has no ${weightFile}`, {
      details: { ...(others.length > 0 && { has: listed(others) }) },
      hint: "Look for another copy of it that has.",
    });
  }
  if (files.includes("config.json")) return found;
  throw new HubError(name, "has no config.json, so it is no model of Transformers");
}

/** The shards that a model's index names. Throws `CheckpointError` for what is no index, `HubError` for absent shards. */
export function chooseShards(name: string, index: unknown, files: readonly string[]): string[] {
  const { shards } = parseShardIndex(index, `${name}/${indexFile}`);
  const absent = shards.filter((shard) => !files.includes(shard));
  if (absent.length === 0) return shards;
  throw new HubError(name, `its index names files that it does not have: ${listed(absent)}`);
}
