import { CheckpointError, type StoredTensor } from "../../nn";
import { ByteReader, quote } from "./bytes";
import { defaultAlignment, valueTypes } from "./gguf-write";

/** Bytes of one value by its type number: u8, i8, u16, i16, u32, i32, f32, bool, (string), (array), u64, i64, f64. */
const valueBytes = [1, 1, 2, 2, 4, 4, 4, 1, undefined, undefined, 8, 8, 8];

/** The types of tensors that are read. Quantized ones make no sense for vectors, and llama.cpp refuses them too. */
const tensorTypes = new Map([
  [0, { dtype: "F32", bytes: 4 }],
  [1, { dtype: "F16", bytes: 2 }],
  [30, { dtype: "BF16", bytes: 2 }],
] as const);

/** What ggml allows. */
const maxAxes = 4;

/** Metadata that control vectors use; other keys are checked and skipped. */
type Metadata = Map<string, string | number | undefined>;

/**
 * Reads the directions of a GGUF control vector, by block, as views into `bytes`. Versions 2 and 3, little-endian.
 *
 * @throws CheckpointError naming `source` for every kind of malformed file, and for a GGUF that is no control vector.
 */
export function readControlVector(bytes: Uint8Array, source: string): Map<number, StoredTensor> {
  const file = new ByteReader(bytes, source);
  if (bytes.length < 4 || file.text(4, "the magic") !== "GGUF")
    throw file.error('not a GGUF file: no "GGUF" at its start');
  const version = file.u32();
  if (version !== 2 && version !== 3) {
    const swapped = ((version >>> 24) | ((version >>> 8) & 0xff00)) >>> 0;
    const problem = swapped === 2 || swapped === 3 ? "a big-endian GGUF file" : `GGUF version ${version}`;
    throw new CheckpointError(source, `${problem}, not version 2 or 3 in little-endian order`);
  }
  const tensorCount = file.u64("the number of tensors");
  const metadata = readMetadata(file, file.u64("the number of metadata keys"));
  const architecture = metadata.get("general.architecture");
  if (architecture !== "controlvector") {
    const found = architecture === undefined ? "no architecture" : `the architecture ${quote(String(architecture))}`;
    throw new CheckpointError(source, `a GGUF file with ${found}, not a control vector`, {
      hint: architecture === undefined ? undefined : "Control vectors are made by cvector-generator, repeng or Fader.",
    });
  }
  const alignment = metadata.get("general.alignment") ?? defaultAlignment;
  if (typeof alignment !== "number" || alignment === 0 || (alignment & (alignment - 1)) !== 0) {
    throw file.error(`general.alignment is ${alignment}, not a power of two`);
  }
  return readDirections(file, tensorCount, alignment);
}

function readMetadata(file: ByteReader, count: number): Metadata {
  const found: Metadata = new Map();
  for (let i = 0; i < count; i++) {
    const key = file.text(file.u64("the length of a key"), "a metadata key");
    if (found.has(key)) throw file.error(`the metadata key ${quote(key)} is there twice`);
    found.set(key, readValue(file, key));
  }
  return found;
}

/** Strings and 32-bit numbers have a meaning here; other values are stepped over. */
function readValue(file: ByteReader, key: string): string | number | undefined {
  const type = file.u32();
  if (type === valueTypes.string) return readText(file, key);
  if (type === valueTypes.u32 || type === valueTypes.i32) return file.u32();
  if (type !== valueTypes.array) {
    file.take(sizeOf(file, type, key));
    return undefined;
  }
  const inner = file.u32();
  const count = file.u64(`the length of ${quote(key)}`);
  if (inner === valueTypes.string) for (let i = 0; i < count; i++) readText(file, key);
  else file.take(count * sizeOf(file, inner, key));
  return undefined;
}

function readText(file: ByteReader, key: string): string {
  return file.text(file.u64(`the length of ${quote(key)}`), `the value of ${quote(key)}`);
}

function sizeOf(file: ByteReader, type: number, key: string): number {
  const size = valueBytes[type];
  if (size === undefined) throw file.error(`the metadata key ${quote(key)} has the value type ${type}`);
  return size;
}

interface Info {
  name: string;
  block: number;
  dtype: "F32" | "F16" | "BF16";
  length: number;
  offset: number;
  byteLength: number;
}

function readDirections(file: ByteReader, count: number, alignment: number): Map<number, StoredTensor> {
  if (count === 0) throw file.error("it holds no directions");
  const infos: Info[] = [];
  const blocks = new Set<number>();
  for (let i = 0; i < count; i++) {
    const info = readInfo(file, alignment);
    if (blocks.has(info.block)) throw file.error(`"${info.name}" is there twice`);
    blocks.add(info.block);
    infos.push(info);
  }
  const start = Math.ceil(file.offset / alignment) * alignment;
  infos.sort((a, b) => a.offset - b.offset);
  let end = 0;
  const found = new Map<number, StoredTensor>();
  for (const { name, block, dtype, length, offset, byteLength } of infos) {
    if (offset < end) throw file.error(`"${name}" overlaps the tensor before it`);
    end = offset + byteLength;
    if (start + end > file.bytes.length) {
      throw new CheckpointError(file.source, `"${name}" ends beyond the end of the file`, {
        details: { tensor: `bytes ${start + offset} to ${start + end}`, file: `${file.bytes.length} bytes` },
        hint: "The file may be cut off: compare its size with the original's.",
      });
    }
    found.set(block, { name, dtype, shape: [length], bytes: file.bytes.subarray(start + offset, start + end) });
  }
  return found;
}

function readInfo(file: ByteReader, alignment: number): Info {
  const name = file.text(file.u64("the length of a tensor's name"), "a tensor's name");
  const fail = (problem: string) => file.error(`tensor ${quote(name)} ${problem}`);
  const axes = file.u32();
  if (axes < 1 || axes > maxAxes) throw fail(`has ${axes} axes`);
  const shape = Array.from({ length: axes }, () => file.u64("the size of a tensor"));
  const type = file.u32();
  const offset = file.u64("the offset of a tensor");
  const block = /^direction\.(0|[1-9]\d{0,5})$/.exec(name)?.[1];
  if (block === undefined) throw fail('is no direction: those are called "direction.1", "direction.2", …');
  if (block === "0") throw fail("does not exist: directions start at block 1, and llama.cpp refuses this one too");
  const known = tensorTypes.get(type as 0);
  if (known === undefined) throw fail(`has the type ${type}, not F32 (0), F16 (1) or BF16 (30)`);
  const [length, ...rest] = shape as [number, ...number[]];
  if (rest.some((size) => size !== 1)) throw fail(`has the shape [${shape.join(", ")}], not one axis`);
  if (offset % alignment !== 0) throw fail(`starts at ${offset}, not at a multiple of ${alignment}`);
  const byteLength = length * known.bytes;
  if (!Number.isSafeInteger(byteLength) || !Number.isSafeInteger(offset + byteLength)) throw fail("is too large");
  return { name, block: Number(block), dtype: known.dtype, length, offset, byteLength };
}
