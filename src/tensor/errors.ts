/** Parts of an error message: line 1 `where: what is wrong`, then aligned details, then a hint that works. */
export interface ErrorParts {
  /** Names and values worth seeing, e.g. `{ a: [2, 3], b: [4] }`; number lists print as shapes. */
  details?: Record<string, readonly number[] | string | number>;
  /** A way out. Only given when it works. */
  hint?: string;
}

/** Base of all errors that Fader throws on bad input. `where` is the op, file or function that refused. */
export class FaderError extends Error {
  /** Written out in each class: those of a minified program have other names. */
  override name = "FaderError";
  readonly where: string;
  readonly problem: string;
  readonly details: NonNullable<ErrorParts["details"]>;
  readonly hint: string | undefined;

  constructor(where: string, problem: string, parts: ErrorParts = {}) {
    super(compose(where, problem, parts));
    this.where = where;
    this.problem = problem;
    this.details = parts.details ?? {};
    this.hint = parts.hint;
  }
}

/** Shapes, axes or sizes that do not fit each other. */
export class ShapeError extends FaderError {
  override name = "ShapeError";
}
/** A dtype that an op does not take, or two that do not mix. */
export class DtypeError extends FaderError {
  override name = "DtypeError";
}
/** An argument outside its valid range or of the wrong kind. */
export class ArgumentError extends FaderError {
  override name = "ArgumentError";
}
/** A tensor used after the step that computed it has ended. */
export class LifetimeError extends FaderError {
  override name = "LifetimeError";
}
/** A worker thread died: what it was computing is lost. */
export class ThreadError extends FaderError {
  override name = "ThreadError";
}
/** The engine's memory is full. */
export class OutOfMemoryError extends FaderError {
  override name = "OutOfMemoryError";
}
/** NaN or infinity where a finite number is needed. */
export class NumericsError extends FaderError {
  override name = "NumericsError";
}

function compose(where: string, problem: string, { details = {}, hint }: ErrorParts): string {
  const lines = [`${where}: ${problem}`];
  const names = Object.keys(details);
  const width = Math.max(0, ...names.map((name) => name.length));
  for (const name of names) {
    const value = details[name];
    lines.push(`  ${name.padEnd(width)} ${Array.isArray(value) ? `[${value.join(", ")}]` : value}`);
  }
  if (hint !== undefined) lines.push(`  ${hint}`);
  return lines.join("\n");
}

/** The candidate with the smallest edit distance to `name`, for "Nearest: …" hints. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Throws `ArgumentError` for options that are no object, and for a name that is not among `valid`, with the nearest. */
export function checkOptions(where: string, options: unknown, valid: readonly string[]): void {
  if (typeof options !== "object" || options === null) throw new ArgumentError(where, `options are ${options}`);
  const unknown = Object.keys(options).find((name) => !valid.includes(name));
  if (unknown === undefined) return;
  throw new ArgumentError(where, `no option "${unknown}"`, { hint: `Nearest: "${nearest(unknown, valid)}".` });
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] as number) + 1, (current[j - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}
