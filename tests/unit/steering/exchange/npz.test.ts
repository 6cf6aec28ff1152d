import { deflateRawSync } from "node:zlib";
import { tensor } from "fader/autograd";
import { add, CheckpointError } from "fader/nn";
import { exportIntervention, importIntervention } from "fader/steering";
import { describe, expect, test } from "vitest";
import { readNpy, writeNpy } from "../../../../src/steering/exchange/npy";
import { crc32, readContents, readZip, writeZip } from "../../../../src/steering/exchange/zip";
import { readFailure } from "../../../helpers/read-failure";
import { message, tinyModel } from "../../../helpers/tiny";

const model = tinyModel({ n_layer: 3 });
const ramp = (n: number, start = 0) => Float32Array.from({ length: n }, (_, i) => i / 4 + start);
const vector = (start: number) => tensor(ramp(16, start), { shape: [16] });
const failure = (bytes: Uint8Array, of = model) => readFailure(bytes, of);

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
    [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
      [],
      /takes 400000000000000000000 bytes/,
    ],
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
    const read = async (size: number, limit = 10_000, data = entry.data) =>
      readContents({ ...entry, data, size }, limit, "x");
    expect(await read(5000)).toEqual(zeros);
    await expect(read(4999)).rejects.toThrow(/inflates to more than its 4999 bytes/);
    await expect(read(5001)).rejects.toThrow(/inflates to 5000 bytes, not 5001/);
    await expect(read(5000, 4000)).rejects.toThrow(/more than any array that fits the model \(4000\)/);
    await expect(read(5000, 10_000, entry.data.slice(0, 5))).rejects.toThrow(CheckpointError);
    await expect(read(5000, 10_000, Uint8Array.of(0xff, 0xff))).rejects.toThrow(/cannot be inflated/);
  });

  test("a small archive that inflates to much is stopped, whatever size it states", async () => {
    const bomb = new Uint8Array(deflateRawSync(new Uint8Array(2 ** 28)));
    expect(bomb.length).toBeLessThan(2 ** 19);
    const entry = { name: "a.npy", method: 8, crc: 0, data: bomb, size: 100 };
    expect(message(() => readContents(entry, 1000, "x"))).toMatch(/inflates to more than its 100 bytes/);
    const two = writeZip([
      ["a.npy", new Uint8Array(9)],
      ["b.npy", new Uint8Array(9)],
    ]);
    const view = new DataView(two.buffer);
    const directory = view.getUint32(two.length - 6, true);
    for (const at of [directory, directory + 46 + 5]) {
      view.setUint16(at + 10, 8, true);
      view.setUint32(at + 24, 0xf0000000, true);
    }
    expect(message(() => readZip(two, "x"))).toMatch(/unpacks to 8053063680 bytes, more than the limit of 1073741824/);
    view.setUint8(directory + 46 + 5 + 46, "a".charCodeAt(0));
    expect(message(() => readZip(two, "x"))).toMatch(/"a.npy" is there twice/);
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
