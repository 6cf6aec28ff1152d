import { FaderError } from "fader";
import type { Problem } from "../protocol";
import { EngineError } from "./engine-error";

export { EngineError };

/** What the engine itself refuses, in a sentence. */
export function refusal(problem: string, hint?: string, details: Record<string, string> = {}): EngineError {
  return new EngineError({ name: "EngineError", problem, details, ...(hint !== undefined && { hint }) });
}

/** Any error as data. One that nobody foresaw keeps its message, and says that it is one. */
export function problemOf(error: unknown): Problem {
  if (error instanceof EngineError) {
    const { name, problem, details, hint } = error;
    return { name, problem, details, ...(hint !== undefined && { hint }) };
  }
  if (error instanceof FaderError) {
    const details = Object.entries(error.details).map(([key, value]) => {
      return [key, Array.isArray(value) ? `[${value.join(", ")}]` : String(value)] as const;
    });
    return {
      name: error.name,
      problem: `${error.where}: ${error.problem}`,
      details: Object.fromEntries(details),
      ...(error.hint !== undefined && { hint: error.hint }),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { name: "Unexpected", problem: `Something went wrong that was not foreseen: ${message}`, details: {} };
}
