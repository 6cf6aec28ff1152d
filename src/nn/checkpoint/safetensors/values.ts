import { type HalfDType, widenInto } from "../../../tensor/internal";
import { CheckpointError } from "../../errors";
import { DTYPES, quote, type StoredTensor } from "./format";

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
      return widened(buffer, "f16");
    case "BF16":
      return widened(buffer, "bf16");
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

/** A copy of the bytes: typed arrays must start at a multiple of their element size, tensors in a file need not. */
function aligned(stored: StoredTensor): ArrayBuffer {
  return new Uint8Array(stored.bytes).buffer;
}

function widened(buffer: ArrayBuffer, dtype: HalfDType): Float32Array {
  const bits = new Uint16Array(buffer);
  const values = new Float32Array(bits.length);
  widenInto(bits, dtype, values);
  return values;
}

function wrongDtype({ name, dtype }: StoredTensor, source: string, wanted: string): CheckpointError {
  return new CheckpointError(source, `tensor ${quote(name)} is ${dtype}, not ${wanted}`);
}
