import { type DType, itemSize, type TypedArrays, typedArray } from "./dtype";
import { ArgumentError, LifetimeError } from "./errors";
import { allocate, memory, release, roundUp } from "./memory";

/** A running `step`. All that it computes lies in step memory above `mark` and dies with it. */
interface Scope {
  closed: boolean;
}

/** Blocks of step memory, kept from step to step, so that a repeated step takes no new memory. */
const blocks: { ptr: number; bytes: number }[] = [];
const smallestBlock = 2 ** 20;
let currentBlock = 0;
let usedInBlock = 0;
let scope: Scope | undefined;
/** While a function is being differentiated its intermediate results are needed: steps inside it free nothing. */
let holds = 0;

/** The memory of one or more tensors (views share it). */
export class Storage<D extends DType = DType> {
  readonly scope: Scope | undefined;
  readonly ptr: number;
  private view: TypedArrays[D] | undefined;

  /** Room for `length` elements, in the running step or, outside any, until garbage collection. */
  constructor(
    readonly dtype: D,
    readonly length: number,
  ) {
    const bytes = length * itemSize[dtype];
    this.scope = scope;
    if (scope === undefined) {
      this.ptr = allocate(bytes);
      collected.register(this, { ptr: this.ptr, bytes });
    } else {
      this.ptr = allocateInStep(bytes);
    }
  }

  /** The elements, valid until memory grows: fetch anew, never keep. Throws `LifetimeError` after the step's end. */
  data(): TypedArrays[D] {
    if (this.scope?.closed) throw usedAfterStep();
    if (this.view?.buffer !== memory.buffer) this.view = typedArray(this.dtype, this.length, memory.buffer, this.ptr);
    return this.view as TypedArrays[D];
  }

  /** The byte address, for WASM kernels. Throws `LifetimeError` after the step's end. */
  address(): number {
    if (this.scope?.closed) throw usedAfterStep();
    return this.ptr;
  }

  get isAlive(): boolean {
    return !this.scope?.closed;
  }
}

const collected = new FinalizationRegistry<{ ptr: number; bytes: number }>(({ ptr, bytes }) => release(ptr, bytes));

function allocateInStep(bytes: number): number {
  const size = roundUp(bytes);
  while (currentBlock < blocks.length && usedInBlock + size > blocks[currentBlock]!.bytes) {
    currentBlock++;
    usedInBlock = 0;
  }
  if (currentBlock === blocks.length) {
    const reserved = blocks.reduce((sum, block) => sum + block.bytes, 0);
    // Doubling keeps the number of blocks small, the cap keeps the unused part small.
    const blockBytes = Math.max(size, smallestBlock, Math.min(reserved, 2 ** 26));
    blocks.push({ ptr: allocate(blockBytes), bytes: blockBytes });
    usedInBlock = 0;
  }
  const ptr = blocks[currentBlock]!.ptr + usedInBlock;
  usedInBlock += size;
  return ptr;
}

/**
 * Runs `body` in a scope of its own and then calls `survive` on its result, outside that scope, to copy what must
 * outlive it; `copyOut` gives the raw bytes a place that the scope's end does not touch.
 */
export function runScope<T>(body: () => T, save: (result: T) => () => T): T {
  if (holds > 0) return body();
  const outer = scope;
  const block = currentBlock;
  const used = usedInBlock;
  const own: Scope = { closed: false };
  scope = own;
  let restore: (() => T) | undefined;
  try {
    const result = body();
    if (result instanceof Promise) {
      throw new ArgumentError("step", "the function returned a promise", {
        hint: "A step is synchronous: await outside of it.",
      });
    }
    restore = save(result);
  } finally {
    own.closed = true;
    scope = outer;
    currentBlock = block;
    usedInBlock = used;
  }
  return restore();
}

/** Runs `body` while steps inside it free nothing. */
export function holdSteps<T>(body: () => T): T {
  holds++;
  try {
    return body();
  } finally {
    holds--;
  }
}

/** True inside a function that is being differentiated. */
export function stepsAreHeld(): boolean {
  return holds > 0;
}

/** True when `storage` dies with the running step. */
export function belongsToStep(storage: Storage): boolean {
  return storage.scope !== undefined && storage.scope === scope;
}

/** Runs `body` as if outside any step, so that what it creates is kept until garbage collection. */
export function outsideStep<T>(body: () => T): T {
  const saved = scope;
  scope = undefined;
  try {
    return body();
  } finally {
    scope = saved;
  }
}

function usedAfterStep(): LifetimeError {
  return new LifetimeError("tensor", "used after the step that computed it has ended", {
    hint: "Return it from the step (or from the differentiated function), or assign it to a parameter: both copy.",
  });
}
