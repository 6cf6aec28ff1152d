import { ArgumentError } from "../../autograd";
import type { Model } from "../../nn";
import type { LearnedIntervention } from "../learn/learned";
import type { Prompt } from "../tasks/task";
import { evaluate, type Metrics } from "./evaluate";

/** Interventions by name; several of one name (other seeds) are shown as mean ± standard deviation. */
export type Contestants = Readonly<Record<string, LearnedIntervention | readonly LearnedIntervention[]>>;

const percent = (value: number) => `${(100 * value).toFixed(0)}%`;
/** A typographic minus, and none before zero. */
export const decimals = (digits: number) => (value: number) => {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
};
const whole = (value: number) => String(Math.round(value));

/** The columns of the table: heading, measure, and how to print it. */
const columns: readonly (readonly [heading: string, key: keyof Metrics, show: (value: number) => string])[] = [
  ["flips β=+1", "flipsPlus", percent],
  ["flips β=−1", "flipsMinus", percent],
  ["Δ at β=−1", "deltaMinus", decimals(1)],
  ["Δ at β=0", "deltaClean", decimals(1)],
  ["Δ at β=+1", "deltaPlus", decimals(1)],
  ["kl-others", "klOthers", decimals(3)],
  ["TV", "totalVariation", decimals(3)],
  ["best other kept", "bestOtherKept", percent],
  ["parameters", "activeParameters", whole],
  ["places", "activeLocations", whole],
  ["ℓ1", "l1", decimals(1)],
];

/** Measures of several interventions side by side. `toString()` is a table that fits a terminal. */
export class Comparison {
  constructor(
    /** The measures of every seed, by name. */
    readonly results: Readonly<Record<string, readonly Metrics[]>>,
    readonly prompts: number,
  ) {}

  /** Headings and cells, as text. */
  table(): { columns: string[]; rows: string[][] } {
    const rows = Object.entries(this.results).map(([name, metrics]) => [
      name,
      ...columns.map(([, key, show]) =>
        spread(
          metrics.map((m) => m[key]),
          show,
        ),
      ),
    ]);
    return { columns: ["", ...columns.map(([heading]) => heading)], rows };
  }

  /** Measures down, interventions across: narrow enough for 80 columns. */
  toString(): string {
    const { columns: headings, rows } = this.table();
    const lines = headings.map((heading, i) => [heading, ...rows.map((row) => row[i]!)]);
    const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
    const text = lines.map((line) =>
      line
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join("   ")
        .trimEnd(),
    );
    const seeds = Math.max(...Object.values(this.results).map((metrics) => metrics.length));
    const note = `${this.prompts} held-out prompts, ${seeds === 1 ? "1 seed" : `mean ± deviation over ${seeds} seeds`}`;
    return [text[0], "─".repeat(Math.max(...text.map((line) => line.length))), ...text.slice(1), note].join("\n");
  }

  /** How many times more active parameters `a` uses than `b` (means over seeds). */
  parameterRatio(a: string, b: string): number {
    const mean = (name: string) => {
      const metrics = this.results[name];
      if (metrics === undefined) throw new ArgumentError("compare", `no "${name}" among ${Object.keys(this.results)}`);
      return metrics.reduce((sum, m) => sum + m.activeParameters, 0) / metrics.length;
    };
    return mean(a) / mean(b);
  }

  toJSON() {
    return { prompts: this.prompts, results: this.results };
  }
}

/** Evaluates interventions on the same held-out prompts. */
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
  if (Number.isNaN(mean)) return "–";
  if (values.length === 1) return show(mean);
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
  return `${show(mean)} ± ${show(Math.sqrt(variance))}`;
}
