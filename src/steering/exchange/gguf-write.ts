import { ByteWriter } from "./bytes";

/** How tensor data are aligned when a file does not say otherwise. */
export const defaultAlignment = 32;

/** The numbers by which GGUF names the types of metadata. */
export const valueTypes = { u32: 4, i32: 5, string: 8, array: 9 } as const;

/**
 * A GGUF control vector as llama.cpp reads it: version 3, little-endian, tensors `direction.<block>`, one-dimensional
 * F32. `directions`: `[d_model]` values by block, from 1 on. `hint`: the architecture that they were made for.
 */
export function writeControlVector(directions: ReadonlyMap<number, Float32Array>, hint: string): Uint8Array {
  const file = new ByteWriter();
  const text = (value: string) => {
    const bytes = new TextEncoder().encode(value);
    file.u64(bytes.length).bytes(bytes);
  };
  const key = (name: string, type: number) => {
    text(name);
    file.u32(type);
  };
  const sorted = [...directions].sort(([a], [b]) => a - b);
  file.bytes(new TextEncoder().encode("GGUF")).u32(3).u64(sorted.length, 3);
  key("general.architecture", valueTypes.string);
  text("controlvector");
  key("controlvector.model_hint", valueTypes.string);
  text(hint);
  key("controlvector.layer_count", valueTypes.i32);
  file.u32(sorted.length);
  let offset = 0;
  for (const [block, values] of sorted) {
    text(`direction.${block}`);
    file.u32(1).u64(values.length).u32(0).u64(offset);
    offset += values.byteLength + (-values.byteLength & (defaultAlignment - 1));
  }
  file.pad(defaultAlignment);
  // llama.cpp reads the padding after the last tensor too.
  for (const [, values] of sorted) file.bytes(values).pad(defaultAlignment);
  return file.toBytes();
}
