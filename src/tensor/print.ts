import { decode } from "./half";
import type { Layout } from "./layout";
import type { Storage } from "./memory/lifetime";

/** Entries shown at each end of a long axis. */
const edge = 3;

/** `tensor([[1, 2], [3, 4]], f32)`: aligned columns, long axes shortened in the middle as NumPy does. */
export function format(storage: Storage, layout: Layout): string {
  const { dtype } = storage;
  const { shape, strides, offset, size } = layout;
  if (!storage.isAlive) return `tensor(released, shape [${shape.join(", ")}], ${dtype})`;
  const shorten = size > 1000;
  const values: string[] = [];
  const data = storage.data();
  const visible = (n: number) =>
    shorten && n > 2 * edge
      ? [...Array(edge).keys(), -1, ...Array.from({ length: edge }, (_, i) => n - edge + i)]
      : [...Array(n).keys()];
  const collect = (axis: number, at: number): void => {
    if (axis === shape.length) {
      values.push(formatNumber(decode(data[at]!, dtype), dtype));
      return;
    }
    for (const i of visible(shape[axis]!)) if (i >= 0) collect(axis + 1, at + i * strides[axis]!);
  };
  collect(0, offset);
  const width = Math.max(0, ...values.map((text) => text.length));
  let next = 0;
  const build = (axis: number, indent: number): string => {
    if (axis === shape.length) return values[next++]!.padStart(shape.length === 0 ? 0 : width);
    const parts = visible(shape[axis]!).map((i) => (i < 0 ? "…" : build(axis + 1, indent + 1)));
    const last = axis === shape.length - 1;
    return `[${parts.join(last ? ", " : `,${"\n".repeat(shape.length - 1 - axis)}${" ".repeat(indent + 1)}`)}]`;
  };
  const empty = size === 0 ? `, shape [${shape.join(", ")}]` : "";
  return `tensor(${size === 0 ? "[]" : build(0, 7)}${empty}, ${dtype})`;
}

function formatNumber(value: number, dtype: string): string {
  if (dtype === "bool") return value ? "true" : "false";
  if (dtype === "i32" || !Number.isFinite(value)) return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return Object.is(value, -0) ? "-0" : String(value);
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4 ? value.toExponential(3) : value.toFixed(4);
}
