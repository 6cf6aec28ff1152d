import { execFile } from "node:child_process";
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { loadModel } from "fader";
import {
  type CheckpointFolder,
  fingerprint,
  type Model,
  memoryAccess,
  readCheckpoint,
  saveCheckpoint,
  type TensorToStore,
  toHuggingFaceConfig,
  writeCheckpoint,
  writeSafetensors,
} from "fader/nn";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bfloatToNumber, halfToNumber, numberToBfloat, numberToHalf } from "../../../../src/tensor/internal";
import { tinyModel, values } from "../../../helpers/tiny";

const root = fileURLToPath(new URL("../../../..", import.meta.url));
const model = tinyModel({ tie_word_embeddings: false });
const ids = [3, 1, 4, 1, 5];
const logits = (of: Model) => values(of.forward(ids).logits);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fader-load-"));
});
afterAll(() => rm(folder, { recursive: true }));

type Stored = "F32" | "F16" | "BF16" | "F64";
const encoders = { F16: numberToHalf, BF16: numberToBfloat };

/** A weight of `model` in a stored dtype. */
function stored(name: string, dtype: Stored): TensorToStore {
  const { shape } = model.weights[name]!;
  const numbers = model.weights[name]!.toTypedArray();
  if (dtype === "F32") return { dtype, shape, data: numbers };
  if (dtype === "F64") return { dtype, shape, data: Float64Array.from(numbers) };
  return { dtype, shape, data: Uint16Array.from(numbers, encoders[dtype]) };
}

const names = Object.keys(model.weights);
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const config = json(toHuggingFaceConfig(model.config));

/** A checkpoint in memory. */
function inMemory(files: Record<string, Uint8Array>): CheckpointFolder {
  return {
    name: "tiny",
    locate: (file) => `memory/${file}`,
    open: async (file) => (files[file] ? memoryAccess(files[file]) : undefined),
  };
}

/** The weights in as many shards, and their index. */
function sharded(count: number): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = { "config.json": config };
  const weight_map: Record<string, string> = {};
  for (let i = 0; i < count; i++) {
    const file = `model-0000${i + 1}-of-0000${count}.safetensors`;
    const own = names.filter((_, at) => at % count === i);
    files[file] = writeSafetensors(own.map((name) => [name, stored(name, "F32")]));
    for (const name of own) weight_map[name] = file;
  }
  return { ...files, "model.safetensors.index.json": json({ metadata: { total_size: 1 }, weight_map }) };
}

const indexOf = (files: Record<string, Uint8Array>) =>
  JSON.parse(new TextDecoder().decode(files["model.safetensors.index.json"])) as { weight_map: Record<string, string> };

async function refusal(source: Parameters<typeof loadModel>[0], options = {}): Promise<string> {
  const error = await loadModel(source, options).then(
    () => undefined,
    (reason) => reason as Error,
  );
  return error ? `${error.name}: ${error.message}` : "was accepted";
}

