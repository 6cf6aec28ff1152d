import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseConfig, weightShapes } from "fader/nn";
import { Random } from "fader/tensor";
import { type Case, type ModelSize, million, productName, products } from "./cases";

interface Place {
  file: string;
  offset: number;
  shape: readonly number[];
}

/** Writes tensors one behind the other as little-endian float32, without holding them all. */
class Writer {
  readonly tensors: Record<string, Place> = {};
  private readonly fd: number;
  private offset = 0;

  constructor(private readonly file: string) {
    this.fd = openSync(file, "w");
  }

  add(name: string, shape: readonly number[], value: () => number): Float32Array {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    for (let i = 0; i < values.length; i++) values[i] = value();
    writeSync(this.fd, new Uint8Array(values.buffer));
    this.tensors[name] = { file: this.file, offset: this.offset, shape };
    this.offset += values.byteLength;
    return values;
  }

  close(): Record<string, Place> {
    closeSync(this.fd);
    return this.tensors;
  }
}

/** The weights of a model size, written once; cases share them. */
const written = new Map<string, Record<string, Place>>();

/** Spread as GPT-2's fresh weights, but with biases and gains that a wrong formula could not do without. */
function writeWeights(folder: string, model: ModelSize): Record<string, Place> {
  const key = Object.values(model).join("-");
  const known = written.get(key);
  if (known) return known;
  const random = new Random(1);
  const writer = new Writer(join(folder, `weights-${key}.bin`));
  const spread = 0.02 * Math.sqrt(12);
  const near = (centre: number) => () => centre + spread * (random.uniform() - 0.5);
  for (const [name, shape] of Object.entries(weightShapes(parseConfig({ model_type: "gpt2", ...model })))) {
    writer.add(name.replace(/^transformer\./, ""), shape, near(/ln_\w\.weight$/.test(name) ? 1 : 0));
  }
  const tensors = writer.close();
  written.set(key, tensors);
  return tensors;
}

/**
 * Writes what the engines' processes read: `case.json`, with `extra` fields, and the tensors. Returns its folder and the
 * inputs, for the references.
 */
export function writeCase(
  folder: string,
  spec: Case,
  extra: object = {},
): { folder: string; inputs: Record<string, Float32Array> } {
  const own = join(folder, spec.name);
  mkdirSync(own, { recursive: true });
  const random = new Random(7);
  const writer = new Writer(join(own, "inputs.bin"));
  const inputs: Record<string, Float32Array> = {};
  const input = (name: string, shape: readonly number[], scale: number): void => {
    inputs[name] = writer.add(`input.${name}`, shape, () => scale * (2 * random.uniform() - 1));
  };
  if (spec.kind === "gemm") {
    for (const size of products) {
      const [m, k, n] = size;
      input(`${productName(size)}.a`, [m, k], 1);
      input(`${productName(size)}.b`, [k, n], 1);
    }
  }
  if (spec.kind === "elementwise") {
    input("a", million, 3);
    input("b", million, 3);
    input("gain", [million[1]], 1);
    input("bias", [million[1]], 1);
  }
  if (spec.kind === "dispatch") {
    input("x", [64], 1);
    // Around 1, so that a long chain neither overflows nor ends in denormal numbers, which are slow.
    inputs.y = writer.add("input.y", [64], () => 1 + 0.01 * (2 * random.uniform() - 1));
  }
  if (spec.kind === "intervene") {
    const { n_layer, n_embd } = spec.model!;
    for (const name of spec.checked!) {
      const place = [n_layer, spec.size![1]];
      input(name, name.endsWith(".v") ? [...place, n_embd] : place, 0.1);
    }
  }
  const weights = spec.model ? writeWeights(folder, spec.model) : {};
  const tensors = { ...weights, ...writer.close() };
  const [prompts, length] = spec.size ?? [0, 0];
  const token = (): number => Math.floor(random.uniform() * (spec.model?.vocab_size ?? 1));
  const sequences = Array.from({ length: prompts }, () => Array.from({ length: length + 1 }, token));
  const ids = sequences.map((sequence) => sequence.slice(0, -1));
  const targets = sequences.map((sequence) => sequence.slice(1));
  const tokens = [3, 7];
  writeFileSync(
    join(own, "case.json"),
    JSON.stringify({ ...spec, ...extra, tensors, sequences, ids, targets, tokens }),
  );
  return { folder: own, inputs };
}
