import type { StoredTensor } from "../../nn";
import { ByteReader, ByteWriter, quote } from "./bytes";

/** NumPy's names of the dtypes that are read, without their byte order. */
const dtypes = {
  f8: "F64",
  f4: "F32",
  f2: "F16",
  i8: "I64",
  i4: "I32",
  i2: "I16",
  i1: "I8",
  u8: "U64",
  u4: "U32",
  u2: "U16",
  u1: "U8",
} as const;

/** NumPy's own limit on headers is lower still. */
const maxHeader = 65_536;
const maxAxes = 8;

/**
 * Reads a `.npy` file, versions 1 to 3: little-endian floats and integers, in C or Fortran order.
 *
 * @throws CheckpointError naming `source` and `name` for every kind of malformed file, and for other dtypes.
 */
export function readNpy(bytes: Uint8Array, name: string, source: string): StoredTensor {
  const file = new ByteReader(bytes, `${source}, ${quote(name)}`);
  if (bytes.length < 8 || String.fromCharCode(...file.take(6)) !== "\x93NUMPY") {
    throw file.error("not a .npy file: no NUMPY at its start");
  }
  const [major, minor] = [file.u8(), file.u8()];
  if (major < 1 || major > 3 || minor !== 0) throw file.error(`.npy version ${major}.${minor}, not 1.0, 2.0 or 3.0`);
  const length = major === 1 ? file.u16() : file.u32();
  if (length > maxHeader) throw file.error(`a header of ${length} bytes`);
  const header = file.text(length, "the header");
  const descr = /['"]descr['"]\s*:\s*['"]([^'"]*)['"]/.exec(header)?.[1];
  const order = /['"]fortran_order['"]\s*:\s*(True|False)/.exec(header)?.[1];
  const sizes = /['"]shape['"]\s*:\s*\(([\d\s,L]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || sizes === undefined) {
    throw file.error(`the header ${quote(header.trim())} does not give descr, fortran_order and shape`);
  }
  const [, byteOrder, code] = /^([<>|=]?)(\w\d)$/.exec(descr) ?? [];
  if (byteOrder === ">") throw file.error(`the dtype ${quote(descr)} is big-endian`);
  if (code === undefined || !Object.hasOwn(dtypes, code)) {
    throw file.error(`the dtype ${quote(descr)} is not read: floats of 2, 4 or 8 bytes and integers are`);
  }
  const shape = (sizes.match(/\d+/g) ?? []).map(Number);
  if (shape.length > maxAxes) throw file.error(`it has ${shape.length} axes`);
  const size = Number(code[1]);
  const needed = shape.reduce((product, n) => product * n, size);
  if (needed !== file.remaining || !shape.every(Number.isSafeInteger)) {
    throw file.error(`${descr} of shape [${shape.join(", ")}] takes ${needed} bytes, there are ${file.remaining}`);
  }
  const data = file.take(needed);
  const dtype = dtypes[code as keyof typeof dtypes];
  return { name, dtype, shape, bytes: order === "True" ? toRowMajor(data, shape, size) : data };
}

/** The same elements with the last axis running fastest instead of the first. */
function toRowMajor(data: Uint8Array, shape: readonly number[], size: number): Uint8Array {
  const result = new Uint8Array(data.length);
  const count = data.length / size;
  const index = new Array<number>(shape.length).fill(0);
  for (let to = 0; to < count; to++) {
    const from = index.reduceRight((sum, at, axis) => sum * shape[axis]! + at, 0);
    result.set(data.subarray(from * size, (from + 1) * size), to * size);
    for (let axis = shape.length - 1; axis >= 0 && ++index[axis]! === shape[axis]; axis--) index[axis] = 0;
  }
  return result;
}

/** A `.npy` file of version 1 in C order, whose data start at a multiple of 64, as NumPy writes it. */
export function writeNpy(data: Float32Array | Int32Array, shape: readonly number[]): Uint8Array {
  const descr = data instanceof Float32Array ? "<f4" : "<i4";
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const padded = `${text.padEnd(Math.ceil((10 + text.length + 1) / 64) * 64 - 10 - 1)}\n`;
  const file = new ByteWriter().bytes(Uint8Array.of(0x93, ...new TextEncoder().encode("NUMPY"), 1, 0));
  return file.u16(padded.length).bytes(new TextEncoder().encode(padded)).bytes(data).toBytes();
}
