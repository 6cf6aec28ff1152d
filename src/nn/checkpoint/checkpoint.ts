import { ArgumentError, type Tensor } from "../../autograd";
import { type HalfDType, isHalf, narrowInto, nearest, sameShape, widenInto } from "../../tensor/internal";
import type { GPTConfig } from "../config";
import { CheckpointError } from "../errors";
import { familyOf, parseConfig, toHuggingFaceConfig } from "../families";
import { Model } from "../model/model";
import { findPrefix, storedName, weightName, weightShapes } from "../model/weights";
import { Tokenizer } from "../tokenizer/tokenizer";
import { type CheckpointDType, checkRoom, WeightInProgress } from "./read-weights";
import {
  FLOATS,
  isStoredFloat,
  parseSafetensorsHeader,
  type StoredEntry,
  safetensorsHeaderLength,
  writeSafetensors,
} from "./safetensors";
import { listed } from "./shards";

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

/** How the bytes of a checkpoint are read. */
export interface CheckpointOptions {
  /** Named in errors. */
  name?: string;
  /**
   * What matrices are kept as. `f32` (default); `auto`: as they are stored, 16-bit ones in half the memory; `f16`, `bf16`:
   * rounded to it. Vectors are f32 in all of these. `f64`: everything in float64, for reference values.
   */
  dtype?: CheckpointDType;
}

const dtypes = ["f32", "auto", "f16", "bf16", "f64"] as const satisfies CheckpointDType[];

/**
 * A model from the files of its checkpoint. Throws `CheckpointError` for malformed files, missing, unexpected or
 * misshapen weights, and weights that are not finite. Nothing is returned half-built.
 */
export function readCheckpoint(files: CheckpointFiles, options: CheckpointOptions = {}): Model {
  const { name = "checkpoint", dtype = "f32" } = options;
  checkDType(dtype);
  const { config, tokenizer } = readDescription(files, name);
  const source = `${name}/model.safetensors`;
  const bytes = files.weights;
  const length = safetensorsHeaderLength(bytes, bytes.length, source);
  const { entries } = parseSafetensorsHeader(bytes.subarray(8, 8 + length), bytes.length, source);
  const weights: Record<string, Tensor> = {};
  const selected = selectWeights(entries, config, source);
  checkRoom(selected, dtype, source);
  for (const entry of selected) {
    const weight = new WeightInProgress(entry, source, dtype);
    weight.write(entry.begin, bytes.subarray(entry.begin, entry.end));
    weights[entry.name] = weight.tensor;
  }
  return new Model(config, weights, tokenizer, name);
}

/** What a checkpoint holds besides weights. Throws `CheckpointError` for malformed files. */
export function readDescription(files: Omit<CheckpointFiles, "weights">, name: string) {
  const config = parseConfig(files.config, `${name}/config.json`);
  const { tokenizer: json, tokenizerConfig } = files;
  const tokenizer =
    json === undefined ? undefined : Tokenizer.fromJSON(json, tokenizerConfig, `${name}/tokenizer.json`);
  return { config, tokenizer };
}

/** Throws `ArgumentError` for a dtype that weights cannot be kept as. */
export function checkDType(dtype: string): void {
  if ((dtypes as readonly string[]).includes(dtype)) return;
  throw new ArgumentError("dtype", `weights cannot be kept as "${dtype}"`, {
    hint: `One of ${dtypes.join(", ")}. Nearest: "${nearest(dtype, dtypes)}".`,
  });
}

/**
 * The files that `readCheckpoint` reads back: `config.json` as an object and the bytes of `model.safetensors`, with
 * 16-bit weights as they are and all others as F32.
 */
export function writeCheckpoint(model: Model, metadata: Record<string, string> = {}) {
  const stored = Object.entries(model.weights).map(([key, x]) => {
    if (isHalf(x.dtype)) {
      const data = new Uint16Array(x.size);
      narrowInto(x.toTypedArray() as Float32Array, x.dtype, data);
      return [key, { dtype: x.dtype === "f16" ? "F16" : "BF16", shape: x.shape, data }] as const;
    }
    return [key, { dtype: "F32", shape: x.shape, data: x.cast("f32").toTypedArray() }] as const;
  });
  const weights = writeSafetensors(stored, { format: "pt", ...metadata });
  return { config: toHuggingFaceConfig(model.config), weights };
}

