import { fixed, percent } from "../../text/numbers";
import type { PlaceAgreement } from "../causal/place-agreement";
import type { MeasureName } from "../measure/measures";
import { type Interval, nestedBootstrap } from "../statistics";
import { groupsFor, meanOf } from "./groups";
import { pairedInterval } from "./intervals";
import type { TrialResult } from "./run-trial";

/** Whether a claim holds on what was measured. */
export type Verdict = "PASS" | "FAIL" | "NOT MEASURED";

/** One claim on one task. */
export interface Finding {
  readonly task: string;
  readonly verdict: Verdict;
  /** The numbers that the verdict rests on. */
  readonly numbers: Readonly<Record<string, Interval>>;
  /** In a sentence: what fails by how much, or what is missing. */
  readonly why: string;
}

/**
 * Thresholds, ours: fixed before a whole sweep was run, but after `bench:compare` and `bench:localisation` were known.
 * Shares in points of 0 to 1.
 */
export const thresholds = {
  /** How many points scalars may flip fewer. */
  lessEffective: 0.05,
  /** How many times the kl-others of the vectors scalars may have. */
  lessFaithful: 1.25,
  /** How many times fewer active parameters are far fewer. */
  fewer: 10,
  /** How many points DynScalar may flip fewer on new lengths, and what it must flip on the trained ones. */
  lostOnNewLengths: 0.1,
  flipsWhatItLearned: 0.5,
} as const;

export const points = (share: number) => `${fixed(100 * share, 1)} points`;
const difference = (a: number, b: number) => a - b;
const ratio = (a: number, b: number) => a / b;

export function judgeEffectiveness(scalars: TrialResult[], vectors: TrialResult[]): Omit<Finding, "task"> {
  const gap = pairedInterval(scalars, vectors, "flips", difference);
  const [own, other] = [mean(scalars, "flips"), mean(vectors, "flips")];
  const isMet = gap.low > -thresholds.lessEffective;
  const direction = oneDirection(scalars);
  return {
    verdict: isMet ? "PASS" : "FAIL",
    numbers: { "scalars − vectors": gap },
    why:
      `Scalars flip ${percent(own)}, vectors ${percent(other)}` +
      `${isMet ? "." : `: the difference may be as low as ${points(gap.low)}${open(gap.high > -thresholds.lessEffective)}.`}${direction}`,
  };
}

/** Where the model is sure of one answer, only one direction has anything to flip. */
function oneDirection(results: readonly TrialResult[]): string {
  const clean = mean(results, "deltaClean");
  const plus = mean(results, "flipsPlus");
  const minus = mean(results, "flipsMinus");
  if (!Number.isNaN(plus + minus)) return "";
  const only = Number.isNaN(plus) ? "β = −1" : "β = +1";
  return ` Only ${only} has prompts to flip: Δ is ${fixed(clean, 1)} without intervention.`;
}

export function judgeFaithfulness(scalars: TrialResult[], vectors: TrialResult[]): Omit<Finding, "task"> {
  const value = pairedInterval(scalars, vectors, "klOthers", ratio);
  const [own, other] = [mean(scalars, "klOthers"), mean(vectors, "klOthers")];
  const isMet = value.high < thresholds.lessFaithful;
  const rest = mean(scalars, "others");
  return {
    verdict: isMet ? "PASS" : "FAIL",
    numbers: { "scalars / vectors": value },
    why:
      `Scalars ${own.toFixed(3)} nats, vectors ${other.toFixed(3)}` +
      `${isMet ? "." : `: the ratio may be as high as ${value.high.toFixed(2)}${open(value.low < thresholds.lessFaithful)}.`}` +
      `${rest < 0.01 ? ` The other tokens hold ${(100 * rest).toPrecision(2)}% of the probability, renormalised here.` : ""}` +
      fewerFlips(scalars, vectors),
  };
}

/** Doing less disturbs less: said where scalars flip fewer than claim 1 allows. */
function fewerFlips(scalars: readonly TrialResult[], vectors: readonly TrialResult[]): string {
  const [own, other] = [mean(scalars, "flips"), mean(vectors, "flips")];
  if (own > other - thresholds.lessEffective) return "";
  return ` Scalars flip only ${percent(own)}, vectors ${percent(other)}: doing less disturbs less.`;
}

