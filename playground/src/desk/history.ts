/** A value with what came before it, and what was undone. */
export interface History<T> {
  readonly past: readonly T[];
  readonly present: T;
  readonly future: readonly T[];
  /** Names the movement that made the present: the steps of one movement are undone together. */
  readonly movement?: string | undefined;
}

const longest = 200;

export function historyOf<T>(present: T): History<T> {
  return { past: [], present, future: [] };
}

/** Steps with the same `movement`, one after the other, count as one. */
export function record<T>(history: History<T>, present: T, movement?: string): History<T> {
  if (present === history.present) return history;
  if (movement !== undefined && movement === history.movement) return { ...history, present, future: [] };
  return { past: [...history.past, history.present].slice(-longest), present, future: [], movement };
}

/** The movement is over: the next step with its name is one of its own. */
export function settle<T>(history: History<T>): History<T> {
  return history.movement === undefined ? history : { ...history, movement: undefined };
}

export function undo<T>({ past, present, future }: History<T>): History<T> {
  if (past.length === 0) return { past, present, future };
  return { past: past.slice(0, -1), present: past.at(-1)!, future: [present, ...future] };
}

export function redo<T>({ past, present, future }: History<T>): History<T> {
  const [next, ...rest] = future;
  if (next === undefined) return { past, present, future };
  return { past: [...past, present], present: next, future: rest };
}
