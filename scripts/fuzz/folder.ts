import type { Random } from "fader/autograd";

/** The files of a checkpoint folder by their names. */
export type Files = Map<string, Uint8Array>;

/** What a mutated folder must do: load with the same results, be refused, or either, but consistently. */
export type Expected = "same" | "refused" | "either";

/** What was done to a folder, in words, and what follows. */
export interface Mutation {
  readonly what: string;
  readonly expected: Expected;
}

/** A tensor of a weight file. */
export interface Stored {
  name: string;
  dtype: string;
  shape: number[];
  bytes: Uint8Array;
}

/** A checkpoint before it becomes files: what mutations of its meaning work on. */
export interface Draft {
  config: Record<string, unknown>;
  tokenizer: object;
  tokenizerConfig: object;
  /** One list is `model.safetensors`, several are shards. */
  shards: Stored[][];
  metadata: Record<string, string>;
  /** How headers are written: spaces behind them, and their keys in the order of the data or in a random one. */
  padding: number;
  isShuffled: boolean;
  /** Other text for the JSON of a file. */
  print: (value: unknown, file: string) => string;
}

export const single = "model.safetensors";
export const indexFile = `${single}.index.json`;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const bytesOf = (text: string): Uint8Array => encoder.encode(text);
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes);

/** The files of a draft. */
export function filesOf(draft: Draft, random: Random): Files {
  const { config, tokenizer, tokenizerConfig, shards, print } = draft;
  const files: Files = new Map();
  const json = (file: string, value: unknown) => files.set(file, bytesOf(print(value, file)));
  json("config.json", config);
  json("tokenizer.json", tokenizer);
  json("tokenizer_config.json", tokenizerConfig);
  if (shards.length === 1) {
    files.set(single, weightFile(shards[0]!, draft, random));
    return files;
  }
  const weight_map: [string, string][] = [];
  shards.forEach((shard, i) => {
    const file = `model-${i + 1}-of-${shards.length}.safetensors`;
    files.set(file, weightFile(shard, draft, random));
    for (const { name } of shard) weight_map.push([name, file]);
  });
  json(indexFile, { metadata: { total_size: 0 }, weight_map: Object.fromEntries(weight_map) });
  return files;
}

/** A safetensors file, written without the code under test. */
function weightFile(tensors: readonly Stored[], { metadata, padding, isShuffled }: Draft, random: Random): Uint8Array {
  let end = 0;
  const entries: [string, unknown][] = tensors.map(({ name, dtype, shape, bytes }) => {
    const data_offsets = [end, end + bytes.length];
    end += bytes.length;
    return [name, { dtype, shape, data_offsets }];
  });
  if (Object.keys(metadata).length > 0) entries.unshift(["__metadata__", metadata]);
  const header = printPairs(isShuffled ? random.shuffle(entries) : entries) + " ".repeat(padding);
  return joinWeightFile(
    header,
    tensors.map(({ bytes }) => bytes),
  );
}

export function joinWeightFile(header: string, parts: readonly Uint8Array[]): Uint8Array {
  return joined([lengthPrefix(bytesOf(header).length), bytesOf(header), ...parts]);
}

function lengthPrefix(length: number): Uint8Array {
  const prefix = new Uint8Array(8);
  new DataView(prefix.buffer).setBigUint64(0, BigInt(length), true);
  return prefix;
}

/** The header text and the data of a file that is well-formed. */
export function splitWeightFile(file: Uint8Array): { header: string; data: Uint8Array } {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return { header: textOf(file.subarray(8, 8 + length)), data: file.subarray(8 + length) };
}

/** A JSON object with its keys in this order, any of them more than once. */
export function printPairs(pairs: readonly (readonly [string, unknown])[]): string {
  return `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
