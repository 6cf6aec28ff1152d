import type { Problem } from "../protocol";

/** A `Problem` that is thrown: what every method of the engine rejects with, here and on the page. */
export class EngineError extends Error implements Problem {
  readonly problem: string;
  readonly details: Record<string, string>;
  readonly hint?: string;

  constructor({ name, problem, details, hint }: Problem) {
    super(problem);
    this.name = name;
    this.problem = problem;
    this.details = details;
    if (hint !== undefined) this.hint = hint;
  }
}

/** What the engine itself refuses, in a sentence. */
export function refusal(problem: string, hint?: string, details: Record<string, string> = {}): EngineError {
  return new EngineError({ name: "EngineError", problem, details, ...(hint !== undefined && { hint }) });
}

/** What nobody foresaw, with its message. */
export function unexpected(error: unknown): Problem {
  const message = error instanceof Error ? error.message : String(error);
  return { name: "Unexpected", problem: `Something went wrong that was not foreseen: ${message}`, details: {} };
}
