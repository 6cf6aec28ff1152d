import { nearest } from "../tensor/errors";
import { CheckpointError } from "./errors";

/** Bits of one element, and the typed array that holds it. Dtypes without an array are readable as bytes only. */
const DTYPES = {
  F64: { bits: 64, array: Float64Array },
  I64: { bits: 64, array: BigInt64Array },
  U64: { bits: 64, array: BigUint64Array },
  C64: { bits: 64, array: undefined },
  F32: { bits: 32, array: Float32Array },
  I32: { bits: 32, array: Int32Array },
  U32: { bits: 32, array: Uint32Array },
  F16: { bits: 16, array: Uint16Array },
  BF16: { bits: 16, array: Uint16Array },
  I16: { bits: 16, array: Int16Array },
  U16: { bits: 16, array: Uint16Array },
  F8_E8M0: { bits: 8, array: undefined },
  F8_E4M3: { bits: 8, array: undefined },
  F8_E5M2: { bits: 8, array: undefined },
  I8: { bits: 8, array: Int8Array },
  U8: { bits: 8, array: Uint8Array },
  BOOL: { bits: 8, array: Uint8Array },
  F6_E3M2: { bits: 6, array: undefined },
  F6_E2M3: { bits: 6, array: undefined },
  F4: { bits: 4, array: undefined },
};

/** The element type of a stored tensor, by its name in the file. */
export type StoredDtype = keyof typeof DTYPES;

/** Where one tensor lies: `begin` and `end` are byte offsets from the start of the file. */
export interface StoredEntry {
  readonly name: string;
  readonly dtype: StoredDtype;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

/** A checked header. `entries` are in the order of their data; `dataStart` is the file offset of the first data byte. */
export interface SafetensorsHeader {
  readonly metadata: Record<string, string>;
  readonly entries: StoredEntry[];
  readonly dataStart: number;
}

/** One tensor of a file. `bytes` is a view (little-endian, row-major), possibly at an odd offset. */
export interface StoredTensor {
  readonly name: string;
  readonly dtype: StoredDtype;
  readonly shape: number[];
  readonly bytes: Uint8Array;
}

/** A tensor for `writeSafetensors`: `data` is the typed array of the dtype (bit patterns for F16 and BF16), or raw bytes. */
export interface TensorToStore {
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView;
}

/** The format's own limit, so that a hostile file cannot make the JSON parser eat all memory. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * The length of the JSON header, from the first 8 bytes (or more) of a file of `fileSize` bytes.
 * With `parseSafetensorsHeader` this lets a loader read a file by ranges.
 *
 * @throws CheckpointError when the file is too short, or the length exceeds the file or 100 MB.
 */
export function safetensorsHeaderLength(start: Uint8Array, fileSize: number, source = "safetensors"): number {
  if (start.length < 8 || fileSize < 8) {
    throw new CheckpointError(source, `a safetensors file has at least 8 bytes, this one has ${fileSize}`);
  }
  const view = new DataView(start.buffer, start.byteOffset, 8);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (length > fileSize - 8) {
    const lfs = String.fromCharCode(...start.subarray(0, 8)) === "version ";
    throw new CheckpointError(source, "the header is longer than the file", {
      details: { header: `${length} bytes`, file: `${fileSize} bytes` },
      hint: lfs ? "This is a Git LFS pointer: `git lfs pull` fetches the file itself." : undefined,
    });
  }
  if (length > MAX_HEADER_BYTES) {
    throw new CheckpointError(source, `the header has ${length} bytes, more than the limit of ${MAX_HEADER_BYTES}`);
  }
  return length;
}

/**
 * Parses and checks the JSON header (`headerBytes` is what follows the 8 length bytes, padding included).
 * As the format demands, the tensors cover the data exactly: no overlaps, no holes, no bytes left over.
 *
 * @throws CheckpointError naming `source` and the tensor, for every kind of malformed header.
 */
export function parseSafetensorsHeader(
  headerBytes: Uint8Array,
  fileSize: number,
  source = "safetensors",
): SafetensorsHeader {
  const json = parseJson(headerBytes, source);
  const dataStart = 8 + headerBytes.length;
  let metadata: Record<string, string> = {};
  const entries: StoredEntry[] = [];
  for (const [name, info] of Object.entries(json)) {
    if (name === "__metadata__") metadata = checkMetadata(info, source);
    else entries.push(parseEntry(name, info, dataStart, source));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkCoverage(entries, dataStart, fileSize, source);
  return { metadata, entries, dataStart };
}

/**
 * Reads a whole file that is in memory. Copies nothing: every tensor is a view into `bytes`.
 *
 * @throws CheckpointError naming `source` and the tensor, for every kind of malformed file.
 */
export function readSafetensors(
  bytes: Uint8Array,
  source = "safetensors",
): { metadata: Record<string, string>; tensors: Map<string, StoredTensor> } {
  const length = safetensorsHeaderLength(bytes, bytes.length, source);
  const { metadata, entries } = parseSafetensorsHeader(bytes.subarray(8, 8 + length), bytes.length, source);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, begin, end } of entries) {
    const view = new Uint8Array(bytes.buffer, bytes.byteOffset + begin, end - begin);
    tensors.set(name, { name, dtype, shape, bytes: view });
  }
  return { metadata, tensors };
}

