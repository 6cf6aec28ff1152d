import { CheckpointError } from "../../nn";

/** Reads little-endian values one after the other; what lies beyond the end is a `CheckpointError`, never a guess. */
export class ByteReader {
  private readonly view: DataView;
  offset = 0;

  constructor(
    readonly bytes: Uint8Array,
    readonly source: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  u8(): number {
    return this.view.getUint8(this.advance(1));
  }

  u16(): number {
    return this.view.getUint16(this.advance(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  /** Refuses what a number cannot hold exactly: no file has that many of anything. */
  u64(what: string): number {
    const at = this.advance(8);
    const value = this.view.getUint32(at + 4, true) * 2 ** 32 + this.view.getUint32(at, true);
    if (!Number.isSafeInteger(value)) throw this.error(`${what} is ${value}`);
    return value;
  }

  /** A view of the next bytes. Nothing is allocated, so that a hostile count costs nothing. */
  take(count: number): Uint8Array {
    const at = this.advance(count);
    return this.bytes.subarray(at, at + count);
  }

  text(count: number, what: string): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(count));
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      throw this.error(`${what} is not UTF-8`);
    }
  }

  error(problem: string): CheckpointError {
    return new CheckpointError(this.source, problem);
  }

  private advance(count: number): number {
    const at = this.offset;
    if (count > this.remaining) {
      throw new CheckpointError(this.source, "the file ends too early", {
        details: { needed: `${count} bytes at ${at}`, file: `${this.bytes.length} bytes` },
        hint: "The file may be cut off: compare its size with the original's.",
      });
    }
    this.offset += count;
    return at;
  }
}

/** Writes little-endian values one after the other. */
export class ByteWriter {
  private readonly parts: Uint8Array[] = [];
  length = 0;

  bytes(data: ArrayBufferView): this {
    this.parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    this.length += data.byteLength;
    return this;
  }

  u16(...values: number[]): this {
    return this.integers(values, 2);
  }

  u32(...values: number[]): this {
    return this.integers(values, 4);
  }

  u64(...values: number[]): this {
    return this.integers(values, 8);
  }

  /** Zeros up to the next multiple of `alignment`. */
  pad(alignment: number): this {
    return this.bytes(new Uint8Array(-this.length & (alignment - 1)));
  }

  toBytes(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }

  private integers(values: readonly number[], size: 2 | 4 | 8): this {
    const view = new DataView(new ArrayBuffer(size * values.length));
    for (const [i, value] of values.entries()) {
      if (size === 2) view.setUint16(i * size, value, true);
      else view.setUint32(i * size, value % 2 ** 32, true);
      if (size === 8) view.setUint32(i * size + 4, Math.floor(value / 2 ** 32), true);
    }
    return this.bytes(view);
  }
}

/** JSON form of a name out of a file, shortened so that a hostile one cannot flood the message. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 79)}…` : name);
}
