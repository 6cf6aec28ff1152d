import { CheckpointError, readCheckpoint, toHuggingFaceConfig, writeCheckpoint, writeSafetensors } from "fader/nn";
import { describe, expect, test } from "vitest";
import { message, tinyConfig, tinyModel } from "../../../helpers/tiny";

const model = tinyModel({ n_layer: 1, n_embd: 4, vocab_size: 5 });
const config = toHuggingFaceConfig(model.config);
const { weights: whole } = writeCheckpoint(model);
const name = "gpt2";

type Stored = { dtype: string; shape: readonly number[]; data: ArrayBufferView };
function without(names: string[], more: Record<string, Stored> = {}): Uint8Array {
  const kept = Object.entries(model.weights).filter(([key]) => !names.includes(key));
  const stored = kept.map(([key, x]) => [key, { dtype: "F32", shape: x.shape, data: x.toTypedArray() }]);
  return writeSafetensors([...stored, ...Object.entries(more)] as never);
}
const floats = (shape: number[], value = 0): Stored => ({
  dtype: "F32",
  shape,
  data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
});
/** A file with any header, followed by zeros. */
function raw(header: object | string, dataBytes: number, headerLength?: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength ?? json.length), true);
  file.set(json, 8);
  return file;
}
const entry = (begin: number, end: number, shape = [1], dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});
const failure = (weights: Uint8Array, json: unknown = config) =>
  message(() => readCheckpoint({ config: json, weights }, { name }));