export function judgeMinimality(scalars: TrialResult[], vectors: TrialResult[]): Omit<Finding, "task"> {
  // Counts differ between seeds alone.
  if (seedsOfBoth(scalars, vectors) < 2) return unmeasured(oneSeed);
  const value = pairedInterval(vectors, scalars, "activeParameters", ratio);
  const [own, other] = [mean(scalars, "activeParameters"), mean(vectors, "activeParameters")];
  const isMet = value.low > thresholds.fewer;
  return {
    verdict: isMet ? "PASS" : "FAIL",
    numbers: { "vectors / scalars": value },
    why:
      `Scalars use ${own.toFixed(0)} numbers, vectors ${other.toFixed(0)}` +
      `${isMet ? "." : `: the ratio may be as low as ${value.low.toFixed(1)}${open(value.high > thresholds.fewer)}.`}`,
  };
}

export function judgePlaces(results: readonly TrialResult[]): Omit<Finding, "task"> {
  const runs = results.flatMap(({ agreement }) => (agreement === undefined ? [] : [[agreement]]));
  if (results.length === 0) return unmeasured("No results of scalars.");
  if (runs.length === 0) return unmeasured("No seed has scalars and places to compare.");
  if (runs.length === 1) return unmeasured(oneSeed);
  const [rank, found] = nestedBootstrap(runs, (sample) => {
    const meanOver = (key: keyof PlaceAgreement) => sample.reduce((sum, [own]) => sum + own![key], 0) / sample.length;
    return [meanOver("spearman"), meanOver("auroc")];
  }) as [Interval, Interval];
  const [ranks, finds] = [rank.low > 0, found.low > 0.5];
  const none = results.length - runs.length;
  return {
    verdict: ranks && finds ? "PASS" : "FAIL",
    numbers: { Spearman: rank, AUROC: found },
    why:
      `|α| ${ranks ? "orders" : "is not shown to order"} the places more like patching than chance does` +
      `${ranks ? "" : open(rank.high > 0)}; it ${finds ? "finds" : "is not shown to find"} the most important ones better ` +
      `than chance${finds ? "" : open(found.high > 0.5)}.` +
      `${none > 0 ? ` ${none} of ${results.length} seeds have nothing to compare and are not counted.` : ""}`,
  };
}

export function judgeNewLengths(results: readonly TrialResult[]): Omit<Finding, "task"> {
  const measured = results.filter((result) => result.newLengths !== undefined);
  if (results.length === 0) return unmeasured("No results of dynamic.");
  if (measured.length === 0) return unmeasured("No other wording of the task has prompts of another length.");
  const moved = measured.map((result) => ({ ...result, held: result.newLengths! }));
  const gap = pairedInterval(moved, measured, "flips", difference);
  const trained = pairedInterval(measured, measured, "flips", (a) => a);
  const [fresh, own] = [mean(moved, "flips"), mean(measured, "flips")];
  const [keeps, learns] = [gap.low > -thresholds.lostOnNewLengths, trained.low > thresholds.flipsWhatItLearned];
  const lengths = (of: readonly TrialResult[]) =>
    [...new Set(of.flatMap(({ held }) => held.length))].sort((a, b) => a - b).join(", ");
  return {
    verdict: keeps && learns ? "PASS" : "FAIL",
    numbers: { "new − trained": gap, trained },
    why:
      `It flips ${percent(own)} on trained lengths (here ${lengths(measured)} tokens) and ${percent(fresh)} on new ones ` +
      `(${lengths(moved)}, worded otherwise)${keeps ? "." : `: it may lose ${points(-gap.low)}${open(gap.high > -thresholds.lostOnNewLengths)}.`}` +
      `${learns ? "" : ` On trained lengths it may flip as few as ${percent(trained.low)}.`}`,
  };
}

/** An interval over seeds needs some. */
const oneSeed = "One seed has no interval: run more seeds.";

function seedsOfBoth(a: readonly TrialResult[], b: readonly TrialResult[]): number {
  return a.filter(({ trial }) => b.some((other) => other.trial.seed === trial.seed)).length;
}

/** Tells a claim that is not shown from one that is refuted. */
function open(reachesBeyond: boolean): string {
  return reachesBeyond
    ? ", though the interval has both sides of the threshold"
    : ", and all of the interval misses it";
}

export function unmeasured(why: string): Omit<Finding, "task"> {
  return { verdict: "NOT MEASURED", numbers: {}, why };
}

function mean(results: readonly TrialResult[], name: MeasureName): number {
  return meanOf(
    results.map((result) => groupsFor(name, result)),
    name,
  );
}
