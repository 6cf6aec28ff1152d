import { percent } from "../../text/numbers";
import type { Kind } from "../learn/kinds";
import { taskId, type WordedTask } from "../tasks/registry";
import {
  type Finding,
  judgeEffectiveness,
  judgeFaithfulness,
  judgeMinimality,
  judgeNewLengths,
  judgePlaces,
  points,
  thresholds,
  unmeasured,
  type Verdict,
} from "./findings";
import type { TrialResult } from "./run-trial";
import { cellId, type Grid, reference } from "./trials";

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

/** The six claims on the results of a sweep, at the reference settings of its grid. */
export function checkClaims(grid: Grid, results: readonly TrialResult[]): Claim[] {
  const at = (task: WordedTask, method: Kind) => {
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
      perTask(judgeEffectiveness),
    ),
    claim(
      2,
      "Scalars are about as faithful as vectors.",
      `The 95% interval of the ratio of mean kl-others (scalars / vectors) lies below ${lessFaithful}.`,
      perTask(judgeFaithfulness),
    ),
    claim(
      3,
      "Scalars are much more minimal.",
      `The 95% interval of the ratio of active parameters (vectors / scalars) lies above ${fewer}.`,
      perTask(judgeMinimality),
    ),
    claim(
      4,
      "The learned scalars point at the task-relevant places.",
      "The 95% intervals, over seeds, of how |α| agrees with activation patching: Spearman above 0, AUROC above 0.5.",
      grid.tasks.map((task) => ({ task: taskId(task), ...judgePlaces(at(task, "scalars")) })),
    ),
    claim(
      5,
      "DynScalar carries over to prompt lengths it was not trained on.",
      `The 95% interval of flip rate (new lengths − trained ones) lies above −${points(lostOnNewLengths)}, and that of the ` +
        `flip rate on trained lengths above ${percent(flipsWhatItLearned)}.`,
      grid.tasks.map((task) => ({ task: taskId(task), ...judgeNewLengths(at(task, "dynamic")) })),
    ),
  ];
  return [...claims, bothTasks(grid, claims)];
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
