/** Bits of one element, and the typed array that holds it. Dtypes without an array are readable as bytes only. */
export const DTYPES = {
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

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** JSON form, shortened so that a hostile name cannot flood the message. */
export function quote(value: unknown): string {
  // Only lists of plain values are printed: JSON.stringify overflows the stack on deep nesting.
  if (Array.isArray(value) ? value.some((item) => typeof item === "object") : isObject(value)) return "(nested)";
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