describe("weights", () => {
  test("of any stored dtype are kept as asked, vectors in f32", async () => {
    const kept = { F32: "f32", F64: "f32", F16: "f16", BF16: "bf16" } as const;
    const decoders = { f16: halfToNumber, bf16: bfloatToNumber };
    for (const dtype of ["F32", "F16", "BF16", "F64"] as const) {
      const weights = writeSafetensors(names.map((name) => [name, stored(name, dtype)]));
      const source = inMemory({ "config.json": config, "model.safetensors": weights });
      for (const wanted of ["f32", "auto", "f16", "bf16", "f64"] as const) {
        const got = await loadModel(source, { dtype: wanted });
        for (const name of names) {
          const x = got.weights[name]!;
          const isMatrix = x.rank > 1;
          const expected = wanted === "f64" ? "f64" : !isMatrix ? "f32" : wanted === "auto" ? kept[dtype] : wanted;
          expect(x.dtype, `${dtype} as ${wanted}: ${name}`).toBe(expected);
          const round = dtype === "F16" || dtype === "BF16" ? encoders[dtype] : undefined;
          const decodeStored = dtype === "F16" ? halfToNumber : bfloatToNumber;
          const inFile = values(model.weights[name]!).map((v) => (round ? decodeStored(round(v)) : v));
          const encode = expected === "f16" ? numberToHalf : numberToBfloat;
          const want =
            expected === "f16" || expected === "bf16" ? inFile.map((v) => decoders[expected](encode(v))) : inFile;
          expect(values(x), `${dtype} as ${wanted}: ${name}`).toEqual(want);
        }
        if (wanted !== "f64") expect(readWhole(weights, wanted)).toBe(fingerprint(got));
      }
    }
  });

  const readWhole = (weights: Uint8Array, dtype: "f32" | "auto" | "f16" | "bf16") =>
    fingerprint(readCheckpoint({ config: toHuggingFaceConfig(model.config), weights }, { dtype }));

  test("have one fingerprint, however they are kept", async () => {
    const weights = writeSafetensors(names.map((name) => [name, stored(name, "BF16")]));
    const source = inMemory({ "config.json": config, "model.safetensors": weights });
    const wide = await loadModel(source, { dtype: "f32" });
    const narrow = await loadModel(source, { dtype: "auto" });
    expect(narrow.weights["wte.weight"]!.dtype).toBe("bf16");
    expect(fingerprint(narrow)).toBe(fingerprint(wide));
    expect(fingerprint(wide)).not.toBe(fingerprint(model));
    // Files that were saved for this model hold this value.
    const fixture = await loadModel(join(root, "tests/fixtures/own/gpt2-tiny"));
    expect(fingerprint(fixture)).toBe("c12f5980e6c9a8c4");
    expect(fingerprint(await loadModel())).toBe("8c95e4620ba79f03");
  });

  test("in 16 bits are saved as they are", async () => {
    const narrow = await loadModel(inMemory(sharded(1)), { dtype: "f16" });
    const again = readCheckpoint(writeCheckpoint(narrow), { dtype: "auto" });
    for (const name of names) {
      expect(again.weights[name]!.dtype).toBe(narrow.weights[name]!.dtype);
      expect(values(again.weights[name]!)).toEqual(values(narrow.weights[name]!));
    }
  });

  test("may lie at odd offsets", async () => {
    const data = new Uint8Array(3);
    const mask = { dtype: "BOOL" as const, shape: [3], data };
    const all = names.map((name) => [name, stored(name, "F32")] as const);
    const ordered = [["h.0.attn.masked_bias", mask] as const, ...all];
    const header: Record<string, object> = {};
    let offset = 0;
    for (const [name, x] of ordered) {
      header[name] = { dtype: x.dtype, shape: x.shape, data_offsets: [offset, offset + x.data.byteLength] };
      offset += x.data.byteLength;
    }
    const text = json(header);
    const length = new Uint8Array(8);
    new DataView(length.buffer).setUint32(0, text.length, true);
    const parts = ordered.map(([, x]) => new Uint8Array(x.data.buffer, x.data.byteOffset, x.data.byteLength));
    const weights = new Uint8Array(await new Blob([length, text, ...(parts as BlobPart[])]).arrayBuffer());
    for (const dtype of ["f32", "f64"] as const) {
      const got = await loadModel(inMemory({ "config.json": config, "model.safetensors": weights }), { dtype });
      for (const name of names) expect(values(got.weights[name]!)).toEqual(values(model.weights[name]!));
    }
  });

  test("larger than a chunk come in pieces", async () => {
    // 11 MB for one matrix, behind and before small ones.
    const large = tinyModel({ n_layer: 1, n_embd: 6, vocab_size: 450_001 });
    const { weights, config: plain } = writeCheckpoint(large);
    const source = inMemory({ "config.json": json(plain), "model.safetensors": weights });
    const seen: number[] = [];
    const got = await loadModel(source, { onProgress: ({ loaded }) => seen.push(loaded) });
    expect(fingerprint(got)).toBe(fingerprint(large));
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(weights.length);
  });

  test("that do not fit their dtype are refused by name and place", async () => {
    const cases: [Stored, number, string][] = [
      ["F32", 1e6, "f16"],
      ["F32", 3.4e38, "bf16"],
      ["F64", 1e300, "f32"],
      ["F32", Number.NaN, "f16"],
      ["F16", Number.POSITIVE_INFINITY, "auto"],
      ["BF16", Number.NEGATIVE_INFINITY, "auto"],
      ["BF16", Number.NaN, "f16"],
      ["F64", Number.NaN, "f64"],
    ];
    const found: string[] = [];
    for (const [dtype, value, wanted] of cases) {
      const x = stored("wte.weight", dtype);
      (x.data as Float32Array)[37] = dtype in encoders ? encoders[dtype as "F16"](value) : value;
      const all = names.map((name) => [name, name === "wte.weight" ? x : stored(name, "F32")] as const);
      const source = inMemory({ "config.json": config, "model.safetensors": writeSafetensors(all) });
      found.push(`${dtype} as ${wanted}\n${await refusal(source, { dtype: wanted })}`);
    }
    expect(found.join("\n\n")).toMatchInlineSnapshot(`
      "F32 as f16
      CheckpointError: tiny/model.safetensors: wte.weight holds 1000000 at element 37, too large for f16
        Use dtype: "bf16".

      F32 as bf16
      CheckpointError: tiny/model.safetensors: wte.weight holds 3.3999999521443642e+38 at element 37, too large for bf16
        Use dtype: "f32".

      F64 as f32
      CheckpointError: tiny/model.safetensors: wte.weight holds 1e+300 at element 37, too large for f32
        Use dtype: "f64".

      F32 as f16
      CheckpointError: tiny/model.safetensors: wte.weight holds NaN at element 37
        The file is damaged, or its training diverged.

      F16 as auto
      CheckpointError: tiny/model.safetensors: wte.weight holds Infinity at element 37
        The file is damaged, or its training diverged.

      BF16 as auto
      CheckpointError: tiny/model.safetensors: wte.weight holds -Infinity at element 37
        The file is damaged, or its training diverged.

      BF16 as f16
      CheckpointError: tiny/model.safetensors: wte.weight holds NaN at element 37
        The file is damaged, or its training diverged.

      F64 as f64
      CheckpointError: tiny/model.safetensors: wte.weight holds NaN at element 37
        The file is damaged, or its training diverged."
    `);
  });

  test("are kept in known dtypes only", async () => {
    expect(await refusal(inMemory({ "config.json": config }), { dtype: "fp16" })).toMatchInlineSnapshot(`
      "ArgumentError: dtype: weights cannot be kept as "fp16"
        One of f32, auto, f16, bf16, f64. Nearest: "f16"."
    `);
  });
});

