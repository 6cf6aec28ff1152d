import { readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { FaderError, tensor } from "fader/autograd";
import {
  ablate,
  add,
  CheckpointError,
  dynamic,
  type Interventions,
  project,
  readSafetensors,
  replace,
  scale,
  writeSafetensors,
} from "fader/nn";
import { exportIntervention, importIntervention, interopFormat } from "fader/steering";
import { describe, expect, test } from "vitest";
import { readControlVector } from "../../src/steering/interop/gguf-read";
import { readNpy, writeNpy } from "../../src/steering/interop/npy";
import { crc32, readContents, readZip, writeZip } from "../../src/steering/interop/zip";
import { madeUp } from "../fixtures/own/task";
import { distance, inFloat64, message, random, tinyModel, values } from "../fixtures/own/tiny";

const model = tinyModel({ n_layer: 3 });
const precise = inFloat64(model);
const fixture = (name: string) =>
  new Uint8Array(readFileSync(new URL(`../fixtures/own/interop/${name}`, import.meta.url)));
const ramp = (n: number, start = 0) => Float32Array.from({ length: n }, (_, i) => i / 4 + start);
const vector = (start: number) => tensor(ramp(16, start), { shape: [16] });
const gguf = (map: Interventions) => exportIntervention(map, model, { format: "gguf" });
const names = (map: Interventions) =>
  [...readSafetensors(exportIntervention(map, model, { format: "safetensors" })).tensors.keys()].sort();

/** The error that a promise ends with, as `Name: message`. */
const failure = (bytes: Uint8Array, of = model) =>
  importIntervention(bytes, of, { source: "file" }).then(
    () => "nothing was thrown",
    (error: FaderError) => {
      expect(error).toBeInstanceOf(FaderError);
      return `${error.name}: ${error.message}`;
    },
  );
/** A safetensors map with one array of zeros for each name. */
const map = (shapes: Record<string, number[]>) =>
  writeSafetensors(
    Object.entries(shapes).map(([name, shape]) => {
      const size = shape.reduce((a, b) => a * b, 1);
      const isInteger = name.endsWith(".positions") || name.endsWith(".normalize");
      return isInteger
        ? [name, { dtype: "I32", shape, data: Int32Array.from({ length: size }, (_, i) => i) }]
        : [name, { dtype: "F32", shape, data: new Float32Array(size) }];
    }),
  );

describe("files by other software", () => {
  const want: Interventions = {
    "blocks.0.mlp_out": add(vector(0)),
    "blocks.1.mlp_out": add(tensor(ramp(32, 1), { shape: [2, 16] }), { positions: [0, -1] }),
    "blocks.1.attn_out": scale(0.5),
    "blocks.2.z": scale(tensor([-1, -0.75]), { positions: "all" }),
    "blocks.2.resid_pre": [add(vector(-2)), dynamic(vector(3), tensor(0.25))],
  };

  test.each(["numpy.npz", "numpy-compressed.npz"])(
    "%s of NumPy holds the interventions it was made of",
    async (name) => {
      const read = await importIntervention(fixture(name), model);
      expect(Object.keys(read).sort()).toEqual(Object.keys(want).sort());
      expect(exportIntervention(read, model, { format: "npz" })).toEqual(
        exportIntervention(want, model, { format: "npz" }),
      );
      const logits = [read, want].map((interventions) => model.forward([3, 1, 4], { interventions }).logits);
      expect(distance(logits[0]!, logits[1]!)).toBe(0);
    },
  );

  test.each(["llama.gguf", "llama-aligned.gguf"])("%s of gguf-py holds its directions", async (name) => {
    const read = await importIntervention(fixture(name), model);
    expect(Object.keys(read)).toEqual(["blocks.1.resid_post", "blocks.2.resid_post"]);
    const directions = Object.values(read).map((edit) =>
      values((edit as ReturnType<typeof add> & { v: typeof weight }).v),
    );
    expect(directions).toEqual([[...ramp(16, -3)], [...ramp(16, 5)]]);
  });
  const weight = vector(0);

  test("a control vector has the bytes that gguf-py writes, but for the type of layer_count and the order", () => {
    const own = gguf({
      resid_post: add(tensor([...ramp(16, -3), ...ramp(16, 5)], { shape: [2, 16] }), { layers: [1, 2] }),
    });
    const theirs = fixture("llama.gguf");
    expect(own.length).toBe(theirs.length);
    expect(own.subarray(0, 24)).toEqual(theirs.subarray(0, 24));
    const [a, b] = [own, theirs].map((bytes) => readControlVector(bytes, "x"));
    for (const block of [1, 2]) expect(a!.get(block)!.bytes).toEqual(b!.get(block)!.bytes);
  });
});

describe("names", () => {
  test("are those of TransformerLens, with the part behind", () => {
    const g = vector(0);
    expect(
      names({
        "blocks.0.resid_pre": add(g),
        "blocks.0.z": scale(tensor([1, 2]), { positions: "all" }),
        "blocks.1.z": scale(0.5),
        "blocks.1.attn_out": [ablate(), replace(g, { positions: [-1] })],
        "blocks.1.mlp_out": project(g),
        "blocks.2.resid_post": dynamic(g, tensor(0)),
      }),
    ).toEqual(
      [
        "blocks.0.hook_resid_pre",
        "blocks.0.attn.hook_z.head_scale",
        "blocks.1.attn.hook_z.scale",
        "blocks.1.hook_attn_out.scale",
        "blocks.1.hook_attn_out#2.replace",
        "blocks.1.hook_attn_out#2.positions",
        "blocks.1.hook_mlp_out.project",
        "blocks.2.hook_resid_post.dynamic.g",
        "blocks.2.hook_resid_post.dynamic.b",
        "blocks.2.hook_resid_post.dynamic.normalize",
      ].sort(),
    );
  });

  const wrong: [string, Record<string, number[]>, RegExp][] = [
    [
      "a block that is not there",
      { "blocks.3.hook_mlp_out": [16] },
      /^SiteError: file: no site "blocks.3.hook_mlp_out"\n {2}Nearest/,
    ],
    [
      "a site that is not there",
      { "blocks.1.hook_mlp_ot": [16] },
      /^SiteError: file: .*\n {2}Nearest: "blocks.1.mlp_out"/,
    ],
    [
      "no block",
      { hook_mlp_out: [16] },
      /^SiteError: file: "hook_mlp_out" names no block\n {2}Nearest: "blocks.0.hook_mlp_out"/,
    ],
    ["an unknown part", { "blocks.1.hook_mlp_out.scal": [] }, /there is no "\.scal"\n {2}Nearest: "\.scale"/],
    ["a place twice", { "blocks.1.hook_mlp_out": [16], "blocks.1.mlp_out": [16] }, /are the same array/],
    [
      "a missing number",
      { "blocks.1.hook_mlp_out#2": [16] },
      /"blocks.1.mlp_out": its 1 edits are not numbered from 1/,
    ],
    [
      "another width",
      { "blocks.1.hook_mlp_out": [15] },
      /does not fit "tiny"\n {2}stored \[15\]\n {2}valid {2}\[\] or \[16\] or \[1 to 12 positions, 16\]/,
    ],
    ["too many positions", { "blocks.1.hook_mlp_out": [13, 16] }, /does not fit/],
    [
      "vectors for other positions",
      { "blocks.1.hook_mlp_out": [3, 16], "blocks.1.hook_mlp_out.positions": [2] },
      /does not fit/,
    ],
    [
      "parts that do not go together",
      { "blocks.1.hook_mlp_out": [16], "blocks.1.hook_mlp_out.scale": [] },
      /"blocks.1.hook_mlp_out" does not go with/,
    ],
    ["half of a dynamic edit", { "blocks.1.hook_mlp_out.dynamic.g": [16] }, /"blocks.1.mlp_out.dynamic.b" is missing/],
    ["only positions", { "blocks.1.hook_mlp_out.positions": [2] }, /"blocks.1.mlp_out" is missing/],
    ["heads where there are none", { "blocks.1.hook_mlp_out.head_scale": [2] }, /only z has heads/],
    [
      "heads at positions",
      { "blocks.1.attn.hook_z.head_scale": [2], "blocks.1.attn.hook_z.positions": [2] },
      /does not go with/,
    ],
    [
      "positions that are no list",
      { "blocks.1.hook_mlp_out": [16], "blocks.1.hook_mlp_out.positions": [] },
      /not a list of positions/,
    ],
    [
      "positions beyond the context",
      { "blocks.1.hook_mlp_out": [16], "blocks.1.hook_mlp_out.positions": [13] },
      /the position 12 twice, or/,
    ],
    ["nothing", {}, /it holds no arrays/],
  ];
  test.each(wrong)("%s: refused by name", async (_, shapes, sentence) => {
    expect(await failure(map(shapes))).toMatch(sentence);
  });

  test("values that are not finite or no floats are refused", async () => {
    const store = (data: Float32Array | Int32Array, dtype: "F32" | "I32") =>
      writeSafetensors([["blocks.0.hook_mlp_out.scale", { dtype, shape: [], data }]]);
    expect(await failure(store(Float32Array.of(Number.NaN), "F32"))).toMatch(/not finite/);
    expect(await failure(store(Int32Array.of(1), "I32"))).toMatch(/is I32, not F32, F16, BF16 or F64/);
  });

  test("what was learned and saved is told from a map", async () => {
    const { scalars } = madeUp(tinyModel(), "0");
    expect(await failure(scalars.toBytes())).toMatch(/a map by names\n {2}loadIntervention reads it/);
  });
});

describe("a control vector", () => {
  const v = vector(1);
  test("is refused for what it cannot express, with the key and the reason", () => {
    const refused: [Interventions, RegExp][] = [
      [{ mlp_out: scale(0.5) }, /^ArgumentError: export: "mlp_out" is no plain addition \(scale\)/],
      [{ mlp_out: ablate() }, /\(ablate\)/],
      [{ "blocks.1.mlp_out": project(v) }, /\(project\)/],
      [{ "blocks.1.mlp_out": add(random([2, 16], 1)) }, /"blocks.1.mlp_out" depends on the position/],
      [{ "blocks.1.mlp_out": add(v, { positions: [-1] }) }, /depends on the position/],
      [{ "blocks.1.attn_out": add(v) }, /"blocks.1.attn_out" edits blocks.1.attn_out, which is read by the MLP/],
      [{ "blocks.1.resid_mid": add(v) }, /which is read by the MLP/],
      [{ "blocks.1.z": add(random([2, 8], 1)) }, /which is projected first/],
      [
        { "blocks.0.resid_post": add(v) },
        /edits blocks.0.resid_post, and control vectors start at what leaves block 1/,
      ],
      [{ "blocks.1.resid_pre": add(v) }, /start at what leaves block 1/],
      [{ resid_post: add(random([3, 16], 1)) }, /edits blocks.0.resid_post/],
      [{ "blocks.1.mlp_out": add(0) }, /no direction to write/],
    ];
    for (const [interventions, sentence] of refused) expect(message(() => gguf(interventions))).toMatch(sentence);
  });

  test("leaves vectors of zeros out: they add nothing", () => {
    const rows = tensor([...new Float32Array(16), ...ramp(32)], { shape: [3, 16] });
    expect([...readControlVector(gguf({ resid_post: add(rows) }), "x").keys()]).toEqual([1, 2]);
  });

  test("takes attn_out of parallel blocks, which their MLP does not read", () => {
    const parallel = (source: object) => ({ ...model.config, source: { model_type: "gpt_neox", ...source } });
    const write = (source: object) =>
      exportIntervention({ "blocks.1.attn_out": add(v) }, parallel(source), { format: "gguf" });
    expect(write({})).toEqual(gguf({ "blocks.1.resid_post": add(v) }));
    expect(message(() => write({ use_parallel_residual: false }))).toMatch(/read by the MLP/);
  });

  test("adds up what moves to the same place, and a number adds to every entry", async () => {
    const interventions = {
      "blocks.1.mlp_out": [add(v), add(0.5)],
      "blocks.2.resid_pre": add(v),
      "blocks.2.resid_post": add(-2),
    };
    const back = await importIntervention(exportIntervention(interventions, precise, { format: "gguf" }), precise);
    const asF64 = {
      "blocks.1.mlp_out": [add(v.cast("f64")), add(0.5)],
      "blocks.2.resid_pre": add(v.cast("f64")),
      "blocks.2.resid_post": add(-2),
    };
    const [got, want] = [back, asF64].map((x) => precise.forward([3, 1, 4], { interventions: x }).logits);
    expect(distance(got!, want!)).toBeLessThan(1e-12);
  });

  test("that does not fit the model is refused", async () => {
    expect(await failure(fixture("llama.gguf"), tinyModel())).toMatch(
      /"direction.2" does not fit "tiny"\n {2}stored block 2\n {2}model {2}blocks 0-1/,
    );
    expect(await failure(fixture("llama.gguf"), tinyModel({ n_layer: 3, n_embd: 8 }))).toMatch(
      /stored 16 values\n {2}model {2}d_model 8/,
    );
  });

  test("malformed in any way is refused in a sentence", async () => {
    const good = gguf({ "blocks.1.resid_post": add(v), "blocks.2.resid_post": add(v) });
    const view = (bytes: Uint8Array) => new DataView(bytes.buffer);
    const find = (text: string) => Buffer.from(good).indexOf(text);
    const change = (edit: (bytes: Uint8Array, view: DataView) => void) => {
      const bytes = good.slice();
      edit(bytes, view(bytes));
      return bytes;
    };
    const [first, second, key] = [find("direction.1"), find("direction.2"), find("general.architecture")];
    const cases: [Uint8Array, RegExp][] = [
      [good.slice(0, 3), /neither a GGUF/],
      [good.slice(0, 40), /the file ends too early/],
      [good.slice(0, good.length - 60), /"direction.2" ends beyond the end of the file/],
      [change((_, at) => at.setUint32(4, 1, true)), /GGUF version 1, not version 2 or 3/],
      [change((_, at) => at.setUint32(4, 3, false)), /a big-endian GGUF file/],
      [change((_, at) => at.setUint32(12, 0xffffffff, true)), /the number of tensors is/],
      [change((_, at) => at.setUint32(8, 0xffffffff, true)), /the length of a tensor's name is 4575657221408424000/],
      [change((_, at) => at.setUint32(20, 0x1fffff, true)), /the file ends too early|value type|UTF-8|length/],
      [change((_, at) => at.setUint32(8, 0, true)), /it holds no directions/],
      [
        change((bytes) => bytes.set(new TextEncoder().encode("X"), find("controlvector"))),
        /the architecture "Xontrolvector", not a control/,
      ],
      [change((bytes) => bytes.set([0x58], key)), /with no architecture/],
      [change((_, at) => at.setUint32(key + 20, 99, true)), /has the value type 99/],
      [change((bytes) => bytes.set([0xff], key + 2)), /a metadata key is not UTF-8/],
      [change((bytes) => bytes.set([0x30], first + 10)), /directions start at block 1/],
      [change((bytes) => bytes.set([0x32], first + 10)), /"direction.2" is there twice/],
      [change((bytes) => bytes.set([0x58], first)), /tensor "Xirection.1" is no direction/],
      [change((_, at) => at.setUint32(first + 11, 5, true)), /has 5 axes/],
      [change((_, at) => at.setUint32(first + 23, 2, true)), /has the type 2, not F32/],
      [change((_, at) => at.setUint32(first + 19, 0xffffff, true)), /is too large|the size of a tensor/],
      [change((_, at) => at.setUint32(second + 27, 33, true)), /starts at 33, not at a multiple of 32/],
      [change((_, at) => at.setUint32(second + 27, 32, true)), /"direction.2" overlaps/],
      [change((_, at) => at.setUint32(second + 27, 4096, true)), /ends beyond the end/],
      [change((_, at) => at.setFloat32(good.length - 64, Number.NaN, true)), /not finite/],
    ];
    for (const [bytes, sentence] of cases) expect(await failure(bytes)).toMatch(sentence);
    const twice = change((_, at) => at.setUint32(16, 4, true));
    const entry = good.slice(key - 8, find("controlvector.model_hint") - 8);
    const repeated = Uint8Array.from([...twice.slice(0, 24), ...entry, ...twice.slice(24)]);
    expect(await failure(repeated)).toMatch(/the metadata key "general.architecture" is there twice/);
  });
});

describe("npy and zip", () => {
  const v = add(vector(0));
  const npz = exportIntervention({ "blocks.1.mlp_out": v }, model, { format: "npz" });
  const header = (text: string, version = [1, 0]) => {
    const size = version[0] === 1 ? [text.length, 0] : [text.length, 0, 0, 0];
    return Uint8Array.from([0x93, ...Buffer.from("NUMPY"), ...version, ...size, ...Buffer.from(text)]);
  };
  const array = (text: string, data: number[], version?: number[]) =>
    readNpy(Uint8Array.from([...header(text, version), ...data]), "a", "x");

  test("a header starts the data at a multiple of 64", () => {
    for (const shape of [[], [3], [2, 3], [1, 2, 3]]) {
      const size = shape.reduce((a, b) => a * b, 1);
      const bytes = writeNpy(ramp(size), shape);
      expect((bytes.length - 4 * size) % 64).toBe(0);
      expect(readNpy(bytes, "a", "x")).toMatchObject({ dtype: "F32", shape, bytes: new Uint8Array(ramp(size).buffer) });
    }
  });

  test("versions 2 and 3, other quotes and orders of the header are read", () => {
    const text = '{"shape": (1, 2), "fortran_order": False, "descr": "<i2"}\n';
    for (const version of [
      [2, 0],
      [3, 0],
    ])
      expect(array(text, [1, 0, 2, 0], version)).toMatchObject({ dtype: "I16", shape: [1, 2] });
  });

  test("Fortran order is turned", () => {
    const text = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n";
    expect([...array(text, [1, 4, 2, 5, 3, 6]).bytes]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each([
    ["{'descr': '>f4', 'fortran_order': False, 'shape': (), }", [0, 0, 0, 0], /big-endian/],
    ["{'descr': '<c8', 'fortran_order': False, 'shape': (), }", [], /the dtype "<c8" is not read/],
    ["{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (), }", [], /does not give descr/],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", [0, 0, 0, 0], /takes 8 bytes, there are 4/],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", [], /takes 400000000000000000000 bytes/],
  ])("%s is refused", (text, data, sentence) => {
    expect(message(() => array(text, data as number[]))).toMatch(sentence as RegExp);
  });

  test("the checksum is that of zip", () => expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926));

  test("an archive is read whatever comment follows it", async () => {
    const comment = Buffer.from("PK\x05\x06 a comment");
    const bytes = Uint8Array.from([...npz, ...comment]);
    new DataView(bytes.buffer).setUint16(npz.length - 2, comment.length, true);
    expect(Object.keys(await importIntervention(bytes, model, { format: "npz" }))).toEqual(["blocks.1.mlp_out"]);
  });

  test("malformed or hostile archives are refused in a sentence", async () => {
    const change = (edit: (view: DataView) => void, from = npz) => {
      const bytes = from.slice();
      edit(new DataView(bytes.buffer));
      return bytes;
    };
    const end = npz.length - 22;
    const directory = new DataView(npz.buffer).getUint32(end + 16, true);
    const cases: [Uint8Array, RegExp][] = [
      [npz.slice(0, -1), /not a zip archive, or one that is cut off/],
      [change((at) => at.setUint16(end + 8, 0xffff, true)), /in several parts/],
      [change((at) => at.setUint32(end + 16, 0xffffffff, true)), /a zip64 archive/],
      [change((at) => at.setUint32(end + 16, npz.length, true)), /directory of the zip archive ends beyond/],
      [change((at) => at.setUint16(directory + 8, 1, true)), /is encrypted/],
      [change((at) => at.setUint16(directory + 10, 14, true)), /compressed by method 14/],
      [change((at) => at.setUint32(directory + 42, 4, true)), /is not where the directory says/],
      [change((at) => at.setUint32(directory + 24, 0xffffffff, true)), /a zip64 archive/],
      [change((at) => at.setUint8(directory - 1, 1)), /does not match its checksum/],
      [writeZip([["readme.txt", new Uint8Array(1)]]), /"readme.txt" is no .npy array/],
      [writeZip([["blocks.9.hook_mlp_out.npy", new Uint8Array(1)]]), /no site/],
      [writeZip([]), /it holds no arrays/],
    ];
    for (const [bytes, sentence] of cases) expect(await failure(bytes)).toMatch(sentence);
  });

  test("contents that inflate to another size than stated, or to more than makes sense, are refused", async () => {
    const zeros = new Uint8Array(5000);
    const entry = { name: "a.npy", method: 8, crc: crc32(zeros), data: new Uint8Array(deflateRawSync(zeros)) };
    const read = (size: number, limit = 10_000, data = entry.data) =>
      readContents({ ...entry, data, size }, limit, "x");
    expect(await read(5000)).toEqual(zeros);
    await expect(read(4999)).rejects.toThrow(/inflates to more than its 4999 bytes/);
    await expect(read(5001)).rejects.toThrow(/inflates to 5000 bytes, not 5001/);
    await expect(read(5000, 4000)).rejects.toThrow(/more than any array that fits the model \(4000\)/);
    await expect(read(5000, 10_000, entry.data.slice(0, 5))).rejects.toThrow(CheckpointError);
    await expect(read(5000, 10_000, Uint8Array.of(0xff, 0xff))).rejects.toThrow(/cannot be inflated/);
  });

  test("two files with the same contents in place are refused", () => {
    const two = writeZip([
      ["a.npy", new Uint8Array(9)],
      ["b.npy", new Uint8Array(9)],
    ]);
    const view = new DataView(two.buffer);
    const directory = view.getUint32(two.length - 6, true);
    // The second entry of the directory points at the first file.
    view.setUint32(directory + 46 + 5 + 42, 0, true);
    expect(message(() => readZip(two, "x"))).toMatch(/overlap those of another file/);
  });
});

describe("export", () => {
  const v = vector(0);
  test("refuses maps that do not fit, as forward does", () => {
    const npz = (map: Interventions, options = {}) =>
      message(() => exportIntervention(map, model, { format: "npz", ...options }));
    expect(npz({ mlp_ot: add(v) })).toMatch(/^SiteError: export: no site "mlp_ot"\n {2}Nearest: "mlp_out"/);
    expect(npz({ mlp_out: add(v) })).toMatch(
      /^ShapeError: export: "mlp_out": v has the wrong shape\n {2}got {3}\[16\]\n {2}valid \[3, 16\] or \[3, positions, 16\]/,
    );
    expect(npz({ mlp_out: add(1, { layers: [3] }) })).toMatch(/no block 3/);
    expect(npz({ mlp_out: add(1, { layers: [] }) })).toMatch(/would never fire: its list of layers/);
    expect(npz({ mlp_out: add(1, { positions: [] }) })).toMatch(/would never fire: its list of positions/);
    expect(npz({ mlp_out: add(1, { positions: [0.5] }) })).toMatch(/position 0.5 is not an integer/);
    expect(npz({ "blocks.1.mlp_out": add(v, { layers: [1] }) })).toMatch(/layers has no meaning/);
    expect(npz({ mlp_out: scale(Number.NaN) })).toMatch(/alpha is not made of finite numbers/);
    expect(npz({ mlp_out: {} as never })).toMatch(/holds no intervention/);
    expect(npz({})).toMatch(/the map holds no intervention/);
    expect(npz({ mlp_out: add(1) }, { beta: Number.NaN })).toMatch(/beta is NaN/);
    expect(npz({ mlp_out: add(1) }, { format: "npy" })).toMatch(/no format "npy"\n {2}Nearest: "npz"/);
  });

  test("chooses the format by the extension", () => {
    expect(["a.gguf", "b/c.NPZ", "x.fader.safetensors"].map(interopFormat)).toEqual(["gguf", "npz", "safetensors"]);
    expect(message(() => interopFormat("a.ggf"))).toMatch(/the extension "\.ggf"\n {2}Nearest: "gguf"/);
    expect(message(() => interopFormat("a"))).toMatch(/^ArgumentError/);
  });

  test("reads into a model in float64", async () => {
    const bytes = exportIntervention({ "blocks.1.mlp_out": add(v) }, model, { format: "npz" });
    const interventions = await importIntervention(bytes, precise);
    expect(precise.forward([1, 2], { interventions }).logits.dtype).toBe("f64");
  });

  test("an unknown file is no file of ours", async () => {
    expect(await failure(new Uint8Array(40))).toMatch(/neither a GGUF control vector nor an .npz or safetensors file/);
  });
});
