import type { Kind } from "../learned";
import { type Interval, nestedBootstrap } from "../statistics";
import type { PlaceAgreement } from "./agreement";
import { contrast, difference, ratio } from "./contrast";
import type { TrialResult } from "./run-trial";
import { cellId, type Grid, reference, type SweepTask, taskId } from "./trials";
import { meanOf, unitsFor } from "./units";

export type Verdict = "PASS" | "FAIL" | "NOT MEASURED";

/** One claim on one task. */
export interface Finding {
  readonly task: string;
  readonly verdict: Verdict;
  /** What the verdict rests on. */
  readonly numbers: Readonly<Record<string, Interval>>;
  /** In a sentence: what fails by how much, or what is missing. */
  readonly why: string;
}

/** A claim of the paper, and what was found. */
export interface Claim {
  readonly number: number;
  readonly statement: string;
  /** When it passes. The thresholds are ours. */
  readonly criterion: string;
  /** FAIL when it fails on any task, PASS when it passes on all that were measured. */
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
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

const percent = (share: number) => `${(100 * share).toFixed(0)}%`;
const points = (share: number) => `${(100 * share).toFixed(1).replace("-", "−")} points`;

/** The six claims on the results of a sweep, at the reference settings of its grid. */
export function checkClaims(grid: Grid, results: readonly TrialResult[]): Claim[] {
  const at = (task: SweepTask, method: Kind) => {
    const { steps } = grid;
    const id = cellId({ task, method, ...reference(grid), steps });
    return results.filter(({ trial }) => cellId(trial) === id);
  };
  const perTask = (check: (scalars: TrialResult[], vectors: TrialResult[]) => Omit<Finding, "task">) =>
    grid.tasks.map((task) => {
      const [scalars, vectors] = [at(task, "scalars"), at(task, "vectors")];
      const missing = scalars.length === 0 ? "scalars" : vectors.length === 0 ? "vectors" : undefined;
      const finding = missing ? unmeasured(`No results of ${missing}.`) : check(scalars, vectors);
      const isEmpty = Object.values(finding.numbers).some(({ low }) => Number.isNaN(low));
      return { task: taskId(task), ...(isEmpty ? unmeasured("Nothing that both were measured on.") : finding) };
    });
  const { lessEffective, lessFaithful, fewer, lostOnNewLengths, flipsWhatItLearned } = thresholds;
  const claims = [
    claim(
      1,
      "Scalars are about as effective as vectors.",
      `The 95% interval of flip rate (scalars − vectors) lies above −${points(lessEffective)}.`,
      perTask(effectiveness),
    ),
    claim(
      2,
      "Scalars are about as faithful as vectors.",
      `The 95% interval of the ratio of mean kl-others (scalars / vectors) lies below ${lessFaithful}.`,
      perTask(faithfulness),
    ),
    claim(
      3,
      "Scalars are much more minimal.",
      `The 95% interval of the ratio of active parameters (vectors / scalars) lies above ${fewer}.`,
      perTask(minimality),
    ),
    claim(
      4,
      "The learned scalars point at the task-relevant places.",
      "The 95% intervals, over seeds, of how |α| agrees with activation patching: Spearman above 0, AUROC above 0.5.",
      grid.tasks.map((task) => ({ task: taskId(task), ...places(at(task, "scalars")) })),
    ),
    claim(
      5,
      "DynScalar carries over to prompt lengths it was not trained on.",
      `The 95% interval of flip rate (new lengths − trained ones) lies above −${points(lostOnNewLengths)}, and that of the ` +
        `flip rate on trained lengths above ${percent(flipsWhatItLearned)}.`,
      grid.tasks.map((task) => ({ task: taskId(task), ...newLengths(at(task, "dynamic")) })),
    ),
  ];
  return [...claims, bothTasks(grid, claims)];
}

function effectiveness(scalars: TrialResult[], vectors: TrialResult[]): Omit<Finding, "task"> {
  const gap = contrast(scalars, vectors, "flips", difference);
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
  return ` Only ${only} has prompts to flip: Δ is ${clean.toFixed(1).replace("-", "−")} without intervention.`;
}

function faithfulness(scalars: TrialResult[], vectors: TrialResult[]): Omit<Finding, "task"> {
  const value = contrast(scalars, vectors, "klOthers", ratio);
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

function minimality(scalars: TrialResult[], vectors: TrialResult[]): Omit<Finding, "task"> {
  const value = contrast(vectors, scalars, "activeParameters", ratio);
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

function places(results: readonly TrialResult[]): Omit<Finding, "task"> {
  const runs = results.flatMap(({ agreement }) => (agreement === undefined ? [] : [[agreement]]));
  if (results.length === 0) return unmeasured("No results of scalars.");
  if (runs.length === 0) return unmeasured("No seed has scalars and places to compare.");
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
      `|α| ${ranks ? "ranks" : "does not rank"} the places as patching does, and ${finds ? "finds" : "does not find"} the ` +
      `most important ones better than chance.` +
      `${none > 0 ? ` ${none} of ${results.length} seeds have nothing to compare and are not counted.` : ""}`,
  };
}

function newLengths(results: readonly TrialResult[]): Omit<Finding, "task"> {
  const measured = results.filter((result) => result.newLengths !== undefined);
  if (results.length === 0) return unmeasured("No results of dynamic.");
  if (measured.length === 0) return unmeasured("No other wording of the task has prompts of another length.");
  const moved = measured.map((result) => ({ ...result, held: result.newLengths! }));
  const gap = contrast(moved, measured, "flips", difference);
  const trained = contrast(measured, measured, "flips", (a) => a);
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

function bothTasks(grid: Grid, claims: readonly Claim[]): Claim {
  const verdicts = grid.tasks.map((task) => {
    const own = claims.slice(0, 3).map(({ number, findings }) => ({
      number,
      verdict: findings.find((finding) => finding.task === taskId(task))!.verdict,
    }));
    const failed = own.filter(({ verdict }) => verdict === "FAIL").map(({ number }) => number);
    const isMeasured = own.every(({ verdict }) => verdict !== "NOT MEASURED");
    const verdict: Verdict = failed.length > 0 ? "FAIL" : isMeasured ? "PASS" : "NOT MEASURED";
    const why =
      verdict === "PASS"
        ? "Claims 1 to 3 pass."
        : failed.length > 0
          ? `Fails: claim ${failed.join(", ")}.`
          : "Not all ran.";
    return { task: taskId(task), verdict, numbers: {}, why };
  });
  const statement = "The comparison holds on both tasks.";
  const criterion = "Claims 1, 2 and 3 pass on ccc and on ioi.";
  const result = claim(6, statement, criterion, verdicts);
  const passed = grid.tasks.filter((_, i) => verdicts[i]!.verdict === "PASS");
  const isBoth = new Set(passed.map(({ name }) => name)).size === 2;
  // One task says nothing about both, unless it fails already.
  return isBoth || result.verdict === "FAIL" ? result : { ...result, verdict: "NOT MEASURED" };
}

function claim(number: number, statement: string, criterion: string, findings: readonly Finding[]): Claim {
  const verdicts = findings.map(({ verdict }) => verdict);
  const measured = verdicts.filter((verdict) => verdict !== "NOT MEASURED");
  const verdict = verdicts.includes("FAIL") ? "FAIL" : measured.length > 0 ? "PASS" : "NOT MEASURED";
  return { number, statement, criterion, verdict, findings };
}

/** Tells a claim that is not shown from one that is refuted. */
function open(reachesBeyond: boolean): string {
  return reachesBeyond
    ? ", though the interval has both sides of the threshold"
    : ", and all of the interval misses it";
}

function unmeasured(why: string): Omit<Finding, "task"> {
  return { verdict: "NOT MEASURED", numbers: {}, why };
}

function mean(results: readonly TrialResult[], name: Parameters<typeof meanOf>[1]): number {
  return meanOf(
    results.map((result) => unitsFor(name, result)),
    name,
  );
}
