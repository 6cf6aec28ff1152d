import type { Spread } from "./statistics";

export interface Measured extends Spread {
  /** Medians of what the runs reported, e.g. `gflops`. */
  values: Readonly<Record<string, number>>;
}

/** What became of one engine in one case. Times are milliseconds by item, memory is bytes. */
export interface EngineResult {
  times: Record<string, Measured>;
  /** By item, why there is no time. */
  notes: Record<string, string>;
  memory?: { peak: number; rss: number; bare: number };
  info: Readonly<Record<string, unknown>>;
}

export interface CaseResult {
  title: string;
  engines: Record<string, EngineResult>;
}

/** Resident bytes over many training steps. */
export interface Growth {
  early: number;
  late: number;
  steps: number;
  bare: number;
}

export interface Results {
  date: string;
  machine: Readonly<Record<string, string | number>>;
  quick: boolean;
  skipped: readonly string[];
  cases: Record<string, CaseResult>;
  growth?: Growth;
}

/** The median in milliseconds, where it was measured. */
export function timeOf(results: Results, name: string, engine: string, item = "step"): number | undefined {
  return results.cases[name]?.engines[engine]?.times[item]?.median;
}

/** Operations per second of a product, in GFLOP/s. `item`: `16x768x3072`. */
export function gflops(item: string, ms: number): number {
  return (2 * item.split("x").reduce((total, part) => total * Number(part), 1)) / ms / 1e6;
}
