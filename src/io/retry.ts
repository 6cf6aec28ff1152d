/** How often and when a request is tried again. Tests shorten the pauses. */
export const retries = { most: 4, firstPause: 500, longestPause: 30_000 };

/** How `patientFetch` sends requests. */
export interface PatientFetchOptions {
  /** Sends one request. Default: `fetch` of the platform. */
  fetch?: typeof fetch | undefined;
  /** Attempts for one request. Default: 5. */
  attempts?: number;
  /** The error when the last attempt brought no answer, or only a fault of the server. */
  lost(reason: string, attempts: number): Error;
}

/**
 * `fetch` that tries again after cut connections, time-outs and faults of the server, with longer and longer pauses. Every
 * request of the library goes through it. A request that its signal ended is not tried again.
 */
export function patientFetch({ fetch = send, attempts = retries.most + 1, lost }: PatientFetchOptions): typeof send {
  return async (input, init) => {
    for (let failures = 1; ; failures++) {
      let reason: string;
      let retryAfter: string | null = null;
      try {
        const response = await fetch(input, init);
        if (!isTransient(response.status)) return response;
        reason = `${response.status} ${response.statusText}`;
        retryAfter = response.headers.get("Retry-After");
        await response.body?.cancel();
      } catch (error) {
        if (init?.signal?.aborted) throw error;
        reason = reasonOf(error);
      }
      if (failures >= attempts) throw lost(reason, failures);
      await pauseAfter(failures, retryAfter);
    }
  };
}

/** Looked up at each call, so that a program may put its own `fetch` in place. */
const send: typeof fetch = (input, init) => globalThis.fetch(input, init);

/** Answers that a later attempt may not get: too many requests, time-outs, faults of the server. */
function isTransient(status: number): boolean {
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