describe("shards", () => {
  test("are one model, and the single file counts where both are there", async () => {
    for (const count of [1, 2, 5]) expect(logits(await loadModel(inMemory(sharded(count))))).toEqual(logits(model));
    const other = tinyModel({ tie_word_embeddings: false }, 2);
    const both = { ...sharded(2), "model.safetensors": writeCheckpoint(other).weights };
    expect(logits(await loadModel(inMemory(both)))).toEqual(logits(other));
  });

  test("that are not what the index says are refused by name", async () => {
    const [one, two] = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    const change = (edit: (files: Record<string, Uint8Array>, map: Record<string, string>) => void) => {
      const files = sharded(2);
      const index = indexOf(files);
      edit(files, index.weight_map);
      return { ...files, "model.safetensors.index.json": json(index) };
    };
    const cases: Record<string, Record<string, Uint8Array>> = {
      absent: change((files) => delete files[two]),
      "in another shard": change((_, map) => {
        map["ln_f.bias"] = map["ln_f.bias"] === one ? two : one;
      }),
      "not in any": change((_, map) => {
        map["h.9.ln_1.bias"] = one;
      }),
      "not in the index": change((_, map) => delete map["wte.weight"]),
      "outside the folder": change((_, map) => {
        map["wte.weight"] = "../secret.safetensors";
        map["wpe.weight"] = "/etc/passwd";
        map["ln_f.bias"] = "..\\secret";
        map["ln_f.weight"] = "..";
        map["lm_head.weight"] = 7 as never;
      }),
      "no map": { ...sharded(2), "model.safetensors.index.json": json({ metadata: {} }) },
      "empty map": { ...sharded(2), "model.safetensors.index.json": json({ weight_map: {} }) },
      "no JSON": { ...sharded(2), "model.safetensors.index.json": new TextEncoder().encode("{") },
      "cut shard": change((files) => {
        files[two] = files[two]!.subarray(0, -1);
      }),
    };
    const found: string[] = [];
    for (const [what, files] of Object.entries(cases)) found.push(`${what}\n${await refusal(inMemory(files))}`);
    expect(found.join("\n\n").replace(/not JSON: .*/, "not JSON")).toMatchInlineSnapshot(`
      "absent
      CheckpointError: tiny/model.safetensors.index.json: files that the index names are not there
        absent model-00002-of-00002.safetensors
        The download may be incomplete.

      in another shard
      CheckpointError: tiny/model.safetensors.index.json: the shards do not hold what the index says
        not there        ln_f.bias in model-00001-of-00002.safetensors
        not in the index ln_f.bias in model-00002-of-00002.safetensors
        Files of several checkpoints may be mixed.

      not in any
      CheckpointError: tiny/model.safetensors.index.json: the shards do not hold what the index says
        not there h.9.ln_1.bias in model-00001-of-00002.safetensors
        Files of several checkpoints may be mixed.

      not in the index
      CheckpointError: tiny/model.safetensors.index.json: the shards do not hold what the index says
        not in the index wte.weight in model-00001-of-00002.safetensors
        Files of several checkpoints may be mixed.

      outside the folder
      CheckpointError: tiny/model.safetensors.index.json: shards are files beside the index, named without a path
        named as "..", "../secret.safetensors", "..\\\\secret", "/etc/passwd", 7

      no map
      CheckpointError: tiny/model.safetensors.index.json: weight_map is missing: an object with the file of each tensor

      empty map
      CheckpointError: tiny/model.safetensors.index.json: weight_map names no tensor

      no JSON
      CheckpointError: memory/model.safetensors.index.json: not JSON

      cut shard
      CheckpointError: tiny/model-00002-of-00002.safetensors: tensor "wpe.weight" ends beyond the end of the file
        tensor bytes 2520 to 3288
        file   3287 bytes
        The file may be cut off: compare its size with the original's."
    `);
  });

  test("lacking a weight are refused with all that is wrong in one error", async () => {
    const files = sharded(2);
    const kept = names.filter((name) => !/ln_1/.test(name));
    const stranger: TensorToStore = { dtype: "F32", shape: [1], data: new Float32Array(1) };
    const wrong: TensorToStore = { dtype: "F32", shape: [3], data: new Float32Array(3) };
    const counts: TensorToStore = { dtype: "I32", shape: [16], data: new Int32Array(16) };
    const replaced: Record<string, TensorToStore> = { "ln_f.bias": wrong, "ln_f.weight": counts };
    const all = kept.map((name) => [name, replaced[name] ?? stored(name, "F32")] as const);
    const weights = writeSafetensors([...all, ["h.7.ln_1.bias", stranger]]);
    expect(await refusal(inMemory({ ...files, "model.safetensors": weights }))).toMatchInlineSnapshot(`
      "CheckpointError: tiny/model.safetensors: the stored weights are not those of this model
        missing    h.0.ln_1.weight, h.0.ln_1.bias, h.1.ln_1.weight, h.1.ln_1.bias
        unexpected h.7.ln_1.bias
        misshapen  ln_f.bias is [3] not [16]
        not floats ln_f.weight is I32
        Nearest to h.0.ln_1.weight: h.7.ln_1.bias."
    `);
  });

  test("or weights that are only there as a pickle say how to convert them", async () => {
    const pickle = { "config.json": config, "pytorch_model.bin": new Uint8Array(9) };
    expect(await refusal(inMemory(pickle))).toMatchInlineSnapshot(`
      "CheckpointError: tiny: its weights are in pytorch_model.bin only, a format that can run code
        Convert them with Transformers: model.save_pretrained(folder, safe_serialization=True)."
    `);
    expect(await refusal(inMemory({ "config.json": config }))).toMatchInlineSnapshot(
      `"NotFoundError: read: memory/model.safetensors: no such file"`,
    );
  });
});

