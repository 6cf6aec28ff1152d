import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { loadModel } from "fader";
import { tensor } from "fader/autograd";
import {
  CheckpointError,
  fingerprint,
  Model,
  readCheckpoint,
  readSafetensors,
  saveCheckpoint,
  Tokenizer,
  toHuggingFaceConfig,
  weightShapes,
  writeCheckpoint,
  writeSafetensors,
} from "fader/nn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildTokenizer } from "../../../../scripts/train-builtin/vocabulary";
import { plainLogits } from "../../../helpers/plain";
import { distance, plainOf, tinyModel, values } from "../../../helpers/tiny";

const model = tinyModel();
const ids = [3, 1, 4, 1, 5, 9];
type Entries = Record<string, { dtype: "F32" | "F16" | "BF16"; shape: readonly number[]; data: ArrayBufferView }>;

function entries(of: Model, rename = (name: string) => name): Entries {
  const all = Object.entries(of.weights).map(
    ([name, x]) => [rename(name), { dtype: "F32" as const, shape: x.shape, data: x.toTypedArray() }] as const,
  );
  return Object.fromEntries(all);
}
const config = (of: Model, more: object = {}) => ({ ...toHuggingFaceConfig(of.config), ...more });
const read = (all: Entries, of = model, more = {}) =>
  readCheckpoint({ config: config(of, more), weights: writeSafetensors(Object.entries(all)) });
const logits = (of: Model) => values(of.forward(ids).logits);

describe("a checkpoint", () => {
  test("that was written is read back with the same bits", () => {
    for (const fields of [{}, { tie_word_embeddings: false }, { n_embd: 15, n_head: 3, n_inner: 7 }, { n_layer: 1 }]) {
      const before = tinyModel(fields);
      const after = readCheckpoint(writeCheckpoint(before));
      expect(Object.keys(after.weights).sort()).toEqual(Object.keys(before.weights).sort());
      for (const [name, x] of Object.entries(before.weights)) expect(values(after.weights[name]!)).toEqual(values(x));
      const { source: _, ...sizes } = before.config;
      expect(after.config).toMatchObject(sizes);
      expect(logits(after)).toEqual(logits(before));
    }
  });

  test("keeps its metadata", () => {
    const { weights } = writeCheckpoint(model, { note: "mine" });
    expect(readSafetensors(weights).metadata).toEqual({ format: "pt", note: "mine" });
  });

  test("may have a prefix before its names, and keeps it", () => {
    for (const prefix of ["transformer.", "model.transformer."]) {
      const prefixed = read(entries(model, (name) => prefix + name));
      expect(logits(prefixed)).toEqual(logits(model));
      expect(Object.keys(prefixed.weights).every((name) => name.startsWith(prefix))).toBe(true);
      expect(logits(readCheckpoint(writeCheckpoint(prefixed)))).toEqual(logits(model));
      expect(prefixed.parameterCount).toBe(model.parameterCount);
    }
  });

  test("may hold mask buffers, which are no weights", () => {
    const masks = (prefix: string): Entries => ({
      [`${prefix}h.0.attn.bias`]: { dtype: "F32", shape: [1, 1, 2, 2], data: new Float32Array([1, 0, 1, 1]) },
      [`${prefix}h.1.attn.masked_bias`]: { dtype: "F32", shape: [], data: new Float32Array([-1e4]) },
    });
    for (const prefix of ["", "transformer."]) {
      const got = read({ ...entries(model, (name) => prefix + name), ...masks(prefix) });
      expect(logits(got)).toEqual(logits(model));
      expect(got.weights[`${prefix}h.0.attn.bias`]).toBeUndefined();
      expect(got.weights[`${prefix}h.0.attn.c_attn.bias`]).toBeDefined();
    }
  });

  test("of a tied model may hold the head or not", () => {
    const head = { dtype: "F32" as const, shape: [29, 16], data: model.weights["wte.weight"]!.toTypedArray() };
    const got = read({ ...entries(model, (name) => `transformer.${name}`), "lm_head.weight": head });
    expect(logits(got)).toEqual(logits(model));
    expect(got.parameterCount).toBe(model.parameterCount);
    expect(model.weights["lm_head.weight"]).toBeUndefined();
  });

  test("of an untied model has a head of its own, which never has a prefix", () => {
    const untied = tinyModel({ tie_word_embeddings: false });
    const own = (name: string) => (name === "lm_head.weight" ? name : `transformer.${name}`);
    expect(distance(logits(read(entries(untied, own), untied)), plainLogits(plainOf(untied), ids).flat())).toBeLessThan(
      1e-5,
    );
  });

  test("is tied when its config does not say", () => {
    const { tie_word_embeddings: _, ...silent } = config(model) as Record<string, unknown>;
    const got = readCheckpoint({ config: silent, weights: writeCheckpoint(model).weights });
    expect(got.config.tie_word_embeddings).toBe(true);
  });

  test("may hold 16-bit weights", () => {
    // 1.5, -2, 2^-24 (the smallest half), 65504 (the largest), -0 and 0.1 to 11 bits.
    const half = new Uint16Array([0x3e00, 0xc000, 0x0001, 0x7bff, 0x8000, 0x2e66]);
    const fromHalf = [1.5, -2, 2 ** -24, 65504, -0, 1638 * 2 ** -14];
    const brain = new Uint16Array([0x3fc0, 0xc000, 0x0001, 0x7f7f, 0x8000, 0x3dcd]);
    const fromBrain = [1.5, -2, 2 ** -133, 255 * 2 ** 120, -0, 205 * 2 ** -11];
    for (const [dtype, bits, want] of [
      ["F16", half, fromHalf],
      ["BF16", brain, fromBrain],
    ] as const) {
      const data = new Uint16Array(16);
      data.set(bits);
      const got = read({ ...entries(model), "ln_f.bias": { dtype, shape: [16], data } });
      expect(values(got.weights["ln_f.bias"]!).slice(0, 6)).toEqual(want);
    }
  });

  test("is read in float64 where asked", () => {
    const got = readCheckpoint(writeCheckpoint(model), { dtype: "f64", name: "precise" });
    expect(got.forward(ids).logits.dtype).toBe("f64");
    expect(got.name).toBe("precise");
    expect(distance(got.forward(ids).logits, plainLogits(plainOf(model), ids).flat())).toBeLessThan(1e-12);
  });

  test("names the shape of every weight", () => {
    const { config: c } = tinyModel({ n_inner: 7, tie_word_embeddings: false });
    const shapes = weightShapes(c);
    expect(shapes["h.1.mlp.c_fc.weight"]).toEqual([16, 7]);
    expect(shapes["h.1.mlp.c_proj.weight"]).toEqual([7, 16]);
    expect(shapes["lm_head.weight"]).toEqual([29, 16]);
    expect(Object.keys(shapes)).toHaveLength(2 + 12 * 2 + 2 + 1);
  });
});

