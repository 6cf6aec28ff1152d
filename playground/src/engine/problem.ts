import { FaderError } from "fader";
import type { Problem } from "../protocol";
import { EngineError, unexpected } from "./engine-error";

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
  return unexpected(error);
}
