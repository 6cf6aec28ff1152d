import { allocate, memory, release } from "../../memory/memory";
import { floatsAt, integersAt, type Job } from "../numbers";
import { exports } from "./module";
import { ensureWorkers, threadCount, workerFailed } from "./threads";

let integers = new Int32Array(memory.buffer, integersAt, 16);
let floats = new Float32Array(memory.buffer, floatsAt, 8);

/** From where on work is shared. Tests lower it. */
export const tuning = {
  /** Work, in units of one float read and written, that a chunk must have: below, handing it over costs more. */
  smallestChunk: 12_000,
  /** Multiply-adds below which a product stays with one thread. */
  smallProduct: 150_000,
};
/** Chunks for each thread: more balance better, fewer cost less. */
const chunksPerThread = 4;

/** A page's main thread may not sleep. */
const mayWait = typeof document === "undefined" ? 1 : 0;

/** Float arguments of the next launch. */
export function setFloats(a: number, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0): void {
  refresh();
  floats[0] = a;
  floats[1] = b;
  floats[2] = c;
  floats[3] = d;
  floats[4] = e;
  floats[5] = f;
  floats[6] = g;
}

/**
 * Runs a job over `units`; `work`: what one unit costs, see `tuning`. The integer arguments are listed one by
 * one, so that a call makes no garbage.
 */
export function launch(
  job: Job,
  units: number,
  work: number,
  a = 0,
  b = 0,
  c = 0,
  d = 0,
  e = 0,
  f = 0,
  g = 0,
  h = 0,
): void {
  refresh();
  integers[0] = a;
  integers[1] = b;
  integers[2] = c;
  integers[3] = d;
  integers[4] = e;
  integers[5] = f;
  integers[6] = g;
  integers[7] = h;
  runJob(job, units, grain(units, work));
}

/** Runs a job with up to 16 arguments over `units` in chunks of `size`. */
export function launchParts(job: Job, units: number, size: number, values: readonly number[]): void {
  refresh();
  for (let i = 0; i < values.length; i++) integers[i] = values[i]!;
  runJob(job, units, size);
}

function runJob(job: Job, units: number, size: number): void {
  if (size < units) ensureWorkers();
  if (exports.run(job, units, size, mayWait) !== 0) workerFailed();
}

/** Units per chunk. */
export function grain(units: number, work: number): number {
  const threads = threadCount();
  if (threads === 1 || units * work < 2 * tuning.smallestChunk) return Math.max(units, 1);
  return Math.max(1, Math.ceil(tuning.smallestChunk / work), Math.ceil(units / (threads * chunksPerThread)));
}

function refresh(): void {
  // Growing detaches unshared memory; shared memory stays where it is.
  if (integers.length > 0) return;
  integers = new Int32Array(memory.buffer, integersAt, 16);
  floats = new Float32Array(memory.buffer, floatsAt, 8);
}

/** Axes that a kernel can walk, and the most operands of one. */
const maximumMeta = 32 * 4;

const metaAt = allocate(4 * maximumMeta);
let meta = new Int32Array(memory.buffer, metaAt, maximumMeta);

/** Writes shapes and strides where the next call reads them. */
export function writeMeta(values: readonly number[]): number {
  if (meta.length === 0) meta = new Int32Array(memory.buffer, metaAt, maximumMeta);
  for (let i = 0; i < values.length; i++) meta[i] = values[i]!;
  return metaAt;
}

/** Memory for each thread to work in, kept at the largest size asked for. */
class Scratch {
  private ptr = 0;
  private bytes = 0;

  /** Room for `bytesPerThread` for every thread, one after the other. */
  reserve(bytesPerThread: number): number {
    const bytes = bytesPerThread * threadCount();
    if (bytes > this.bytes) {
      const ptr = allocate(bytes);
      if (this.bytes > 0) release(this.ptr, this.bytes);
      this.ptr = ptr;
      this.bytes = bytes;
    }
    return this.ptr;
  }
}

const scratch = new Scratch();
const metas = new Scratch();

/** Scratch memory for each thread, valid until the next call. */
export const scratchFor = (bytesPerThread: number): number => scratch.reserve(bytesPerThread);
/** Room for each thread's own copy of the shapes and strides. */
export const ownMetas = (): number => metas.reserve(4 * maximumMeta);