describe("a source", () => {
  test("may be the files of a dropped folder", async () => {
    const at = (path: string, bytes: Uint8Array) => {
      const file = new File([bytes as BlobPart], path.split("/").at(-1)!);
      Object.defineProperty(file, "webkitRelativePath", { value: path });
      return file;
    };
    const files = [
      at("tiny/onnx/config.json", json({ model_type: "none" })),
      ...Object.entries(sharded(2)).map(([name, bytes]) => at(`tiny/${name}`, bytes)),
    ];
    const got = await loadModel(files);
    expect(logits(got)).toEqual(logits(model));
    expect(got.name).toBe("tiny");
    const loose = Object.entries(sharded(1)).map(([name, bytes]) => new File([bytes as BlobPart], name));
    expect(logits(await loadModel(loose))).toEqual(logits(model));
    expect(await refusal([])).toBe("NotFoundError: read: dropped files/config.json: no such file");
  });

  test("may be a folder on the disk, sharded too", async () => {
    const at = join(folder, "sharded");
    await saveCheckpoint(at, model);
    await rm(join(at, "model.safetensors"));
    for (const [name, bytes] of Object.entries(sharded(3))) await writeFile(join(at, name), bytes);
    expect(logits(await loadModel(at))).toEqual(logits(model));
  });

  test("with a name as on the hub says where such names are taken", async () => {
    await expect(loadModel("EleutherAI/pythia-70m")).rejects.toThrowErrorMatchingInlineSnapshot(`
      [ArgumentError: loadModel: there is no folder "EleutherAI/pythia-70m"
        For a model of the Hugging Face hub: import { loadModel } from "fader/node".]
    `);
    await expect(loadModel("./EleutherAI/pythia-70m")).rejects.toThrow(/no such file/);
  });
});

