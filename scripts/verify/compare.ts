/** Numbers as stored in fixtures: non-finite ones are strings. */
export type Stored = number | string | boolean | Stored[];

/** Flat float64 values of nested stored numbers. */
export function numbers(stored: Stored): number[] {
  if (Array.isArray(stored)) return stored.flatMap(numbers);
  if (stored === "inf") return [Number.POSITIVE_INFINITY];
  if (stored === "-inf") return [Number.NEGATIVE_INFINITY];
  if (stored === "nan") return [Number.NaN];
  return [Number(stored)];
}

/** Largest absolute deviation; non-finite values must match exactly. */
export function largestError(got: ArrayLike<number>, want: readonly number[]): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < want.length; i++) {
    const [g, w] = [got[i]!, want[i]!];
    if (Object.is(g, w) || g === w) continue;
    const difference = Math.abs(g - w);
    largest = Math.max(largest, Number.isFinite(difference) ? difference : Number.POSITIVE_INFINITY);
  }
  return largest;
}

/** Largest absolute finite value. */
export function largest(values: readonly number[]): number {
  return values.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 0);
}

/** Collects the largest error of each kind relative to its bound, and prints them. */
export class Report {
  private readonly kinds = new Map<string, { checks: number; failed: string[]; error: number; share: number }>();

  add(kind: string, what: string, error: number, bound: number): void {
    const entry = this.kinds.get(kind) ?? { checks: 0, failed: [], error: 0, share: 0 };
    entry.checks++;
    entry.error = Math.max(entry.error, error);
    entry.share = Math.max(entry.share, bound > 0 ? error / bound : error > 0 ? Number.POSITIVE_INFINITY : 0);
    if (!(error <= bound)) entry.failed.push(`${what}: error ${show(error)} > ${show(bound)}`);
    this.kinds.set(kind, entry);
  }

  /** Marks a check that could not run at all. */
  fail(kind: string, what: string, reason: string): void {
    this.add(kind, `${what}: ${reason}`, Number.POSITIVE_INFINITY, 0);
  }

  get failures(): number {
    return [...this.kinds.values()].reduce((sum, entry) => sum + entry.failed.length, 0);
  }

  toString(): string {
    const lines = [...this.kinds].map(([kind, { checks, failed, error, share }]) => {
      const verdict = failed.length === 0 ? "ok  " : "FAIL";
      const numbers = `largest error ${show(error).padEnd(8)} ${show(share * 100)}% of its bound`;
      return `  ${verdict} ${kind.padEnd(24)} ${String(checks).padStart(5)} checks   ${numbers}`;
    });
    const details = [...this.kinds.values()].flatMap((entry) => entry.failed.slice(0, 10)).map((line) => `    ${line}`);
    return [...lines, ...details].join("\n");
  }
}

function show(value: number): string {
  return value === 0 ? "0" : Number.isFinite(value) ? value.toPrecision(2) : "inf";
}
