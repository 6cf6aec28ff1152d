import { ArgumentError } from "../../autograd";
import type { Model } from "../../nn";
import { textTable } from "../../text/table";
import type { LearnedIntervention } from "../learn/learned";
import type { Prompt } from "../tasks/task";
import { evaluate, type Metrics } from "./evaluate";
import { measuresIn } from "./measures";

/** Interventions by name; several of one name (other seeds) are shown as mean ± standard deviation. */
export type Contestants = Readonly<Record<string, LearnedIntervention | readonly LearnedIntervention[]>>;

/** Measures of several interventions side by side. `toString()` is a table that fits a terminal. */
export class Comparison {
  constructor(
    /** The measures of every seed, by name. */
    readonly results: Readonly<Record<string, readonly Metrics[]>>,
    readonly prompts: number,
  ) {}

  /** Returns headings and cells as text. */
  table(): { columns: string[]; rows: string[][] } {
    const shown = measuresIn("compare");
    const rows = Object.entries(this.results).map(([name, metrics]) => [
      name,
      ...shown.map((measure) =>
        spread(
          metrics.map((m) => m[measure.name as keyof Metrics]),
          measure.format.text,
        ),
      ),
    ]);
    return { columns: ["", ...shown.map(({ label }) => label)], rows };
  }

  /** Measures down, interventions across: narrow enough for 80 columns. */
  toString(): string {
    const { columns, rows } = this.table();
    const lines = columns.map((heading, i) => [heading, ...rows.map((row) => row[i]!)]);
    const seeds = Math.max(...Object.values(this.results).map((metrics) => metrics.length));
    const note = `${this.prompts} held-out prompts, ${seeds === 1 ? "1 seed" : `mean ± deviation over ${seeds} seeds`}`;
    return [...textTable(lines, { gap: 3, ruled: true }), note].join("\n");
  }

  /** Returns how many times more active parameters `a` uses than `b` (means over seeds). */
  parameterRatio(a: string, b: string): number {
    const mean = (name: string) => {
      const metrics = this.results[name];
      if (metrics === undefined) throw new ArgumentError("compare", `no "${name}" among ${Object.keys(this.results)}`);
      return metrics.reduce((sum, m) => sum + m.activeParameters, 0) / metrics.length;
    };
    return mean(a) / mean(b);
  }

  /** The results as plain data. */
  toJSON() {
    return { prompts: this.prompts, results: this.results };
  }
}

/**
 * Evaluates interventions on the same held-out prompts.
 *
 * @throws ArgumentError for nothing to compare, an empty list, and what `evaluate` throws.
 */
export function compare(model: Model, prompts: readonly Prompt[], contestants: Contestants): Comparison {
  const names = Object.keys(contestants);
  if (names.length === 0)
    throw new ArgumentError("compare", "nothing to compare", { hint: "Pass { faders, vectors }." });
  const results = names.map((name) => {
    const given = contestants[name]!;
    const list = Array.isArray(given) ? (given as LearnedIntervention[]) : [given as LearnedIntervention];
    if (list.length === 0) throw new ArgumentError("compare", `"${name}" is an empty list`);
    return [name, list.map((intervention) => evaluate(model, prompts, intervention))] as const;
  });
  return new Comparison(Object.fromEntries(results), prompts.length);
}

function spread(values: readonly number[], show: (value: number) => string): string {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  // Where no prompt could be flipped there is nothing to show.
  if (values.length === 1 || Number.isNaN(mean)) return show(mean);
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
  return `${show(mean)} ± ${show(Math.sqrt(variance))}`;
}