/** Bytes that a tensor of this dtype and shape takes, or undefined where the size overflows or is no whole byte. */
export function storedByteLength(dtype: StoredDtype, shape: readonly number[]): number | undefined {
  let bits: number = DTYPES[dtype].bits;
  for (const size of shape) {
    bits *= size;
    // Checked at every step: a later zero must not hide an overflow.
    if (!Number.isSafeInteger(bits)) return undefined;
  }
  return bits % 8 === 0 ? bits / 8 : undefined;
}

/** Whether `name` is a dtype of the format. */
export function isStoredDtype(name: unknown): name is StoredDtype {
  return typeof name === "string" && Object.hasOwn(DTYPES, name);
}

/**
 * The values of an F32, F16, BF16 or F64 tensor as a fresh Float32Array (F64 is rounded).
 *
 * @throws CheckpointError for any other dtype.
 */
export function toFloat32(stored: StoredTensor, source = "safetensors"): Float32Array {
  const buffer = aligned(stored);
  switch (stored.dtype) {
    case "F32":
      return new Float32Array(buffer);
    case "F64":
      return Float32Array.from(new Float64Array(buffer));
    case "F16":
      return Float32Array.from(new Uint16Array(buffer), halfToNumber);
    case "BF16":
      return new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer);
    default:
      throw wrongDtype(stored, source, "F32, F16, BF16 or F64");
  }
}

/**
 * The values of an integer tensor (I8 to I64, U8 to U64) as a fresh Int32Array.
 *
 * @throws CheckpointError for any other dtype, and for a value that does not fit in 32 bits.
 */
export function toInt32(stored: StoredTensor, source = "safetensors"): Int32Array {
  if (!/^[IU]\d/.test(stored.dtype)) throw wrongDtype(stored, source, "an integer dtype");
  const values = new DTYPES[stored.dtype as "I32"].array(aligned(stored));
  return Int32Array.from(values, (value) => {
    const number = Number(value);
    if (number === (number | 0)) return number;
    throw new CheckpointError(source, `tensor ${quote(stored.name)} holds ${value}, which does not fit in 32 bits`);
  });
}

/**
 * The values of a BOOL tensor as a fresh Uint8Array of 0 and 1.
 *
 * @throws CheckpointError for any other dtype.
 */
export function toBool(stored: StoredTensor, source = "safetensors"): Uint8Array {
  if (stored.dtype !== "BOOL") throw wrongDtype(stored, source, "BOOL");
  return Uint8Array.from(stored.bytes, (byte) => (byte === 0 ? 0 : 1));
}

/**
 * Writes a safetensors file. The same tensors give the same bytes in any order: the wider dtypes come first, then by
 * name, as in the reference implementation; the header is padded with spaces so that the data starts at a multiple of 8.
 *
 * @throws CheckpointError for a name twice or `__metadata__`, and for data that do not fit the dtype or shape.
 */
