import { FaderError } from "fader";
import { EngineError } from "../protocol";

/** An error for what the engine itself refuses, in one sentence. */
export function refusal(problem: string, hint?: string, details: Record<string, string> = {}): EngineError {
  return new EngineError({ name: "EngineError", problem, details, hint });
}

/** Any error as an `EngineError`: those of the library keep their names, details and hints. */
export function engineErrorOf(error: unknown): EngineError {
  if (!(error instanceof FaderError)) return EngineError.of(error);
  const { name, where, problem, hint } = error;
  const details = Object.entries(error.details).map(([key, value]) => {
    return [key, Array.isArray(value) ? `[${value.join(", ")}]` : String(value)] as const;
  });
  return new EngineError({ name, problem: `${where}: ${problem}`, details: Object.fromEntries(details), hint });
}
