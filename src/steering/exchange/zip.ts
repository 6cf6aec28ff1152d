import { Inflate, zipSync } from "fflate";
import { ArgumentError } from "../../autograd";
import { CheckpointError } from "../../nn";
import { ByteReader, quote } from "./bytes";

/** The records of a zip archive, by their first four bytes. */
const records = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 };
const endBytes = 22;
const methods = { stored: 0, deflated: 8 };
/** The most that an archive may unpack to. Bytes. */
const mostUnpacked = 2 ** 30;
/** Compressed bytes that are inflated at a time: they become at most 1032 times as many. */
const pieceBytes = 2 ** 12;

/** One file of an archive: `data` as they are stored, a view. */
export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  /** Bytes of the contents. */
  readonly size: number;
  readonly crc: number;
  readonly data: Uint8Array;
}

/**
 * Lists a zip archive by its central directory (NumPy leaves the sizes in the local headers open). Inflates nothing.
 *
 * @throws CheckpointError naming `source` for every kind of malformed archive, and for zip64, encryption, several disks,
 * names there twice, contents that overlap, and more than 1 GiB of contents.
 */
export function readZip(bytes: Uint8Array, source: string): ZipEntry[] {
  const end = findEnd(bytes, source);
  end.take(4);
  const [disk, firstDisk, here, count] = [end.u16(), end.u16(), end.u16(), end.u16()];
  const [length, start] = [end.u32(), end.u32()];
  if (count === 0xffff || length === 0xffffffff || start === 0xffffffff) throw zip64(source);
  if (disk !== 0 || firstDisk !== 0 || here !== count) throw end.error("a zip archive in several parts");
  if (start + length > bytes.length)
    throw end.error("the directory of the zip archive ends beyond the end of the file");
  const directory = new ByteReader(bytes.subarray(start, start + length), source);
  const entries = new Map<string, ZipEntry>();
  let unpacked = 0;
  for (let i = 0; i < count; i++) {
    const entry = readEntry(directory, bytes);
    if (entries.has(entry.name)) throw directory.error(`${quote(entry.name)} is there twice`);
    entries.set(entry.name, entry);
    unpacked += entry.size;
  }
  if (unpacked > mostUnpacked) {
    throw directory.error(`the zip archive unpacks to ${unpacked} bytes, more than the limit of ${mostUnpacked}`);
  }
  // Overlapping contents are how a small archive pretends to hold much.
  let covered = 0;
  for (const { name, data } of [...entries.values()].sort((a, b) => a.data.byteOffset - b.data.byteOffset)) {
    if (data.byteOffset < covered) {
      throw directory.error(`the contents of ${quote(name)} overlap those of another file`);
    }
    covered = data.byteOffset + data.length;
  }
  return [...entries.values()];
}

/** The last record, which a comment may follow. */
function findEnd(bytes: Uint8Array, source: string): ByteReader {
  const file = new ByteReader(bytes, source);
  const last = bytes.length - endBytes;
  for (let at = last; at >= Math.max(0, last - 0xffff); at--) {
    file.offset = at;
    if (file.u32() !== records.end) continue;
    file.offset = at + 20;
    if (file.u16() !== last - at) continue;
    file.offset = at;
    return file;
  }
  throw new CheckpointError(source, "not a zip archive, or one that is cut off: it has no directory");
}

function readEntry(directory: ByteReader, bytes: Uint8Array): ZipEntry {
  const { source } = directory;
  if (directory.u32() !== records.central) throw directory.error("the directory of the zip archive is malformed");
  directory.take(4);
  const [flags, method] = [directory.u16(), directory.u16()];
  directory.take(4);
  const [crc, packed, size] = [directory.u32(), directory.u32(), directory.u32()];
  const [nameLength, extraLength, commentLength] = [directory.u16(), directory.u16(), directory.u16()];
  directory.take(8);
  const start = directory.u32();
  const name = directory.text(nameLength, "a file name in the zip archive");
  directory.take(extraLength + commentLength);
  if (packed === 0xffffffff || size === 0xffffffff || start === 0xffffffff) throw zip64(source);
  const fail = (problem: string) => directory.error(`${quote(name)} ${problem}`);
  if ((flags & 1) !== 0) throw fail("is encrypted");
  if (method !== methods.stored && method !== methods.deflated) {
    throw fail(`is compressed by method ${method}, not stored (0) or deflated (8)`);
  }
  if (method === methods.stored && packed !== size) throw fail("has two sizes");
  const local = new ByteReader(bytes, source);
  local.offset = Math.min(start, bytes.length);
  if (local.u32() !== records.local) throw fail("is not where the directory says");
  local.take(22);
  local.take(local.u16() + local.u16());
  return { name, method, size, crc, data: local.take(packed) };
}

function zip64(source: string): CheckpointError {
  return new CheckpointError(source, "a zip64 archive, which is not read", {
    hint: "Files of less than 4 GB do not need zip64.",
  });
}

/**
 * The contents of one file, checked against its size and checksum. `limit`: most bytes that make sense.
 *
 * @throws CheckpointError for contents that are malformed or larger than `limit`.
 */
export function readContents(entry: ZipEntry, limit: number, source: string): Uint8Array {
  const fail = (problem: string) => new CheckpointError(source, `${quote(entry.name)} ${problem}`);
  if (entry.size > limit) throw fail(`has ${entry.size} bytes, more than any array that fits the model (${limit})`);
  const contents = entry.method === methods.stored ? entry.data : inflated(entry, fail);
  if (crc32(contents) !== entry.crc) throw fail("does not match its checksum");
  return contents;
}

/** Stops as soon as more comes out than the directory says. */
function inflated({ data, size }: ZipEntry, fail: (problem: string) => Error): Uint8Array {
  const contents = new Uint8Array(size);
  let filled = 0;
  const inflate = new Inflate((part) => {
    if (filled + part.length > size) throw fail(`inflates to more than its ${size} bytes`);
    contents.set(part, filled);
    filled += part.length;
  });
  try {
    for (let at = 0; at === 0 || at < data.length; at += pieceBytes) {
      inflate.push(data.subarray(at, at + pieceBytes), at + pieceBytes >= data.length);
    }
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw fail(`cannot be inflated (${(error as Error).message})`);
  }
  if (filled !== size) throw fail(`inflates to ${filled} bytes, not ${size}`);
  return contents;
}

/** A zip archive whose files are stored as they are; the same files give the same bytes. */
export function writeZip(files: readonly (readonly [name: string, data: Uint8Array])[]): Uint8Array {
  const bytes = files.reduce((sum, [name, data]) => sum + data.length + 2 * name.length + 76, endBytes);
  if (files.length >= 0xffff || bytes >= 0xffffffff) {
    throw new ArgumentError("export", "too large for a zip archive without zip64: 4 GB or 65,535 arrays");
  }
  return zipSync(Object.fromEntries(files), { level: 0, mtime: new Date(1980, 0, 1) });
}

/** The checksum of zip, CRC-32 as in ISO 3309: fflate writes it, and does not check it. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 255]!;
  return (crc ^ 0xffffffff) >>> 0;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let value = n;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});