describe("memory", () => {
  /** A checkpoint of about 200 MB once it is loaded: nearly all of it one matrix. */
  async function writeLarge(at: string, dtype: "F32" | "F16" | "BF16", vocabulary: number): Promise<void> {
    const d = 128;
    const small = tinyModel({ n_layer: 1, n_embd: d, vocab_size: 2, n_positions: 8 });
    await saveCheckpoint(at, small);
    const own = Object.entries(small.weights).filter(([name]) => name !== "wte.weight");
    const bytes = vocabulary * d * (dtype === "F32" ? 4 : 2);
    const header: Record<string, object> = {
      "wte.weight": { dtype, shape: [vocabulary, d], data_offsets: [0, bytes] },
    };
    let end = bytes;
    for (const [name, x] of own) {
      header[name] = { dtype: "F32", shape: x.shape, data_offsets: [end, end + 4 * x.size] };
      end += 4 * x.size;
    }
    const text = json(header);
    const start = Buffer.alloc(8);
    start.writeUInt32LE(text.length);
    const block = Buffer.alloc(2 ** 20, dtype === "F16" ? 0x2c : 0x3d);
    const file = await open(join(at, "model.safetensors"), "w");
    await file.write(Buffer.concat([start, text]));
    for (let left = bytes; left > 0; left -= block.length)
      await file.write(block.subarray(0, Math.min(left, block.length)));
    for (const [, x] of own) await file.write(x.toTypedArray() as Float32Array);
    await file.close();
    const config = JSON.parse(await readFile(join(at, "config.json"), "utf8")) as object;
    await writeFile(join(at, "config.json"), JSON.stringify({ ...config, vocab_size: vocabulary }));
  }

  test.each([
    ["F32", "f32", 400_000],
    ["BF16", "bf16", 800_000],
    ["F16", "f32", 400_000],
    ["F32", "bf16", 800_000],
  ] as const)("at its peak stays under 1.25 times the weights kept: %s as %s", async (stored, dtype, vocabulary) => {
    const at = join(folder, `large-${stored}-${dtype}`);
    await writeLarge(at, stored, vocabulary);
    const tiny = join(folder, "warm");
    await saveCheckpoint(tiny, model);
    // In a process of its own: a peak is never taken back.
    const script = `
      import { loadModel } from "fader";
      await loadModel(${JSON.stringify(tiny)}, { dtype: ${JSON.stringify(dtype)} });
      globalThis.gc();
      const before = process.memoryUsage().rss;
      const model = await loadModel(${JSON.stringify(at)}, { dtype: ${JSON.stringify(dtype)} });
      const kept = Object.values(model.weights).reduce((sum, x) => sum + x.size * (x.dtype === "bf16" ? 2 : 4), 0);
      console.log(JSON.stringify({ kept, peak: process.resourceUsage().maxRSS * 1024 - before }));
    `;
    const file = join(root, ".cache", `memory-${stored}-${dtype}.mts`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, script);
    const node = ["--expose-gc", "--import", "tsx", "--conditions=fader-source", file];
    const { stdout } = await promisify(execFile)(process.execPath, node, { cwd: root });
    await Promise.all([rm(file), rm(at, { recursive: true })]);
    const { kept, peak } = JSON.parse(stdout) as { kept: number; peak: number };
    expect(kept).toBeGreaterThan(200e6);
    // Less would mean that the weights were not loaded.
    expect(peak).toBeGreaterThan(0.9 * kept);
    expect(peak).toBeLessThan(1.25 * kept);
  });
});
