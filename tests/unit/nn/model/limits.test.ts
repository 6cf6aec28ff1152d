import { loadModel } from "fader";
import { OutOfMemoryError } from "fader/autograd";
import {
  CheckpointError,
  type CheckpointFolder,
  createModel,
  memoryAccess,
  readCheckpoint,
  Tokenizer,
  toHuggingFaceConfig,
  weightShapes,
  writeCheckpoint,
} from "fader/nn";
import { memoryUse } from "fader/tensor";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../../src/nn/families";
import { message, tinyConfig, tinyFamilies, tinyModel } from "../../../helpers/tiny";

/** A checkpoint of any size, of which there is nothing but the configuration and the header. */
function hollow(config: object, dtype: "F32" | "BF16"): CheckpointFolder {
  let end = 0;
  const entries = Object.entries(weightShapes(parseConfig(config))).map(([name, shape]) => {
    const begin = end;
    end += shape.reduce((a, b) => a * b, 1) * (dtype === "F32" ? 4 : 2);
    return [name, { dtype, shape, data_offsets: [begin, end] }];
  });
  const header = new TextEncoder().encode(JSON.stringify(Object.fromEntries(entries)));
  const start = new Uint8Array(8 + header.length);
  new DataView(start.buffer).setUint32(0, header.length, true);
  start.set(header, 8);
  const weights = { ...memoryAccess(start), size: start.length + end };
  return {
    name: "hollow",
    locate: (file) => `hollow/${file}`,
    open: async (file) => {
      if (file === "config.json") return memoryAccess(new TextEncoder().encode(JSON.stringify(config)));
      return file === "model.safetensors" ? weights : undefined;
    },
  };
}

async function failure(run: () => Promise<unknown>): Promise<string> {
  return run().then(
    () => "nothing was thrown",
    (error) => `${error.name}: ${error.message}`,
  );
}

describe("sizes beyond all bounds are refused at once, and take no memory", () => {
  const large = { ...tinyConfig, n_embd: 4096, n_head: 32, n_layer: 8, n_positions: 64, vocab_size: 20000 };

  test("weights that fit in fewer bits only", async () => {
    const before = memoryUse().reserved;
    const text = await failure(() => loadModel(hollow(large, "BF16")));
    expect(text.replace(/free .*/, "free")).toMatchInlineSnapshot(`
      "OutOfMemoryError: hollow/model.safetensors: the weights as dtype "f32" do not fit into the engine's memory
        needed 6.31 GiB
        free
        limit  4.00 GiB
        With dtype: "auto" they take 3.15 GiB."
    `);
    expect(memoryUse().reserved).toBe(before);
  });

  test("weights that do not fit at all", async () => {
    const text = await failure(() => loadModel(hollow({ ...large, n_layer: 80 }, "F32"), { dtype: "auto" }));
    expect(text.replace(/free .*/, "free")).toMatchInlineSnapshot(`
      "OutOfMemoryError: hollow/model.safetensors: the weights as dtype "auto" do not fit into the engine's memory
        needed 60.32 GiB
        free
        limit  4.00 GiB"
    `);
  });

  test("a configuration that says another size than the file has", () => {
    const { weights } = writeCheckpoint(tinyModel());
    for (const fields of [{ n_layer: 1e9 }, { n_layer: 2 ** 53 - 1 }, { vocab_size: 2 ** 30 }, { n_inner: 2 ** 50 }]) {
      const run = () => readCheckpoint({ config: { ...tinyConfig, ...fields }, weights }, { name: "m" });
      expect(run).toThrow(CheckpointError);
      expect(message(run).length).toBeLessThan(500);
      expect(() => createModel({ ...tinyConfig, ...fields }, { seed: 0 })).toThrow(OutOfMemoryError);
    }
    const config = { ...toHuggingFaceConfig(tinyModel().config), n_layer: 1e9 };
    expect(message(() => readCheckpoint({ config, weights }, { name: "m" }))).toMatchInlineSnapshot(`
      "CheckpointError: m/model.safetensors: 28 tensors are too few for 1000000000 blocks
        Check that config.json and model.safetensors belong to the same model."
    `);
  });

  test("rotary frequencies beyond all numbers", () => {
    const llama = tinyFamilies["llama, grouped"];
    for (const fields of [
      { rope_theta: 1e-320, head_dim: 64 },
      { rope_scaling: { rope_type: "linear", factor: 1e-305 } },
    ]) {
      expect(message(() => parseConfig({ ...llama, ...fields }))).toContain("would not be finite");
    }
    expect(parseConfig({ ...llama, rope_theta: 5e8 }).rotary?.base).toBe(5e8);
  });
});

describe("a tokenizer that the engine would trip over", () => {
  const model = { type: "BPE", vocab: { a: 0 }, merges: [] };
  let nested: object = { type: "NFC" };
  for (let depth = 0; depth < 1000; depth++) nested = { type: "Sequence", normalizers: [nested] };
  test.each<[object, string]>([
    [{ model: { ...model, vocab: { a: 2 ** 31 - 1 } } }, "no vocabulary of token ids below 8388608"],
    [{ model: { ...model, type: "Bpe" } }, 'model type "Bpe" is not supported'],
    [{ model, pre_tokenizer: { type: "FixedLength", length: 0 } }, "pre_tokenizer FixedLength has the length 0"],
    [{ model, pre_tokenizer: { type: "Split", pattern: {}, behavior: "Isolated" } }, "has the pattern an object"],
    [{ model, normalizer: { type: "Prepend" } }, "normalizer Prepend has no prepend"],
    [{ model, decoder: { type: "Sequence", decoders: [null] } }, "decoder is null, not an object"],
    [{ model, normalizer: nested }, "normalizer is nested more than 8 deep"],
    [{ model: { type: "Unigram", vocab: [["a", "x"]] } }, "no vocabulary of tokens with scores"],
    [{ model: { type: "Unigram", unk_id: 1, vocab: [["a", 0]] } }, "unk_id of the tokenizer's model is no token"],
  ])("is refused by name %#", (json, problem) => {
    expect(message(() => Tokenizer.fromJSON(json))).toContain(`CheckpointError: tokenizer.json: `);
    expect(message(() => Tokenizer.fromJSON(json))).toContain(problem);
  });

  test("and so is one that is no object", async () => {
    const files = { "config.json": tinyConfig, "tokenizer.json": null };
    const folder: CheckpointFolder = {
      name: "m",
      locate: (file) => `m/${file}`,
      open: async (file) => {
        const json = files[file as keyof typeof files];
        return json === undefined ? undefined : memoryAccess(new TextEncoder().encode(JSON.stringify(json)));
      },
    };
    expect(await failure(() => loadModel(folder))).toContain("m/tokenizer.json: a tokenizer is a JSON object");
  });
});