/** The stored tensors that are weights. Throws one `CheckpointError` that lists all that do not fit the model. */
export function selectWeights(stored: readonly StoredEntry[], config: GPTConfig, source: string): StoredEntry[] {
  // The list of what is missing must not become as long as a wrong number of blocks.
  if (config.n_layers > stored.length + 1000) {
    throw new CheckpointError(source, `${stored.length} tensors are too few for ${config.n_layers} blocks`, {
      hint: "Check that config.json and model.safetensors belong to the same model.",
    });
  }
  const shapes = weightShapes(config);
  const names = stored.map(({ name }) => name);
  const prefix = findPrefix(names, config);
  const wanted = new Map(Object.entries(shapes).map(([key, shape]) => [storedName(config, prefix, key), shape]));
  // Files saved from a tied model may hold the head as well; the tie makes it the embedding.
  const isTiedHead = (key: string) => key === weightName(config, "unembed") && config.tie_word_embeddings;
  const { buffers } = familyOf(config);
  const found = new Map(stored.map((entry) => [entry.name, entry]));
  const missing = [...wanted.keys()].filter((key) => !found.has(key));
  const unexpected = names.filter((key) => !wanted.has(key) && !buffers.test(key) && !isTiedHead(key));
  const weights = [...wanted.keys()].flatMap((key) => found.get(key) ?? []);
  const misshapen = weights.filter(({ name, shape }) => !sameShape(shape, wanted.get(name)!));
  const notFloats = weights.filter(({ dtype }) => !isStoredFloat(dtype));
  if ([missing, unexpected, misshapen, notFloats].every((list) => list.length === 0)) return weights;
  // A file can hold a million names, and long ones: comparing with all would take minutes.
  const candidates = unexpected.filter((key) => key.length < 200).slice(0, 1000);
  const close = missing[0] && nearest(missing[0], candidates);
  const shape = (sizes: readonly number[]) => `[${listed(sizes.map(String))}]`;
  const shapesOf = ({ name, shape: sizes }: StoredEntry) =>
    `${name} is ${shape(sizes)} not ${shape(wanted.get(name)!)}`;
  throw new CheckpointError(source, "the stored weights are not those of this model", {
    details: {
      ...(missing.length > 0 && { missing: listed(missing) }),
      ...(unexpected.length > 0 && { unexpected: listed(unexpected) }),
      ...(misshapen.length > 0 && { misshapen: listed(misshapen.map(shapesOf), "; ") }),
      ...(notFloats.length > 0 && { "not floats": listed(notFloats.map(({ name, dtype }) => `${name} is ${dtype}`)) }),
    },
    hint: close
      ? `Nearest to ${missing[0]}: ${close}.`
      : notFloats.length > 0
        ? `Weights are ${FLOATS.join(", ")}.`
        : "Check that config.json and model.safetensors belong to the same model.",
  });
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
  // What no weight shows. The first family had nothing of the kind, and files hold its fingerprints.
  const { n_kv_heads, parallel_residual, rotary } = model.config;
  if (rotary !== undefined) text(JSON.stringify([n_kv_heads, parallel_residual, rotary]));
  const named = Object.entries(model.weights).map(([key, x]) => [key.slice(prefixOf(key, model)), x] as const);
  for (const [key, x] of named.sort(([a], [b]) => (a < b ? -1 : 1))) {
    text(key);
    for (const values of singlesOf(x)) {
      const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
      for (let i = 0; i < bits.length; i++) mix(bits[i]!);
    }
  }
  const hex = (x: number) => (x >>> 0).toString(16).padStart(8, "0");
  return hex(high) + hex(low);
}

/** The elements in float32, some thousand at a time. */
function* singlesOf(x: Tensor): Generator<Float32Array> {
  const { offset, isContiguous } = x.layout;
  const elements = isContiguous ? x.storage.data().subarray(offset, offset + x.size) : x.toTypedArray();
  const block = new Float32Array(Math.min(8192, elements.length));
  for (let at = 0; at < elements.length; at += block.length) {
    const part = elements.subarray(at, at + block.length);
    const values = block.subarray(0, part.length);
    if (part instanceof Uint16Array) widenInto(part, x.dtype as HalfDType, values);
    else values.set(part);
    yield values;
  }
}

/** How much of a stored name is the checkpoint's prefix. */
function prefixOf(key: string, { prefix }: Model): number {
  return key.startsWith(prefix) ? prefix.length : 0;
}
