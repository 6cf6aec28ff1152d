/** How often and when a request is tried again. Tests shorten the pauses. */
export const retries = { most: 4, firstPause: 500, longestPause: 30_000 };

/** Answers that a later attempt may not get: too many requests, time-outs, faults of the server. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** Waits before attempt number `failures` + 1: as long as the server asks, else twice as long each time. */
export function pauseAfter(failures: number, retryAfter: string | null = null): Promise<void> {
  const asked = Number(retryAfter ?? Number.NaN) * 1000;
  const wanted = asked >= 0 ? asked : retries.firstPause * 2 ** (failures - 1);
  return new Promise((resolve) => setTimeout(resolve, Math.min(wanted, retries.longestPause)));
}

/** What went wrong with a request or its body: `fetch` hides the reason in `cause`. */
export function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string };
  return cause?.message || cause?.code || message || String(error);
}
