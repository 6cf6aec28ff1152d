/** One JSON line each way between the orchestrator and an engine's process. */
export type Request = { do: "check"; item: string } | { do: "time"; item: string; count: number } | { do: "memory" };

/** What engines must agree on, by name. */
export type Numbers = Readonly<Record<string, readonly number[]>>;

export type Answer =
  | { kind: "ready"; info: Record<string, unknown> }
  | { kind: "checked"; result: Numbers }
  | { kind: "timed"; ms: readonly number[]; values: Numbers }
  | { kind: "memory"; rss: number; peak: number }
  /** The engine lacks what it takes. */
  | { kind: "missing"; reason: string }
  | { kind: "error"; message: string };

/** Reads a line; `undefined` for what a library prints on its own account. */
export function parseAnswer(line: string): Answer | undefined {
  if (!line.startsWith("{")) return undefined;
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (fields.ready === true) return { kind: "ready", info: fields.info as Record<string, unknown> };
  if (fields.result !== undefined) return { kind: "checked", result: fields.result as Numbers };
  if (Array.isArray(fields.ms)) return { kind: "timed", ms: fields.ms, values: (fields.values ?? {}) as Numbers };
  if (typeof fields.rss === "number") return { kind: "memory", rss: fields.rss, peak: fields.peak as number };
  if (typeof fields.missing === "string") return { kind: "missing", reason: fields.missing };
  if (typeof fields.error === "string") return { kind: "error", message: fields.error };
  return undefined;
}
