import { nearest } from "../../../tensor/internal";
import { CheckpointError } from "../../errors";
import {
  DTYPES,
  isObject,
  isSize,
  isStoredDtype,
  quote,
  type SafetensorsHeader,
  type StoredEntry,
  type StoredTensor,
  storedByteLength,
} from "./format";

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
  for (const [name, info] of json) {
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

/** The entries of the header. Keys are read one by one: see `entriesOf`. */
function parseJson(headerBytes: Uint8Array, source: string): [string, unknown][] {
  if (headerBytes[0] !== 0x7b) throw new CheckpointError(source, 'the header does not start with "{"');
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(headerBytes);
    JSON.parse(text);
  } catch (error) {
    throw new CheckpointError(source, `the header is not JSON in UTF-8 (${(error as Error).message})`);
  }
  return entriesOf(text, source).map(([name, value]) => {
    const isNested = value.startsWith("{");
    if (!isNested) return [name, JSON.parse(value)];
    const inner = entriesOf(value, source).map(([key, part]) => [key, JSON.parse(part)]);
    return [name, Object.fromEntries(inner)];
  });
}

/**
 * Keys and JSON texts of the values of a valid JSON object. `JSON.parse` would silently keep the last of two equal keys,
 * and the one of Node 24 confuses keys that are escaped.
 */
function entriesOf(json: string, source: string): [string, string][] {
  const found = new Map<string, string>();
  let depth = 0;
  let key = "";
  let start = 0;
  for (let i = 0; i < json.length; i++) {
    const char = json[i];
    if (char === '"') {
      const open = i;
      while (json[++i] !== '"') if (json[i] === "\\") i++;
      if (depth === 1 && start === 0) key = JSON.parse(json.slice(open, i + 1));
    } else if (char === ":" && depth === 1) start = i + 1;
    else if ((char === "," || char === "}") && depth === 1 && start > 0) {
      if (found.has(key)) throw new CheckpointError(source, `the header has the key ${quote(key)} twice`);
      found.set(key, json.slice(start, i).trim());
      start = 0;
    }
    if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") depth--;
  }
  return [...found];
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
  const absent = ["dtype", "shape", "data_offsets"].find((field) => !Object.hasOwn(info, field));
  if (absent !== undefined) throw fail(`has no ${absent}`);
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
