import { nearest, sameShape, type Tensor, tensor } from "../autograd";
import { type GPTConfig, parseConfig, toHuggingFaceConfig } from "./config";
import { CheckpointError } from "./errors";
import { familyOf } from "./families";
import { Model } from "./model";
import { readSafetensors, type StoredTensor, toFloat32, writeSafetensors } from "./safetensors";
import { Tokenizer } from "./tokenizer";
import { findPrefix, storedName, weightName, weightShapes } from "./weights";

/** The files of a checkpoint folder in Hugging Face layout, already read. */
export interface CheckpointFiles {
  /** Parsed `config.json`. */
  config: unknown;
  /** The bytes of `model.safetensors`. */
  weights: Uint8Array;
  /** Parsed `tokenizer.json` and `tokenizer_config.json`, where there are any. */
  tokenizer?: object;
  tokenizerConfig?: object;
}

export interface CheckpointOptions {
  /** Named in errors. */
  name?: string;
  /** What to compute in: `f32` (default), or `f64` for reference values. */
  dtype?: "f32" | "f64";
}

/**
 * A model from the files of its checkpoint. Throws `CheckpointError` for malformed files, missing, unexpected or
 * misshapen weights, and weights that are not finite. Nothing is returned half-built.
 */
export function readCheckpoint(files: CheckpointFiles, options: CheckpointOptions = {}): Model {
  const { name = "checkpoint", dtype = "f32" } = options;
  const config = parseConfig(files.config, `${name}/config.json`);
  const source = `${name}/model.safetensors`;
  const { tensors } = readSafetensors(files.weights, source);
  const stored = selectWeights([...tensors.keys()], config, source);
  const weights: Record<string, Tensor> = {};
  for (const [key, shape] of stored) weights[key] = readWeight(tensors.get(key)!, shape, dtype, source);
  const tokenizer =
    files.tokenizer && Tokenizer.fromJSON(files.tokenizer, files.tokenizerConfig, `${name}/tokenizer.json`);
  return new Model(config, weights, tokenizer, name);
}

/** The files that `readCheckpoint` reads back: `config.json` as an object and the bytes of `model.safetensors`. */
export function writeCheckpoint(model: Model, metadata: Record<string, string> = {}) {
  const stored = Object.entries(model.weights).map(([key, x]) => {
    const data = x.cast("f32").toTypedArray();
    return [key, { dtype: "F32" as const, shape: x.shape, data }] as const;
  });
  const weights = writeSafetensors(stored as never, { format: "pt", ...metadata });
  return { config: toHuggingFaceConfig(model.config), weights };
}

/** The stored names that are weights, with the shape each must have. */
function selectWeights(names: string[], config: GPTConfig, source: string): [string, readonly number[]][] {
  const shapes = weightShapes(config);
  const prefix = findPrefix(names, config);
  const wanted = new Map(Object.entries(shapes).map(([key, shape]) => [storedName(config, prefix, key), shape]));
  // Files saved from a tied model may hold the head as well; the tie makes it the embedding.
  const isTiedHead = (key: string) => key === weightName(config, "unembed") && config.tie_word_embeddings;
  const { buffers } = familyOf(config);
  const missing = [...wanted.keys()].filter((key) => !names.includes(key));
  const unexpected = names.filter((key) => !wanted.has(key) && !buffers.test(key) && !isTiedHead(key));
  if (missing.length > 0 || unexpected.length > 0) {
    const list = (keys: string[]) => keys.slice(0, 5).join(", ") + (keys.length > 5 ? `, … (${keys.length})` : "");
    const close = missing[0] && unexpected.length > 0 ? nearest(missing[0], unexpected) : undefined;
    throw new CheckpointError(source, "the stored weights are not those of this model", {
      details: {
        ...(missing.length > 0 && { missing: list(missing) }),
        ...(unexpected.length > 0 && { unexpected: list(unexpected) }),
      },
      hint: close
        ? `Nearest to ${missing[0]}: ${close}.`
        : "Check that config.json and model.safetensors belong to the same model.",
    });
  }
  return [...wanted];
}

function readWeight(stored: StoredTensor, shape: readonly number[], dtype: "f32" | "f64", source: string): Tensor {
  if (!sameShape(stored.shape, shape)) {
    throw new CheckpointError(source, `${stored.name} has the wrong shape`, {
      details: { stored: stored.shape, config: shape },
    });
  }
  const values = toFloat32(stored, source);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new CheckpointError(source, `${stored.name} holds ${values[bad]} at element ${bad}`, {
      hint: "The file is damaged, or its training diverged.",
    });
  }
  return tensor(values, { dtype, shape });
}

/** A short hash of configuration and weights: the same for equal models, whatever prefix their names have. */
export function fingerprint(model: Model): string {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  const mix = (value: number) => {
    low = Math.imul(low ^ value, 0x01000193);
    high = Math.imul(high ^ (value + low), 0x85ebca6b);
  };
  const text = (s: string) => {
    for (let i = 0; i < s.length; i++) mix(s.charCodeAt(i));
  };
  const { model_type, n_layers, n_heads, d_model, d_mlp, vocab_size, act_fn, eps } = model.config;
  text([model_type, n_layers, n_heads, d_model, d_mlp, vocab_size, act_fn, eps].join(" "));
  const named = Object.entries(model.weights).map(([key, x]) => [key.slice(prefixOf(key, model)), x] as const);
  for (const [key, x] of named.sort(([a], [b]) => (a < b ? -1 : 1))) {
    text(key);
    const values = Float32Array.from(x.toTypedArray());
    for (const bits of new Int32Array(values.buffer)) mix(bits);
  }
  const hex = (x: number) => (x >>> 0).toString(16).padStart(8, "0");
  return hex(high) + hex(low);
}

/** How much of a stored name is the checkpoint's prefix. */
function prefixOf(key: string, { prefix }: Model): number {
  return key.startsWith(prefix) ? prefix.length : 0;
}
