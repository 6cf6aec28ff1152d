import type { Problem } from "../protocol";

/** What crosses for each call: errors as data, since their classes do not survive. */
export type Answer = { ok: true; value: unknown } | { ok: false; problem: Problem };
/** The one function that the worker offers. */
export type Call = (method: string, ...given: unknown[]) => Promise<Answer>;
