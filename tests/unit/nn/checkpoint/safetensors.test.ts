import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  parseSafetensorsHeader,
  readSafetensors,
  type StoredDtype,
  type StoredTensor,
  safetensorsHeaderLength,
  toBool,
  toFloat32,
  toInt32,
  writeSafetensors,
} from "../../../../src/nn/checkpoint/safetensors";
import { CheckpointError } from "../../../../src/nn/errors";

const f32 = (...shape: number[]) => {
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i + 0.5);
  return { dtype: "F32" as const, shape, data };
};

/** A file with this header (an object, or JSON text) and this many data bytes. */
function file(header: object | string, dataBytes = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });

const stored = (dtype: StoredDtype, data: ArrayBufferView): StoredTensor => ({
  name: "t",
  dtype,
  shape: [],
  bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

function refusal(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return (error as Error).message;
  }
  throw new Error("was accepted");
}

describe("reading and writing", () => {
  test("round trip, whatever the order of the tensors", () => {
    const tensors: [string, ReturnType<typeof f32>][] = [
      ["wte", f32(2, 3)],
      ["10", f32()],
      ["__proto__", f32(1)],
      ["2", f32(0, 5)],
    ];
    const metadata = JSON.parse('{"format":"pt","__proto__":"own"}') as Record<string, string>;
    const bytes = writeSafetensors(tensors, metadata);
    expect(writeSafetensors(tensors.toReversed(), metadata)).toEqual(bytes);
    const back = readSafetensors(bytes);
    expect(Object.entries(back.metadata).sort()).toEqual(Object.entries(metadata).sort());
    expect([...back.tensors.keys()].sort()).toEqual(["10", "2", "__proto__", "wte"]);
    for (const [name, { shape, data }] of tensors) {
      expect(back.tensors.get(name)!.shape).toEqual(shape);
      expect(toFloat32(back.tensors.get(name)!)).toEqual(data);
    }
    const wte = back.tensors.get("wte")!;
    expect(wte.bytes.buffer).toBe(bytes.buffer);
    expect(safetensorsHeaderLength(bytes, bytes.length) % 8).toBe(0);
  });

  test("wider dtypes come first; raw bytes pass through", () => {
    const bytes = writeSafetensors([
      ["a", { dtype: "BOOL", shape: [3], data: new Uint8Array([1, 0, 1]) }],
      ["b", { dtype: "BF16", shape: [1], data: new Uint8Array([0x80, 0x3f]) }],
      ["c", { dtype: "I64", shape: [1], data: new BigInt64Array([-5n]) }],
    ]);
    const { tensors } = readSafetensors(bytes);
    expect([...tensors.keys()]).toEqual(["c", "b", "a"]);
    expect([...toInt32(tensors.get("c")!)]).toEqual([-5]);
    expect([...toFloat32(tensors.get("b")!)]).toEqual([1]);
    expect([...toBool(tensors.get("a")!)]).toEqual([1, 0, 1]);
  });

  test("headers out of order, data at odd offsets, and a file inside a larger Node buffer", () => {
    const header = { b: entry("F32", [], [3, 7]), a: entry("BOOL", [3], [0, 3]) };
    const bytes = file(header, 7);
    const view = new DataView(bytes.buffer, bytes.length - 4);
    view.setFloat32(0, 1.25, true);
    const shifted = Buffer.concat([Buffer.from([7]), bytes]).subarray(1);
    for (const input of [bytes, shifted]) {
      const { tensors } = readSafetensors(input);
      expect([...tensors.keys()]).toEqual(["a", "b"]);
      expect(toFloat32(tensors.get("b")!)).toEqual(new Float32Array([1.25]));
      expect(toFloat32(tensors.get("b")!).buffer).not.toBe(input.buffer);
    }
  });

  test("the header alone is enough to read by ranges", () => {
    const bytes = writeSafetensors([["a", f32(2)]]);
    const length = safetensorsHeaderLength(bytes.slice(0, 8), bytes.length);
    const header = parseSafetensorsHeader(bytes.slice(8, 8 + length), bytes.length);
    const { begin, end } = header.entries[0]!;
    expect([begin, end]).toEqual([header.dataStart, bytes.length]);
    expect(new Float32Array(bytes.slice(begin, end).buffer)).toEqual(new Float32Array([0.5, 1.5]));
  });

  test("no tensors at all", () => {
    expect(readSafetensors(writeSafetensors([]))).toEqual({ metadata: {}, tensors: new Map() });
  });

  test.each([
    [
      [
        ["a", f32(1)],
        ["a", f32(1)],
      ],
      'the name "a" is taken',
    ],
    [[["__metadata__", f32(1)]], 'the name "__metadata__" is taken'],
    [[["a", { ...f32(2), shape: [3] }]], 'tensor "a" needs 12 bytes for F32 [3], its data has 8'],
    [[["a", { ...f32(2), shape: [-1] }]], "not a list of non-negative integers"],
    [[["a", { ...f32(2), dtype: "I32" }]], 'tensor "a" of dtype I32 takes Int32Array data, not Float32Array'],
    [[["a", { ...f32(2), dtype: "Q4" }]], 'tensor "a" has the dtype "Q4"'],
  ])("what cannot be written %#", (tensors, problem) => {
    const message = refusal(() => writeSafetensors(tensors as never));
    expect(message.startsWith("writeSafetensors: ")).toBe(true);
    expect(message).toContain(problem);
  });
});

describe("malformed files are refused by name", () => {
  const big = 2 ** 40;
  const twice =
    '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}}';
  test.each([
    [new Uint8Array(7), "at least 8 bytes, this one has 7"],
    [new Uint8Array(0), "at least 8 bytes, this one has 0"],
    [file({}).subarray(0, 9), "the header is longer than the file"],
    [new Uint8Array(8), 'does not start with "{"'],
    [new Uint8Array(64).fill(255), "the header is longer than the file"],
    [new TextEncoder().encode("version https://git-lfs.github.com/spec/v1"), "Git LFS pointer"],
    [file("[]"), 'does not start with "{"'],
    [file(" {}"), 'does not start with "{"'],
    [file("{"), "the header is not JSON in UTF-8"],
    [file('{"a":1}').map((byte) => (byte === 0x61 ? 0xff : byte)), "the header is not JSON in UTF-8"],
    [file({ a: 1 }), 'tensor "a" is not described by an object'],
    [file({ a: entry("F31", [], [0, 4]) }, 4), '"F31", which the format does not have\n  Nearest: "F32".'],
    [file({ a: entry(undefined, [], [0, 4]) }, 4), "has no dtype"],
    [file({ a: entry("toString", [], [0, 4]) }, 4), 'dtype "toString"'],
    [file({ a: entry("F32", [-1], [0, 4]) }, 4), "shape [-1], not a list of non-negative integers"],
    [file({ a: entry("F32", [1.5], [0, 6]) }, 6), "shape [1.5]"],
    [file({ a: entry("F32", "1", [0, 4]) }, 4), 'shape "1"'],
    [file({ a: entry("F32", [[[]]], [0, 4]) }, 4), "shape (nested)"],
    [file({ a: entry("F32", [big, big], [0, 0]) }), "too large"],
    [file({ a: entry("F32", [big, big, 0], [0, 0]) }), "too large"],
    [file({ a: entry("F4", [3], [0, 1]) }, 1), "not a whole number of bytes"],
    [file({ a: entry("F32", [1], [4, 0]) }, 4), "begins at 4, after its end at 0"],
    [file({ a: entry("F32", [1], [0]) }, 4), "data_offsets [0], not two"],
    [file({ a: entry("F32", [1], [0, -4]) }, 4), "data_offsets [0,-4], not two"],
    [file({ a: entry("F32", [2], [0, 4]) }, 4), "offsets that do not fit its shape"],
    [file({ a: entry("F32", [1], [0, 4]) }, 3), "ends beyond the end of the file"],
    [file({ a: entry("F32", [1], [0, 4]), b: entry("U8", [2], [3, 5]) }, 5), 'tensors "a" and "b" overlap'],
    [file({ a: entry("F32", [1], [0, 4]), b: entry("U8", [0], [2, 2]) }, 4), 'tensors "a" and "b" overlap'],
    [file({ a: entry("U8", [1], [0, 1]), b: entry("U8", [1], [3, 4]) }, 4), '2 byte(s) before tensor "b" belong to no'],
    [file({ a: entry("U8", [1], [1, 2]) }, 2), '1 byte(s) before tensor "a" belong to no tensor'],
    [file({ a: entry("U8", [1], [0, 1]) }, 3), "the last 2 byte(s) belong to no tensor"],
    [file({ __metadata__: { a: 1 } }), '__metadata__ "a" is not a string'],
    [file({ __metadata__: [] }), "__metadata__ is not an object"],
    [file(twice, 1), 'the header has the key "a" twice'],
    [file('{"__metadata__":{"k":"{:\\"","k":""}}'), 'the header has the key "k" twice'],
  ])("%#", (bytes, problem) => {
    const message = refusal(() => readSafetensors(bytes, "m/model.safetensors"));
    expect(message.startsWith("m/model.safetensors: ")).toBe(true);
    expect(message).toContain(problem);
  });

  test("the whole message", () => {
    const bytes = file({ wte: entry("F16", [2, 3], [0, 4]) }, 4);
    expect(refusal(() => readSafetensors(bytes, "gpt2.safetensors"))).toMatchInlineSnapshot(`
      "gpt2.safetensors: tensor "wte" has offsets that do not fit its shape
        dtype   F16
        shape   [2, 3]
        needed  12 bytes
        offsets [0, 4] = 4 bytes"
    `);
  });

  test("a header over the limit of the format, without reading it", () => {
    const start = new Uint8Array([0, 0, 0, 0, 1, 0, 0, 0]);
    expect(refusal(() => safetensorsHeaderLength(start, 2 ** 40))).toContain("more than the limit of 100000000");
  });

  test("deeply nested values do not overflow the stack", () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    const objects = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    for (const value of [deep, objects]) {
      for (const json of [`{"a":${value}}`, `{"a":{"dtype":${value}}}`, `{"__metadata__":{"a":${value}}}`]) {
        refusal(() => readSafetensors(file(json)));
      }
    }
  });
});

