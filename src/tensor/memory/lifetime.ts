import { type DType, isFloat, itemSize, type TypedArrays, typedArray } from "../dtype";
import { ArgumentError, LifetimeError } from "../errors";
import { allocate, memory, release } from "./memory";
import { addSpare, dropSpare, regionMark, resetRegion, takeFromRegion } from "./region";

/** A running `step`. All that it computes lies in the region above its mark and dies with it. */
interface Scope {
  closed: boolean;
}

let scope: Scope | undefined;
/** While a function is being differentiated its intermediate results are needed: steps inside it free nothing. */
let holds = 0;
/** While a `recycle` runs: the storages made since the last sweep. */
let made: (Storage | undefined)[] | undefined;
let madeCount = 0;

/** The memory of one or more tensors (views share it). */
export class Storage<D extends DType = DType> {
  scope: Scope | undefined;
  readonly ptr: number;
  /** Pending gradients that lie here, while `recycle` runs. */
  uses = 0;
  /** While `recycle` runs: only pending gradients need it, so that it is free for others when `uses` is 0. */
  isSpare = false;
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
      if (made !== undefined) {
        this.isSpare = true;
        made[madeCount++] = this;
      }
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
  if (holds > 0) return body();
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

/** For tests: `isOn` false computes in fresh memory throughout; `poison` fills what is recycled with NaN. */
export const recycling = { isOn: true, poison: false };

/**
 * Runs `body`, which counts the uses of storages with `retain` and `letGo`, so that those made in it (and those it
 * retires) serve again in the same step as soon as they are free. `body` must hold no other reference across a `sweep`.
 */
export function recycle<T>(body: () => T): T {
  if (!recycling.isOn || scope === undefined) return body();
  made = [];
  madeCount = 0;
  try {
    return body();
  } finally {
    made = undefined;
    dropSpare();
  }
}

export function retain(storage: Storage): void {
  storage.uses++;
}

export function letGo(storage: Storage): void {
  storage.uses--;
  if (storage.uses === 0 && storage.isSpare) free(storage);
}

/** Says that nothing but pending gradients needs a storage of the running step any more. */
export function retire(storage: Storage): void {
  if (made === undefined || !belongsToStep(storage)) return;
  storage.isSpare = true;
  if (storage.uses === 0) free(storage);
}

/** Frees what was made since the last sweep and is not in use. */
export function sweep(): void {
  if (made === undefined) return;
  for (let i = 0; i < madeCount; i++) {
    const storage = made[i]!;
    if (storage.uses === 0 && storage.isSpare) free(storage);
    made[i] = undefined;
  }
  madeCount = 0;
}

function free(storage: Storage): void {
  storage.isSpare = false;
  if (recycling.poison) storage.data().fill(isFloat(storage.dtype) ? Number.NaN : 77);
  addSpare(storage.ptr, storage.length * itemSize[storage.dtype]);
}

function usedAfterStep(): LifetimeError {
  return new LifetimeError("tensor", "used after the step that computed it has ended", {
    hint: "Return it from the step (or from the differentiated function), or assign it to a parameter: both copy.",
  });
}