describe("weights that are not those of the model", () => {
  const broken = new Float32Array([1, 2, Number.NaN, 4]);
  const cases: Record<string, () => string> = {
    missing: () => failure(without(["ln_f.bias"])),
    "several missing": () => failure(without(Object.keys(model.weights).slice(2))),
    unexpected: () => failure(without([], { "h.1.ln_1.bias": floats([4]) })),
    misspelt: () => failure(without(["ln_f.bias"], { "ln_f.biass": floats([4]) })),
    "another kind of buffer": () => failure(without([], { "h.0.attn.rotary": floats([4]) })),
    transposed: () => failure(without(["h.0.mlp.c_fc.weight"], { "h.0.mlp.c_fc.weight": floats([16, 4]) })),
    "of another rank": () => failure(without(["ln_f.bias"], { "ln_f.bias": floats([4, 1]) })),
    NaN: () => failure(without(["ln_f.bias"], { "ln_f.bias": { dtype: "F32", shape: [4], data: broken } })),
    infinite: () => failure(without(["ln_f.bias"], { "ln_f.bias": floats([4], Number.NEGATIVE_INFINITY) })),
    integers: () =>
      failure(without(["ln_f.bias"], { "ln_f.bias": { dtype: "I32", shape: [4], data: new Int32Array(4) } })),
    "infinite half": () => {
      const data = new Uint16Array([0, 0x7c00, 0, 0]);
      return failure(without(["ln_f.bias"], { "ln_f.bias": { dtype: "F16", shape: [4], data } }));
    },
    "untied without a head": () => failure(whole, { ...config, tie_word_embeddings: false }),
    "another number of layers": () => failure(whole, { ...config, n_layer: 2 }),
    "another width": () => failure(whole, { ...config, n_embd: 6 }),
    "another MLP": () => failure(whole, { ...config, n_inner: 5 }),
  };
  test("are refused, each by name", () => {
    const all = Object.entries(cases).map(([what, run]) => `${what}\n${run()}`);
    expect(all.every((text) => text.includes("CheckpointError: gpt2/model.safetensors: "))).toBe(true);
    expect(all.join("\n\n")).toMatchInlineSnapshot(`
      "missing
      CheckpointError: gpt2/model.safetensors: the stored weights are not those of this model
        missing ln_f.bias
        Check that config.json and model.safetensors belong to the same model.

      several missing
      CheckpointError: gpt2/model.safetensors: the stored weights are not those of this model
        missing h.0.ln_1.weight, h.0.ln_1.bias, h.0.attn.c_attn.weight, h.0.attn.c_attn.bias, h.0.attn.c_proj.weight, … (14)
        Check that config.json and model.safetensors belong to the same model.

      unexpected
      CheckpointError: gpt2/model.safetensors: the stored weights are not those of this model
        unexpected h.1.ln_1.bias
        Check that config.json and model.safetensors belong to the same model.

      misspelt
      CheckpointError: gpt2/model.safetensors: the stored weights are not those of this model
        missing    ln_f.bias
        unexpected ln_f.biass
        Nearest to ln_f.bias: ln_f.biass.

      another kind of buffer
      CheckpointError: gpt2/model.safetensors: the stored weights are not those of this model
        unexpected h.0.attn.rotary
        Check that config.json and model.safetensors belong to the same model.

      transposed
      CheckpointError: gpt2/model.safetensors: the stored weights are not those of this model
        misshapen h.0.mlp.c_fc.weight is [16, 4] not [4, 16]
        Check that config.json and model.safetensors belong to the same model.

      of another rank
      CheckpointError: gpt2/model.safetensors: the stored weights are not those of this model
        misshapen ln_f.bias is [4, 1] not [4]
        Check that config.json and model.safetensors belong to the same model.

      NaN
      CheckpointError: gpt2/model.safetensors: ln_f.bias holds NaN at element 2
        The file is damaged, or its training diverged.

      infinite
      CheckpointError: gpt2/model.safetensors: ln_f.bias holds -Infinity at element 0
        The file is damaged, or its training diverged.

      integers
      CheckpointError: gpt2/model.safetensors: the stored weights are not those of this model
        not floats ln_f.bias is I32
        Weights are F32, F16, BF16, F64.

      infinite half
      CheckpointError: gpt2/model.safetensors: ln_f.bias holds Infinity at element 1
        The file is damaged, or its training diverged.

      untied without a head
      CheckpointError: gpt2/model.safetensors: the stored weights are not those of this model
        missing lm_head.weight
        Check that config.json and model.safetensors belong to the same model.

      another number of layers
      CheckpointError: gpt2/model.safetensors: the stored weights are not those of this model
        missing h.1.ln_1.weight, h.1.ln_1.bias, h.1.attn.c_attn.weight, h.1.attn.c_attn.bias, h.1.attn.c_proj.weight, … (12)
        Check that config.json and model.safetensors belong to the same model.

      another width
      CheckpointError: gpt2/model.safetensors: the stored weights are not those of this model
        misshapen wte.weight is [5, 4] not [5, 6]; wpe.weight is [12, 4] not [12, 6]; h.0.ln_1.weight is [4] not [6]; h.0.ln_1.bias is [4] not [6]; h.0.attn.c_attn.weight is [4, 12] not [6, 18]; … (16)
        Check that config.json and model.safetensors belong to the same model.

      another MLP
      CheckpointError: gpt2/model.safetensors: the stored weights are not those of this model
        misshapen h.0.mlp.c_fc.weight is [4, 16] not [4, 5]; h.0.mlp.c_fc.bias is [16] not [5]; h.0.mlp.c_proj.weight is [16, 4] not [5, 4]
        Check that config.json and model.safetensors belong to the same model."
    `);
  });
});