describe("conversion", () => {
  test("F16, BF16 and F64 to float32", () => {
    const halves: [number, number][] = [
      [0x3c00, 1],
      [0xc000, -2],
      [0x0001, 2 ** -24],
      [0x83ff, -1023 * 2 ** -24],
      [0x0400, 2 ** -14],
      [0x7bff, 65504],
      [0x7c00, Number.POSITIVE_INFINITY],
      [0xfc00, Number.NEGATIVE_INFINITY],
      [0x7e00, Number.NaN],
      [0x8000, -0],
      [0x3555, 1365 / 4096],
    ];
    expect([
      ...toFloat32(
        stored(
          "F16",
          Uint16Array.from(halves, ([bits]) => bits),
        ),
      ),
    ]).toEqual(halves.map(([, x]) => x));
    const brain = new Uint16Array([0x3f80, 0xc040, 0x0001, 0x7f80, 0xffc0, 0x8000]);
    expect([...toFloat32(stored("BF16", brain))]).toEqual([1, -3, 2 ** -133, Number.POSITIVE_INFINITY, Number.NaN, -0]);
    expect([...toFloat32(stored("F64", new Float64Array([0.1, 1e300])))]).toEqual([Math.fround(0.1), Infinity]);
  });

  test("integers and booleans", () => {
    expect([...toInt32(stored("I8", new Int8Array([-128])))]).toEqual([-128]);
    expect([...toInt32(stored("U8", new Uint8Array([255])))]).toEqual([255]);
    expect([...toInt32(stored("U16", new Uint16Array([65535])))]).toEqual([65535]);
    expect([...toInt32(stored("I64", new BigInt64Array([-(2n ** 31n)])))]).toEqual([-(2 ** 31)]);
    expect([...toBool(stored("BOOL", new Uint8Array([0, 1, 2])))]).toEqual([0, 1, 1]);
    expect(refusal(() => toInt32(stored("I64", new BigInt64Array([2n ** 31n])), "m"))).toContain(
      'm: tensor "t" holds 2147483648, which does not fit in 32 bits',
    );
    expect(refusal(() => toInt32(stored("U32", new Uint32Array([2 ** 32 - 1]))))).toContain("does not fit");
  });

  test("the wrong dtype is named", () => {
    const t = stored("I32", new Int32Array([1]));
    expect(refusal(() => toFloat32(t, "m"))).toContain('m: tensor "t" is I32, not F32, F16, BF16 or F64');
    expect(refusal(() => toBool(t))).toContain("is I32, not BOOL");
    expect(refusal(() => toInt32({ ...t, dtype: "F32" }))).toContain("is F32, not an integer dtype");
  });
});

const shared = fileURLToPath(new URL("../../../../../shared/", import.meta.url));

test.skipIf(!existsSync(shared))("reference checkpoints survive a round trip", () => {
  for (const name of ["models/stories260k", "fixtures/models/gpt2-f32", "fixtures/models/neox-parallel-f32"]) {
    const { metadata, tensors } = readSafetensors(readFileSync(`${shared}${name}/model.safetensors`), name);
    const written = writeSafetensors(
      [...tensors].map(([key, { dtype, shape, bytes }]) => [key, { dtype, shape, data: bytes }]),
      metadata,
    );
    const back = readSafetensors(written);
    expect(back.metadata).toEqual(metadata);
    for (const [key, { bytes, ...rest }] of tensors) {
      expect(back.tensors.get(key)).toMatchObject(rest);
      expect(Buffer.compare(back.tensors.get(key)!.bytes, bytes)).toBe(0);
    }
    expect(back.tensors.size).toBe(tensors.size);
  }
});
