import { type DType, isFloat, itemSize, type TypedArrays, typedArray } from "../dtype";
import { ArgumentError, LifetimeError } from "../errors";
import { allocate, memory, release } from "./memory";
import { addSpare, clearSpares, regionMark, resetRegion, takeFromRegion } from "./region";

// How this file, the region and the backward pass work together: docs/decisions/0014-step-memory.md.

/** A `step`. All that is computed while it is the running one lies in the region above its mark and dies with it. */
interface Scope {
  closed: boolean;
}

/** The innermost running step. */
let scope: Scope | undefined;
/** Functions that are being differentiated. Their intermediate results are needed: steps inside them free nothing. */
let holdDepth = 0;
/** While a `recycle` runs: the storages made since the last `freeUnused`, the first `newCount` entries. */
let newStorages: (Storage | undefined)[] | undefined;
let newCount = 0;

/** The memory of one or more tensors (views share it). */
export class Storage<D extends DType = DType> {
  /** The step that it dies with; `undefined`: lives until garbage collection. */
  scope: Scope | undefined;
  /** The byte address, unchecked: for code that knows that the storage is alive. */
  readonly ptr: number;
  /** While `recycle` runs: how many pending gradients lie here. */
  pending = 0;
  /** While `recycle` runs: nothing but pending gradients needs it, so that it serves again once `pending` is 0. */
  isReusable = false;
  private view: TypedArrays[D] | undefined;

  /** Room for `length` elements, in the running step or, outside any, until garbage collection. */
  constructor(
    readonly dtype: D,
    readonly length: number,
  ) {
    this.scope = scope;
    this.view = undefined;
    const bytes = length * itemSize[dtype];
    if (scope === undefined) {
      this.ptr = allocate(bytes);
      collected.register(this, { ptr: this.ptr, bytes }, this);
    } else {
      this.ptr = takeFromRegion(bytes);
      if (newStorages !== undefined) {
        this.isReusable = true;
        newStorages[newCount++] = this;
      }
    }
  }

  /**
   * The elements, valid until memory grows: fetch anew, never keep.
   * @throws `LifetimeError` after the step's end.
   */
  data(): TypedArrays[D] {
    if (this.scope?.closed) throw usedAfterStep();
    if (this.view?.buffer !== memory.buffer) this.view = typedArray(this.dtype, this.length, memory.buffer, this.ptr);
    return this.view as TypedArrays[D];
  }

  /**
   * The byte address, for WASM kernels.
   * @throws `LifetimeError` after the step's end.
   */
  address(): number {
    if (this.scope?.closed) throw usedAfterStep();
    return this.ptr;
  }

  /** False after the end of its step. */
  get isAlive(): boolean {
    return !this.scope?.closed;
  }
}

const collected = new FinalizationRegistry<{ ptr: number; bytes: number }>(({ ptr, bytes }) => release(ptr, bytes));

/** Gives memory made outside any step back at once, not at garbage collection; its tensors must not be used again. */
export function releaseNow(storage: Storage): void {
  if (storage.scope !== undefined) return;
  storage.scope = { closed: true };
  collected.unregister(storage);
  release(storage.ptr, storage.length * itemSize[storage.dtype]);
}

/**
 * Runs `body` in a scope of its own and gives its result to `save` before the scope ends, to set aside what must
 * outlive it; the function that `save` returns is called after that, in the memory that the scope left. `isOutermost`:
 * no scope is around it.
 */
export function runScope<T>(body: () => T, save: (result: T, isOutermost: boolean) => () => T): T {
  if (holdDepth > 0) return body();
  const outer = scope;
  const mark = regionMark();
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
    restore = save(result, outer === undefined);
  } finally {
    own.closed = true;
    scope = outer;
    resetRegion(mark);
  }
  return restore();
}

/** Runs `body` while steps inside it free nothing. */
export function holdSteps<T>(body: () => T): T {
  holdDepth++;
  try {
    return body();
  } finally {
    holdDepth--;
  }
}

/** True inside a function that is being differentiated. */
export function stepsAreHeld(): boolean {
  return holdDepth > 0;
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

/** For tests: `isOn` false computes in fresh memory throughout; `poison` fills what is recycled with NaN. */
export const recycling = { isOn: true, poison: false };

/**
 * Runs `body`, in which memory of the running step serves again before the step ends: all that is made in it, and what
 * it marks as reusable, as soon as no pending gradient lies there. `body` counts those with `addPending` and
 * `removePending`, and must hold no other tensor made in it across a `freeUnused`.
 */
export function recycle<T>(body: () => T): T {
  if (!recycling.isOn || scope === undefined) return body();
  newStorages = [];
  newCount = 0;
  try {
    return body();
  } finally {
    newStorages = undefined;
    clearSpares();
  }
}

/** Counts one more pending gradient that lies in a storage. */
export function addPending(storage: Storage): void {
  storage.pending++;
}

/** Counts one less, and frees the storage after the last where nothing else needs it. */
export function removePending(storage: Storage): void {
  storage.pending--;
  freeIfUnused(storage);
}

/** Says that nothing but pending gradients needs a storage of the running step any more. */
export function markReusable(storage: Storage): void {
  if (newStorages === undefined || !belongsToStep(storage)) return;
  storage.isReusable = true;
  freeIfUnused(storage);
}

/** Frees what was made since the last call and holds no pending gradient. */
export function freeUnused(): void {
  if (newStorages === undefined) return;
  for (let i = 0; i < newCount; i++) {
    freeIfUnused(newStorages[i]!);
    newStorages[i] = undefined;
  }
  newCount = 0;
}

function freeIfUnused(storage: Storage): void {
  if (storage.pending > 0 || !storage.isReusable) return;
  // Freed once only: two owners of one piece would overwrite each other.
  storage.isReusable = false;
  if (recycling.poison) storage.data().fill(isFloat(storage.dtype) ? Number.NaN : 77);
  addSpare(storage.ptr, storage.length * itemSize[storage.dtype]);
}

function usedAfterStep(): LifetimeError {
  return new LifetimeError("tensor", "used after the step that computed it has ended", {
    hint: "Return it from the step (or from the differentiated function), or assign it to a parameter: both copy.",
  });
}
