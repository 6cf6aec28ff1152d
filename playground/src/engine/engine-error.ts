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
