// Sharing one kernel among threads. The caller cuts the work into chunks and computes too; whoever is free takes the
// next chunk, so that a late or dead worker costs time, never a result. Chunks are computed alike by any thread.
import { floatsAt, integersAt } from "../../numbers";
import { perform } from "./jobs";

// One cache line each, so that threads that spin on one do not slow down the others.
/** Generation (32 bits), number of chunks (16) and next chunk (16) in one word: a claim can never mix two jobs. */
const TICKET: usize = 64;
const GENERATION: usize = 128;
const PENDING: usize = 192;
const SLEEPERS: usize = 256;
const CALLER_SLEEPS: usize = 320;
const FAILED: usize = 384;
const READY: usize = 448;
/** Workers of an older epoch leave. */
const EPOCH: usize = 512;
/** Job number, units, units per chunk; the arguments lie behind them. */
const JOB: usize = 576;

const MOST_CHUNKS: i32 = 30000;
/** Looks before going to sleep: some tens of microseconds, longer than the gap between two kernels. */
const SPINS: i32 = 20000;
const SECOND: i64 = 1_000_000_000;
/** Seconds without a finished chunk after which a worker counts as dead. */
const PATIENCE: i32 = 20;

// @ts-ignore: decorator
@inline
export function integer(i: i32): i32 {
  return load<i32>(integersAt + (i << 2));
}

// @ts-ignore: decorator
@inline
export function float(i: i32): f32 {
  return load<f32>(floatsAt + (i << 2));
}

/**
 * Runs a job over `units` in chunks of `grain`. Returns 0, or 1 when a worker failed. `mayWait`: this thread may sleep
 * (a page's main thread may not).
 */
export function run(job: i32, units: i32, grain: i32, mayWait: i32): i32 {
  if (grain >= units || atomic.load<i32>(READY) == 0) {
    perform(job, 0, units, 0);
    return 0;
  }
  const size = max(grain, (units + MOST_CHUNKS - 1) / MOST_CHUNKS);
  const chunks = (units + size - 1) / size;
  store<i32>(JOB, job);
  store<i32>(JOB + 4, units);
  store<i32>(JOB + 8, size);
  atomic.store<i32>(PENDING, chunks);
  const generation = atomic.load<i32>(GENERATION) + 1;
  atomic.store<i64>(TICKET, (<i64>generation << 32) | (<i64>chunks << 16));
  atomic.store<i32>(GENERATION, generation);
  if (atomic.load<i32>(SLEEPERS) > 0) atomic.notify(GENERATION, -1);
  drain(0);
  return finish(mayWait != 0);
}

function drain(thread: i32): void {
  while (true) {
    const ticket = atomic.add<i64>(TICKET, 1);
    const index = <i32>(ticket & 0xffff);
    if (index >= <i32>((ticket >> 16) & 0xffff)) return;
    const size = load<i32>(JOB + 8);
    const from = index * size;
    perform(load<i32>(JOB), from, min(from + size, load<i32>(JOB + 4)), thread);
    if (atomic.sub<i32>(PENDING, 1) == 1 && atomic.load<i32>(CALLER_SLEEPS)) atomic.notify(PENDING, 1);
  }
}

/** Waits for the chunks that workers have taken. */
function finish(mayWait: bool): i32 {
  let spins = 0;
  let waits = 0;
  while (true) {
    const left = atomic.load<i32>(PENDING);
    if (left == 0) return 0;
    if (atomic.load<i32>(FAILED)) return 1;
    if (++spins < SPINS || !mayWait) continue;
    atomic.store<i32>(CALLER_SLEEPS, 1);
    if (atomic.wait<i32>(PENDING, left, SECOND) == 2) waits++;
    else waits = 0;
    atomic.store<i32>(CALLER_SLEEPS, 0);
    if (waits >= PATIENCE) return 1;
  }
}

/** The life of a worker: returns when its epoch is over. */
export function work(thread: i32, epoch: i32): void {
  let seen = atomic.load<i32>(GENERATION);
  if (atomic.load<i32>(EPOCH) != epoch) return;
  atomic.add<i32>(READY, 1);
  while (true) {
    let spins = 0;
    while (atomic.load<i32>(GENERATION) == seen) {
      if (++spins < SPINS) continue;
      atomic.add<i32>(SLEEPERS, 1);
      atomic.wait<i32>(GENERATION, seen, -1);
      atomic.sub<i32>(SLEEPERS, 1);
      spins = 0;
    }
    seen = atomic.load<i32>(GENERATION);
    if (atomic.load<i32>(EPOCH) != epoch) return;
    drain(thread);
  }
}

/** Sends all workers away; later ones belong to the returned epoch. */
export function dismiss(): i32 {
  const epoch = atomic.add<i32>(EPOCH, 1) + 1;
  atomic.store<i32>(READY, 0);
  atomic.store<i32>(FAILED, 0);
  atomic.store<i32>(PENDING, 0);
  // An empty job, so that nobody claims what is left of a failed one.
  const generation = atomic.load<i32>(GENERATION) + 1;
  atomic.store<i64>(TICKET, <i64>generation << 32);
  atomic.store<i32>(GENERATION, generation);
  atomic.notify(GENERATION, -1);
  return epoch;
}

/** Says that the calling worker cannot go on: whoever waits for it is told. */
export function fail(): void {
  atomic.store<i32>(FAILED, 1);
  atomic.notify(PENDING, 1);
}

export function ready(): i32 {
  return atomic.load<i32>(READY);
}
