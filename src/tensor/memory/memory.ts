import { OutOfMemoryError } from "../errors";
import { canShare } from "../host";

/** The first addresses belong to the kernels' own constants. */
const heapStart = 65536;
const pageBytes = 65536;
const maximumPages = 65536;
/** The last page stays unused, so that no tensor ends where 32-bit addresses start again at 0. */
const usablePages = maximumPages - 1;
/** The most that all tensors together can take. Bytes. */
export const memoryLimit = usablePages * pageBytes - heapStart;
/** A cache line, and more than any SIMD load needs. */
const alignment = 64;
/** Who asks for this much at once holds weights rather than the results of a loop. */
const large = 2 ** 28;

/** All tensor data lies in one WASM memory, so that kernels work on it without a copy. */
export const memory = new WebAssembly.Memory({ initial: 256, maximum: maximumPages, shared: canShare });

let numbers = new DataView(memory.buffer);

/** Writes one float at an address. */
export function writeNumber(ptr: number, value: number, isDouble: boolean): void {
  if (numbers.buffer !== memory.buffer) numbers = new DataView(memory.buffer);
  if (isDouble) numbers.setFloat64(ptr, value, true);
  else numbers.setFloat32(ptr, value, true);
}

/** Free blocks in address order, neighbours merged. Few at any time: steps take memory in large blocks. */
const freeBlocks: { ptr: number; bytes: number }[] = [{ ptr: heapStart, bytes: memory.buffer.byteLength - heapStart }];
let bytesInUse = 0;

/** The next multiple, by default of a cache line. */
export function roundUp(bytes: number, multiple = alignment): number {
  return Math.ceil(bytes / multiple) * multiple;
}

/**
 * Takes a block of at least `bytes`; its contents are undefined.
 * @throws `OutOfMemoryError` beyond 4 GiB.
 */
export function allocate(bytes: number): number {
  const size = Math.max(roundUp(bytes), alignment);
  let at = freeBlocks.findIndex((block) => block.bytes >= size);
  if (at < 0) {
    grow(size);
    at = freeBlocks.findIndex((block) => block.bytes >= size);
  }
  const block = freeBlocks[at]!;
  const { ptr } = block;
  if (block.bytes === size) freeBlocks.splice(at, 1);
  else freeBlocks[at] = { ptr: ptr + size, bytes: block.bytes - size };
  bytesInUse += size;
  return ptr;
}

/** Gives back a block taken with the same `bytes`. */
export function release(ptr: number, bytes: number): void {
  const size = Math.max(roundUp(bytes), alignment);
  bytesInUse -= size;
  addFree(ptr, size);
}

/** Bytes taken and not given back, and the size of the memory. */
export function memoryUse(): { inUse: number; reserved: number } {
  return { inUse: bytesInUse, reserved: memory.buffer.byteLength };
}

function addFree(ptr: number, bytes: number): void {
  let low = 0;
  let high = freeBlocks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (freeBlocks[middle]!.ptr < ptr) low = middle + 1;
    else high = middle;
  }
  const merged = { ptr, bytes };
  let removed = 0;
  const next = freeBlocks[low];
  if (next && ptr + bytes === next.ptr) {
    merged.bytes += next.bytes;
    removed = 1;
  }
  const previous = freeBlocks[low - 1];
  if (previous && previous.ptr + previous.bytes === ptr) {
    merged.ptr = previous.ptr;
    merged.bytes += previous.bytes;
    low--;
    removed++;
  }
  freeBlocks.splice(low, removed, merged);
}

function grow(size: number): void {
  const before = memory.buffer.byteLength;
  // What is free at the end grows with the memory.
  const last = freeBlocks.at(-1);
  const missing = size - (last !== undefined && last.ptr + last.bytes === before ? last.bytes : 0);
  // Growing by a quarter keeps the number of growths small; each one detaches all views. Pages that nobody writes to
  // take no memory of the machine.
  const wanted = Math.max(missing, before / 4);
  for (const bytes of [wanted, missing]) {
    const pages = Math.ceil(bytes / pageBytes);
    if (before / pageBytes + pages > usablePages) continue;
    try {
      memory.grow(pages);
      addFree(before, pages * pageBytes);
      return;
    } catch {
      // The host refused this size: try the smaller one.
    }
  }
  const limit = usablePages * pageBytes;
  const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  throw new OutOfMemoryError("memory", `no room for ${mib(size)} more`, {
    details: { "in use": mib(bytesInUse), limit: mib(limit) },
    hint: wayOut(size, limit),
  });
}

function wayOut(size: number, limit: number): string {
  if (size > limit - heapStart) return "No tensor can be larger than this limit: compute it in parts.";
  if (size >= large) return 'Frozen weights take half the memory in 16 bits: { dtype: "bf16" } or { dtype: "f16" }.';
  return "In a loop, wrap the loop body in step(() => …): all that it computes is released when it ends.";
}
