/**
 * Runs one task at a time. Asked again while it runs, it runs once more afterwards, for the newest state only: a drag
 * asks more often than answers come.
 */
export function latest(task: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let isAsked = false;
  const loop = async () => {
    do {
      isAsked = false;
      await task();
    } while (isAsked);
  };
  return () => {
    isAsked = true;
    running ??= loop().finally(() => {
      running = undefined;
    });
    return running;
  };
}

/** Calls once, `ms` after the last time it was asked. */
export function afterPause(task: () => void, ms: number): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(task, ms);
  };
}