describe("the fingerprint", () => {
  test("is the same for equal models, however they are stored", () => {
    for (const same of [model, tinyModel({ tie_word_embeddings: false })]) {
      const print = fingerprint(same);
      expect(print).toMatch(/^[0-9a-f]{16}$/);
      expect(fingerprint(readCheckpoint(writeCheckpoint(same)))).toBe(print);
      expect(fingerprint(readCheckpoint(writeCheckpoint(same), { dtype: "f64" }))).toBe(print);
      const own = (name: string) => (name === "lm_head.weight" ? name : `transformer.${name}`);
      expect(fingerprint(read(entries(same, own), same))).toBe(print);
    }
  });

  test("differs after one weight changes, in any of the tensors", () => {
    const print = fingerprint(model);
    for (const name of Object.keys(model.weights)) {
      const changed = entries(model);
      (changed[name]!.data as Float32Array)[1]! += 1e-3;
      expect(fingerprint(read(changed)), name).not.toBe(print);
    }
    expect(fingerprint(tinyModel({}, 2))).not.toBe(print);
  });

  test("differs after any one weight of a large tensor changes", () => {
    const large = tinyModel({ vocab_size: 200 });
    for (const at of [0, 1, 2, 3199]) {
      const changed = entries(large);
      (changed["wte.weight"]!.data as Float32Array)[at]! += 1;
      expect(fingerprint(read(changed, large)), `${at}`).not.toBe(fingerprint(large));
    }
  });

  test("differs for the same weights in another computation", () => {
    const print = fingerprint(model);
    for (const more of [{ activation_function: "relu" }, { layer_norm_epsilon: 1e-3 }, { n_head: 4 }]) {
      expect(fingerprint(read(entries(model), model, more)), JSON.stringify(more)).not.toBe(print);
    }
  });
});

describe("a folder", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fader-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("that was saved loads as the same model, by path or URL", async () => {
    const at = join(folder, "new", "tiny");
    const tokenizer = Tokenizer.fromJSON(buildTokenizer(), { eos_token: "<|endoftext|>" });
    await saveCheckpoint(at, new Model(model.config, model.weights, tokenizer));
    expect((await readdir(at)).sort()).toEqual([
      "config.json",
      "model.safetensors",
      "tokenizer.json",
      "tokenizer_config.json",
    ]);
    for (const source of [at, `${at}/`, pathToFileURL(at)]) {
      const got = await loadModel(source);
      expect(logits(got)).toEqual(logits(model));
      expect(got.name).toBe("tiny");
      expect(got.tokenizer?.eosId).toBe(0);
    }
    expect(JSON.parse(await readFile(join(at, "config.json"), "utf8"))).toMatchObject({ n_embd: 16, n_layer: 2 });
  });

  test("needs no tokenizer, and says so when one is needed", async () => {
    const at = join(folder, "bare");
    await saveCheckpoint(at, model);
    const got = await loadModel(at, { name: "bare" });
    expect(got.tokenizer).toBeUndefined();
    expect(() => got.encode("a")).toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: encode: "bare" was loaded without a tokenizer
        Put tokenizer.json beside its config.json, or pass token ids.]
    `);
  });

  test("that is missing is one sentence", async () => {
    await expect(loadModel("/nowhere/at/all")).rejects.toThrowErrorMatchingInlineSnapshot(
      `[NotFoundError: read: /nowhere/at/all/config.json: no such file]`,
    );
  });

  test("whose JSON is malformed is a CheckpointError", async () => {
    for (const file of ["config.json", "tokenizer.json"]) {
      const at = join(folder, `broken-${file}`);
      await saveCheckpoint(at, model);
      await writeFile(join(at, file), "{");
      await expect(loadModel(at)).rejects.toThrow(CheckpointError);
    }
  });

  test("that is saved again holds the later model", async () => {
    const at = join(folder, "twice");
    await saveCheckpoint(at, model);
    const other = model.withWeights({ ...model.weights, "ln_f.bias": tensor(new Float32Array(16)) });
    await saveCheckpoint(at, other);
    expect(logits(await loadModel(at))).toEqual(logits(other));
  });
});