describe("files that are malformed", () => {
  const cases: Record<string, Uint8Array> = {
    empty: new Uint8Array(0),
    "seven bytes": new Uint8Array(7),
    truncated: whole.slice(0, -1),
    "cut in the header": whole.slice(0, 40),
    "a byte too many": Uint8Array.from([...whole, 0]),
    "header longer than the file": raw("{}", 0, 1000),
    "header of 2^60 bytes": raw("{}", 0, 2 ** 60),
    "no JSON": raw("{nope}", 0),
    "a list": raw("[]", 0),
    overlap: raw({ a: entry(0, 4), b: entry(2, 6) }, 6),
    "the same bytes twice": raw({ a: entry(0, 4), b: entry(0, 4) }, 4),
    hole: raw({ a: entry(0, 4), b: entry(8, 12) }, 12),
    "ends before it begins": raw({ a: entry(4, 0) }, 4),
    "negative offset": raw({ a: entry(-4, 0) }, 4),
    "unknown dtype": raw({ a: entry(0, 4, [1], "F33") }, 4),
    "dtype of a prototype": raw({ a: entry(0, 4, [1], "constructor") }, 4),
    "shape that does not fit": raw({ a: entry(0, 4, [2]) }, 4),
    "shape that overflows": raw({ a: entry(0, 4, [2 ** 31, 2 ** 31, 4]) }, 4),
    "shape that overflows to zero": raw({ a: entry(0, 0, [2 ** 52, 2 ** 52, 0]) }, 0),
    "fractional shape": raw({ a: entry(0, 4, [0.5]) }, 4),
    "metadata that is no text": raw({ __metadata__: { a: 1 } }, 0),
    "the same name twice": raw('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":1}', 4),
    "no tensors": raw("{}", 0),
  };
  test("are refused, each with one CheckpointError", () => {
    for (const [what, bytes] of Object.entries(cases)) {
      expect(() => readCheckpoint({ config, weights: bytes }), what).toThrow(CheckpointError);
    }
    const first = Object.entries(cases).map(([what, bytes]) => `${what}: ${failure(bytes).split("\n")[0]}`);
    // What follows in parentheses is the engine's own wording.
    expect(first.join("\n").replace(/UTF-8 \(.*\)/, "UTF-8")).toMatchInlineSnapshot(`
      "empty: CheckpointError: gpt2/model.safetensors: a safetensors file has at least 8 bytes, this one has 0
      seven bytes: CheckpointError: gpt2/model.safetensors: a safetensors file has at least 8 bytes, this one has 7
      truncated: CheckpointError: gpt2/model.safetensors: tensor "wte.weight" ends beyond the end of the file
      cut in the header: CheckpointError: gpt2/model.safetensors: the header is longer than the file
      a byte too many: CheckpointError: gpt2/model.safetensors: the last 1 byte(s) belong to no tensor
      header longer than the file: CheckpointError: gpt2/model.safetensors: the header is longer than the file
      header of 2^60 bytes: CheckpointError: gpt2/model.safetensors: the header is longer than the file
      no JSON: CheckpointError: gpt2/model.safetensors: the header is not JSON in UTF-8
      a list: CheckpointError: gpt2/model.safetensors: the header does not start with "{"
      overlap: CheckpointError: gpt2/model.safetensors: tensors "a" and "b" overlap
      the same bytes twice: CheckpointError: gpt2/model.safetensors: tensors "a" and "b" overlap
      hole: CheckpointError: gpt2/model.safetensors: 4 byte(s) before tensor "b" belong to no tensor
      ends before it begins: CheckpointError: gpt2/model.safetensors: tensor "a" begins at 4, after its end at 0
      negative offset: CheckpointError: gpt2/model.safetensors: tensor "a" has the data_offsets [-4,0], not two non-negative integers
      unknown dtype: CheckpointError: gpt2/model.safetensors: tensor "a" has the dtype "F33", which the format does not have
      dtype of a prototype: CheckpointError: gpt2/model.safetensors: tensor "a" has the dtype "constructor", which the format does not have
      shape that does not fit: CheckpointError: gpt2/model.safetensors: tensor "a" has offsets that do not fit its shape
      shape that overflows: CheckpointError: gpt2/model.safetensors: tensor "a" is too large for its size to be a number, or not a whole number of bytes
      shape that overflows to zero: CheckpointError: gpt2/model.safetensors: tensor "a" is too large for its size to be a number, or not a whole number of bytes
      fractional shape: CheckpointError: gpt2/model.safetensors: tensor "a" has the shape [0.5], not a list of non-negative integers
      metadata that is no text: CheckpointError: gpt2/model.safetensors: __metadata__ "a" is not a string
      the same name twice: CheckpointError: gpt2/model.safetensors: the header has the key "a" twice
      no tensors: CheckpointError: gpt2/model.safetensors: the stored weights are not those of this model"
    `);
  });

  test("at any cut are refused", () => {
    for (let end = 0; end < whole.length; end += 7) {
      expect(() => readCheckpoint({ config, weights: whole.slice(0, end) }), `${end}`).toThrow(CheckpointError);
    }
  });
});

describe("a configuration or tokenizer", () => {
  test("that is malformed is refused", () => {
    const bad: unknown[] = [null, [], "gpt2", {}, { ...tinyConfig, n_head: 3 }, { ...tinyConfig, model_type: "llama" }];
    for (const json of bad) expect(() => readCheckpoint({ config: json, weights: whole })).toThrow(CheckpointError);
    expect(() => readCheckpoint({ config, weights: whole, tokenizer: {} })).toThrow(CheckpointError);
  });
});
