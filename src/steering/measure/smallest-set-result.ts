import type { LearnedIntervention } from "../learn/learned";
import { nameOf } from "../learn/places";
import type { Metrics } from "./evaluate";
import type { SmallestSetMethod } from "./smallest-set";

/** One set that was fitted. Shares: see `flipsBothWays`. */
export interface SearchTrial {
  method: SmallestSetMethod;
  places: number;
  /** On the training prompts that it was fitted on. */
  fitted: number;
  /** On the training prompts that sets are chosen with. */
  chosenWith: number;
}

export interface NamedPlace {
  /** `blocks.1.mlp_out` */
  name: string;
  position: number | undefined;
  /** What stands there: `‹varies›` where the prompts differ. */
  token: string;
  /** The scalar; at `z` the norm over heads. */
  alpha: number;
}

/**
 * Share of the prompts flipped in the worse of both directions. Where no prompt is on the wrong side of a direction, so
 * that none can be flipped, the share that stays on the right side counts.
 */
export function flipsBothWays({ flipsPlus, flipsMinus, winsPlus, winsMinus }: Metrics): number {
  return Math.min(Number.isNaN(flipsPlus) ? winsPlus : flipsPlus, Number.isNaN(flipsMinus) ? winsMinus : flipsMinus);
}

/** What `smallestSet` found. `toString()` fits 80 columns. */
export class SmallestSet {
  constructor(
    readonly intervention: LearnedIntervention,
    /** On the held-out prompts. */
    readonly metrics: Metrics,
    readonly target: number,
    readonly split: string,
    /** Every set that was tried, in order. */
    readonly trials: readonly SearchTrial[],
  ) {}

  /** Whether the target is reached on the held-out prompts. */
  get isReached(): boolean {
    return flipsBothWays(this.metrics) >= this.target;
  }

  /** The places, the largest scalar first. */
  get places(): NamedPlace[] {
    const { tokens } = this.intervention.provenance;
    return this.intervention.activeLocations().map(({ site, layer, position, value }) => ({
      name: nameOf({ site, layer, position: undefined }),
      position,
      token: position === undefined ? "" : tokens[position]!,
      alpha: value,
    }));
  }

  /** The smallest set of each method that reached the target on the training prompts. */
  private fewest(): [string, number][] {
    const best = new Map<string, number>();
    for (const { method, places, fitted, chosenWith } of this.trials) {
      const size = Math.min(fitted, chosenWith) >= this.target ? places : Number.POSITIVE_INFINITY;
      best.set(method, Math.min(size, best.get(method) ?? Number.POSITIVE_INFINITY));
    }
    return [...best];
  }

  toString(): string {
    const { metrics, target, intervention, split } = this;
    const percent = (x: number) => (Number.isNaN(x) ? "–" : `${(100 * x).toFixed(0)}%`);
    // A near miss must not be rounded to the target.
    const share = (x: number) => (this.isReached || Number.isNaN(x) ? percent(x) : `${(100 * x).toFixed(1)}%`);
    const signed = (x: number) => `${x < 0 ? "−" : "+"}${Math.abs(x).toFixed(3)}`;
    const rows = [
      ["place", "position", "token", "α"],
      ...this.places.map((place) => [
        place.name,
        String(place.position ?? "all"),
        place.token.startsWith("‹") ? place.token : JSON.stringify(place.token).slice(0, 30),
        signed(place.alpha),
      ]),
    ];
    const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
    const table = rows.map((row) =>
      row.map((cell, i) => (i % 2 === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "),
    );
    const found = this.isReached ? "flip" : "were to flip";
    const count = `${this.places.length} of ${intervention.parameterCount} faders`;
    const fewest = this.fewest().map(([name, k]) => `${name} ${Number.isFinite(k) ? k : "none"}`);
    return [
      `${count} ${found} at least ${percent(target)} both ways`,
      "",
      ...table,
      "",
      `${metrics.prompts} held-out prompts: flips β=+1 ${share(metrics.flipsPlus)}, β=−1 ${share(metrics.flipsMinus)}`,
      `all of them: wins β=+1 ${share(metrics.winsPlus)}, β=−1 ${share(metrics.winsMinus)}`,
      `kl-others ${metrics.klOthers.toFixed(3)}, best other token kept ${percent(metrics.bestOtherKept)}`,
      `split: ${split}`,
      `fewest faders by method, on training prompts: ${fewest.join(", ")}`,
    ].join("\n");
  }
}
