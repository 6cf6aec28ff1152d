import { CheckpointError } from "../../errors";
import { DTYPES, isSize, isStoredDtype, quote, storedByteLength, type TensorToStore } from "./format";

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
