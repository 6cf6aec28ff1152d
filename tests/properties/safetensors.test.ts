import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  readSafetensors,
  storedByteLength,
  type TensorToStore,
  writeSafetensors,
} from "../../src/nn/checkpoint/safetensors";
import { CheckpointError } from "../../src/nn/errors";

const DTYPES = ["F64", "I64", "F32", "I32", "F16", "BF16", "I16", "F8_E4M3", "I8", "U8", "BOOL"] as const;

const tensor: fc.Arbitrary<TensorToStore> = fc
  .tuple(fc.constantFrom(...DTYPES), fc.array(fc.nat({ max: 4 }), { maxLength: 4 }))
  .chain(([dtype, shape]) => {
    const length = storedByteLength(dtype, shape)!;
    return fc.uint8Array({ minLength: length, maxLength: length }).map((data) => ({ dtype, shape, data }));
  });

const name = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("__proto__", "constructor", "", "0", "10", '"', "\\", "wte.weight", "\ud800"),
);
const tensors = fc
  .uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 6 })
  .filter((list) => list.every(([key]) => key !== "__metadata__"));
const metadata = fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), { maxKeys: 3 });

/** Reads, and checks that what was read is consistent; a CheckpointError is as good. */
function readOrRefuse(bytes: Uint8Array): void {
  let file: ReturnType<typeof readSafetensors>;
  try {
    file = readSafetensors(bytes, "mutant");
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as Error).message.startsWith("mutant: ")).toBe(true);
    return;
  }
  let total = 0;
  for (const [key, { name, dtype, shape, bytes: data }] of file.tensors) {
    expect(name).toBe(key);
    expect(data.length).toBe(storedByteLength(dtype, shape));
    total += data.length;
  }
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  expect(8 + headerLength + total).toBe(bytes.length);
  for (const value of Object.values(file.metadata)) expect(typeof value).toBe("string");
}

describe("safetensors", () => {
  test("what is written is read back, bit for bit", () => {
    fc.assert(
      fc.property(tensors, metadata, fc.nat({ max: 7 }), (list, texts, shift) => {
        const bytes = writeSafetensors(list, texts);
        expect(writeSafetensors(list.toReversed(), texts)).toEqual(bytes);
        // At an odd place in memory, as a slice of a larger buffer would be.
        const moved = new Uint8Array(bytes.length + shift).subarray(shift);
        moved.set(bytes);
        const back = readSafetensors(moved);
        expect(Object.entries(back.metadata).sort()).toEqual(Object.entries(texts).sort());
        expect(back.tensors.size).toBe(list.length);
        for (const [key, { dtype, shape, data }] of list) {
          expect(back.tensors.get(key)).toEqual({ name: key, dtype, shape, bytes: data });
        }
      }),
      { numRuns: 300 },
    );
  }, 30_000);

  test("mutated bytes are read consistently or refused", () => {
    const mutation = fc.tuple(
      fc.nat(),
      fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(...Buffer.from('{}[]":,0129-eE\\'))),
    );
    fc.assert(
      fc.property(tensors, metadata, fc.array(mutation, { minLength: 1, maxLength: 4 }), (list, texts, mutations) => {
        const bytes = writeSafetensors(list, texts);
        for (const [at, value] of mutations) bytes[at % bytes.length] = value;
        readOrRefuse(bytes);
      }),
      { numRuns: 1000 },
    );
  }, 30_000);

  test("cut, extended and arbitrary files are read consistently or refused", () => {
    fc.assert(
      fc.property(tensors, fc.nat(), fc.uint8Array({ maxLength: 16 }), (list, at, extra) => {
        const bytes = writeSafetensors(list);
        readOrRefuse(bytes.slice(0, at % (bytes.length + 1)));
        readOrRefuse(Uint8Array.from([...bytes, ...extra]));
        readOrRefuse(extra);
      }),
      { numRuns: 300 },
    );
  }, 30_000);

  test("arbitrary JSON headers are read consistently or refused", () => {
    const size = fc.oneof(fc.nat({ max: 9 }), fc.constantFrom(-1, 0.5, 2 ** 53, 1e300, null, "1"));
    const info = fc.record(
      {
        dtype: fc.oneof(fc.constantFrom("F32", "U8", "F4", "BOOL"), fc.jsonValue()),
        shape: fc.oneof(fc.array(size, { maxLength: 3 }), fc.jsonValue()),
        data_offsets: fc.oneof(fc.array(size, { minLength: 2, maxLength: 2 }), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const header = fc.dictionary(fc.oneof(name, fc.constant("__metadata__")), fc.oneof(info, fc.jsonValue()));
    fc.assert(
      fc.property(header, fc.nat({ max: 12 }), (json, dataBytes) => {
        const text = new TextEncoder().encode(JSON.stringify(json));
        const bytes = new Uint8Array(8 + text.length + dataBytes);
        new DataView(bytes.buffer).setUint32(0, text.length, true);
        bytes.set(text, 8);
        readOrRefuse(bytes);
      }),
      { numRuns: 1000 },
    );
  }, 30_000);
});
