import type { Interval } from "../statistics";
import type { PlaceMap, Spot } from "./place-map";
import type { PatchMode } from "./settings";

/** How well one score finds what matters. NaN where a score is constant. */
export interface Agreement {
  /** Rank correlation with mean |effect on Δ|, over places. */
  spearman: Interval;
  /** Area under the ROC curve for the places with the largest effects; 0.5 is chance. */
  auroc: Interval;
}

/** The comparison with one way of disturbing places. */
export interface ModeResult {
  mode: PatchMode;
  /** Places compared. */
  places: number;
  /** How many of them count as important. */
  top: number;
  causal: PlaceMap;
  /** By name: what was learned, and `attribution`. */
  agreement: Readonly<Record<string, Agreement>>;
}

/** How many of the largest effects are printed. */
const shown = 5;

/** Which scores point at the places that matter. `toString()` is a table that fits 80 columns. */
export class Localisation {
  constructor(
    readonly task: string,
    /** The token at each position, `‹varies›` where prompts differ. */
    readonly tokens: readonly string[],
    /** Learned interventions of one name. */
    readonly seeds: number,
    readonly results: readonly ModeResult[],
  ) {}

  /** The places with the largest mean |effect| in one mode, the largest first. */
  largestEffects(mode: PatchMode, count = shown): (Spot & { effect: number })[] {
    const { causal } = this.results.find((result) => result.mode === mode)!;
    const effects = causal.meanAbsolute();
    return causal
      .spots()
      .map((spot, i) => ({ ...spot, effect: effects[i]! }))
      .sort((a, b) => b.effect - a.effect)
      .slice(0, count);
  }

  toString(): string {
    const head = ["effect of", "score", "Spearman", "AUROC"];
    const rows = this.results.flatMap(({ mode, agreement }) =>
      Object.entries(agreement).map(([name, { spearman, auroc }], i) => [
        i === 0 ? mode : "",
        clip(name, 16),
        show(spearman),
        show(auroc),
      ]),
    );
    const widths = head.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i]!.length)));
    const lines = [head, ...rows].map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    );
    const [first] = this.results;
    return [
      ...(first ? [this.title(first)] : []),
      lines[0],
      "─".repeat(Math.max(...lines.map((line) => line.length))),
      ...lines.slice(1),
      ...this.results.flatMap(({ mode }) => this.effectLines(mode)),
    ].join("\n");
  }

  toJSON() {
    const { task, tokens, seeds } = this;
    const results = this.results.map((result) => ({
      ...result,
      largest: this.largestEffects(result.mode, result.top),
    }));
    return { task, tokens, seeds, results };
  }

  private title({ causal, places, top }: ModeResult): string {
    const seeds = this.seeds === 1 ? "1 seed" : `${this.seeds} seeds`;
    return `${this.task}: ${causal.prompts} held-out prompts, ${seeds}, ${places} places, the top ${top} to be found`;
  }

  private effectLines(mode: PatchMode): string[] {
    return [
      `Largest effects (${mode}), mean |change of Δ| in logits:`,
      ...this.largestEffects(mode).map(({ site, layer, position, effect }) => {
        const place = `  ${layer} ${site}`.padEnd(14);
        return `${place} position ${String(position).padStart(2)} ${clip(JSON.stringify(this.tokens[position]), 20).padEnd(20)} ${effect.toFixed(2).padStart(7)}`;
      }),
    ];
  }
}

/** `0.61 [0.52, 0.68]`, with typographic minuses; `–` where it is not defined. */
function show({ value, low, high }: Interval): string {
  if (Number.isNaN(value)) return "–";
  const text = (x: number) =>
    x
      .toFixed(2)
      .replace(/^-(?=0\.00$)/, "")
      .replace("-", "−");
  return `${text(value)} [${text(low)}, ${text(high)}]`;
}

const clip = (text: string, width: number) => (text.length > width ? `${text.slice(0, width - 1)}…` : text);