export function writeSafetensors(
  tensors: Iterable<readonly [name: string, tensor: TensorToStore]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = [...tensors].sort(
    ([a, { dtype: x }], [b, { dtype: y }]) => DTYPES[y].bits - DTYPES[x].bits || (a < b ? -1 : Number(a > b)),
  );
  const texts = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  // Built as text: a JSON.stringify of an object would move names such as "10" to the front.
  const fields = texts.length === 0 ? [] : [`"__metadata__":${JSON.stringify(Object.fromEntries(texts))}`];
  const names = new Set(["__metadata__"]);
  let size = 0;
  for (const [name, tensor] of sorted) {
    if (names.has(name)) throw new CheckpointError("writeSafetensors", `the name ${quote(name)} is taken`);
    names.add(name);
    checkTensorToStore(name, tensor);
    const { dtype, shape, data } = tensor;
    const info = { dtype, shape, data_offsets: [size, size + data.byteLength] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(info)}`);
    size += data.byteLength;
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const headerLength = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerLength + size);
  new DataView(file.buffer).setUint32(0, headerLength, true);
  file.fill(0x20, 8, 8 + headerLength);
  file.set(json, 8);
  let offset = 8 + headerLength;
  for (const [, { data }] of sorted) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return file;
}

function checkTensorToStore(name: string, { dtype, shape, data }: TensorToStore): void {
  const fail = (problem: string) => new CheckpointError("writeSafetensors", `tensor ${quote(name)} ${problem}`);
  if (!isStoredDtype(dtype)) throw fail(`has the dtype ${quote(dtype)}, which the format does not have`);
  if (!shape.every(isSize)) throw fail(`has the shape ${quote(shape)}, not a list of non-negative integers`);
  const { array } = DTYPES[dtype];
  if (!(data instanceof Uint8Array || (array && data instanceof array))) {
    throw fail(`of dtype ${dtype} takes ${array?.name ?? "Uint8Array"} data, not ${data?.constructor?.name}`);
  }
  const needed = storedByteLength(dtype, shape);
  if (needed !== data.byteLength) {
    throw fail(`needs ${needed} bytes for ${dtype} [${shape.join(", ")}], its data has ${data.byteLength}`);
  }
}

/** A copy of the bytes: typed arrays must start at a multiple of their element size, tensors in a file need not. */
function aligned(stored: StoredTensor): ArrayBuffer {
  return new Uint8Array(stored.bytes).buffer;
}

function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function wrongDtype({ name, dtype }: StoredTensor, source: string, wanted: string): CheckpointError {
  return new CheckpointError(source, `tensor ${quote(name)} is ${dtype}, not ${wanted}`);
}

function parseJson(headerBytes: Uint8Array, source: string): Record<string, unknown> {
  if (headerBytes[0] !== 0x7b) throw new CheckpointError(source, 'the header does not start with "{"');
  let json: unknown;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(headerBytes);
    json = JSON.parse(text);
  } catch (error) {
    throw new CheckpointError(source, `the header is not JSON in UTF-8 (${(error as Error).message})`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new CheckpointError(source, `the header has the key ${quote(twice)} twice`);
  return json as Record<string, unknown>;
}

/** A key that occurs twice in the header or in one of its entries; `JSON.parse` would silently keep the last. */
function duplicateKey(json: string): string | undefined {
  const seen: Set<string>[] = [];
  let depth = -1;
  let lastString = "";
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (char === '"') {
      const start = i;
      while (json[++i] !== '"') if (json[i] === "\\") i++;
      lastString = json.slice(start, i + 1);
    } else if (char === "{") {
      if (++depth < 2) seen[depth] = new Set();
    } else if (char === "}") depth--;
    else if (char === ":" && depth < 2) {
      const key: string = JSON.parse(lastString);
      if (seen[depth]!.has(key)) return key;
      seen[depth]!.add(key);
    }
  }
  return undefined;
}

function checkMetadata(value: unknown, source: string): Record<string, string> {
  if (!isObject(value)) throw new CheckpointError(source, "__metadata__ is not an object");
  for (const [key, entry] of Object.entries(value)) {
    if (typeof entry !== "string") throw new CheckpointError(source, `__metadata__ ${quote(key)} is not a string`);
  }
  return value as Record<string, string>;
}

function parseEntry(name: string, info: unknown, dataStart: number, source: string): StoredEntry {
  const fail = (problem: string, parts = {}) => new CheckpointError(source, `tensor ${quote(name)} ${problem}`, parts);
  if (!isObject(info)) throw fail("is not described by an object");
  const { dtype, shape, data_offsets: offsets } = info;
  if (!isStoredDtype(dtype)) {
    const near = nearest(quote(dtype).slice(0, 40), Object.keys(DTYPES));
    throw fail(`has the dtype ${quote(dtype)}, which the format does not have`, { hint: `Nearest: "${near}".` });
  }
  if (!Array.isArray(shape) || !shape.every(isSize)) {
    throw fail(`has the shape ${quote(shape)}, not a list of non-negative integers`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw fail(`has the data_offsets ${quote(offsets)}, not two non-negative integers`);
  }
  const [begin, end] = offsets as [number, number];
  if (begin > end) throw fail(`begins at ${begin}, after its end at ${end}`);
  const length = storedByteLength(dtype, shape);
  if (length === undefined) throw fail(`is too large for its size to be a number, or not a whole number of bytes`);
  if (length !== end - begin) {
    throw fail("has offsets that do not fit its shape", {
      details: { dtype, shape, needed: `${length} bytes`, offsets: `[${begin}, ${end}] = ${end - begin} bytes` },
    });
  }
  return { name, dtype, shape, begin: dataStart + begin, end: dataStart + end };
}

/** Refuses overlaps and holes (both could hide a second reading of the same file) and truncated files. */
function checkCoverage(entries: readonly StoredEntry[], dataStart: number, fileSize: number, source: string): void {
  let end = dataStart;
  let previous: string | undefined;
  for (const entry of entries) {
    const name = quote(entry.name);
    if (entry.end > fileSize) {
      throw new CheckpointError(source, `tensor ${name} ends beyond the end of the file`, {
        details: { tensor: `bytes ${entry.begin} to ${entry.end}`, file: `${fileSize} bytes` },
        hint: "The file may be cut off: compare its size with the original's.",
      });
    }
    if (entry.begin < end) throw new CheckpointError(source, `tensors ${quote(previous)} and ${name} overlap`);
    if (entry.begin > end) {
      throw new CheckpointError(source, `${entry.begin - end} byte(s) before tensor ${name} belong to no tensor`);
    }
    end = entry.end;
    previous = entry.name;
  }
  if (end !== fileSize) throw new CheckpointError(source, `the last ${fileSize - end} byte(s) belong to no tensor`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** JSON form, shortened so that a hostile name cannot flood the message. */
function quote(value: unknown): string {
  // Only lists of plain values are printed: JSON.stringify overflows the stack on deep nesting.
  if (Array.isArray(value) ? value.some((item) => typeof item === "object") : isObject(value)) return "(nested)";
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
