import { ArgumentError, type Tensor } from "../../autograd";
import type { Model } from "../../nn";
import { type LearnedIntervention, logitsAt } from "../learn/learned";
import { logitDiff } from "../learn/objective";
import { type BootstrapOptions, type Interval, nestedBootstrap } from "../statistics";
import type { Prompt } from "../tasks/task";
import { inBatches } from "./batches";

/** Measures effectiveness (mean of both shares of wins) with only the `k` largest places, for each `k` of `counts`. */
export function pruningCurve(
  model: Model,
  prompts: readonly Prompt[],
  intervention: LearnedIntervention,
  counts: readonly number[] = pruningCounts(intervention.activeLocations().length),
): { k: number; effectiveness: number }[] {
  return counts.map((k) => ({ k, effectiveness: mean(winsOf(model, prompts, intervention.keepLargest(k))) }));
}

/** One learned intervention and its held-out prompts. */
export interface PruningRun {
  readonly intervention: LearnedIntervention;
  readonly prompts: readonly Prompt[];
}

/**
 * Averages several pruning curves, of seeds say, at the same counts: up to what the largest of them has. 95% intervals
 * draw runs, and within each its groups of prompts.
 *
 * @throws ArgumentError for no runs.
 */
export function pruningBand(
  model: Model,
  runs: readonly PruningRun[],
  options: BootstrapOptions = {},
): { k: number; effectiveness: Interval }[] {
  const all = runs.map(({ intervention }) => intervention.activeLocations().length);
  const counts = pruningCounts(Math.max(0, ...all));
  const wins = runs.map(({ intervention, prompts }) => groupedWins(model, prompts, intervention, counts));
  const intervals = nestedBootstrap(
    wins,
    (sample) => counts.map((_, at) => mean(sample.map((own) => effectivenessAt(own, at)))),
    options,
  );
  return counts.map((k, at) => ({ k, effectiveness: intervals[at]! }));
}

/** How few of the largest places keep a share of the effectiveness. */
export interface Keep95 {
  /** Fewest places. The curve need not rise: with a few more it may fall below again. */
  k: number;
  /** Active places in all. */
  of: number;
  /** Effectiveness (mean of both shares of wins; 0.5 is what no intervention has) with `k` places, and with all. */
  effectiveness: number;
  all: number;
}

/**
 * Walks the pruning curve place by place to where `share` of the whole intervention's effectiveness is reached for the
 * first time.
 *
 * @throws ArgumentError for a share that is not in (0, 1].
 */
export function keep95(
  model: Model,
  prompts: readonly Prompt[],
  intervention: LearnedIntervention,
  share = 0.95,
): Keep95 {
  if (!(share > 0 && share <= 1)) {
    throw new ArgumentError("keep95", `share is ${share}`, { hint: "Use a number above 0, at most 1." });
  }
  const of = intervention.activeLocations().length;
  const at = (k: number) => pruningCurve(model, prompts, intervention, [k])[0]!.effectiveness;
  const all = at(of);
  for (let k = 0; k < of; k++) {
    const effectiveness = at(k);
    if (effectiveness >= share * all) return { k, of, effectiveness, all };
  }
  return { k: of, of, effectiveness: all, all };
}

/** The wins of one group of prompts at every count. */
interface GroupWins {
  readonly prompts: number;
  readonly wins: readonly number[];
}

/** The wins of every group with only the `k` largest locations kept, for each of `counts`. */
function groupedWins(
  model: Model,
  prompts: readonly Prompt[],
  intervention: LearnedIntervention,
  counts: readonly number[],
): GroupWins[] {
  const columns = counts.map((k) => winsOf(model, prompts, intervention.keepLargest(k)));
  const groups = [...new Set(prompts.map(({ group }) => group))];
  return groups.map((group) => {
    const rows = prompts.flatMap((prompt, i) => (prompt.group === group ? [i] : []));
    return { prompts: rows.length, wins: columns.map((wins) => rows.reduce((sum, row) => sum + wins[row]!, 0)) };
  });
}

/** Effectiveness of groups at the count with that index. */
function effectivenessAt(groups: readonly GroupWins[], at: number): number {
  const wins = groups.reduce((sum, group) => sum + group.wins[at]!, 0);
  return wins / groups.reduce((sum, group) => sum + group.prompts, 0);
}

/** For each prompt how often the intended answer leads: Δ > 0 at β = +1 and Δ < 0 at β = −1, half for each. */
function winsOf(model: Model, prompts: readonly Prompt[], intervention: LearnedIntervention): number[] {
  return inBatches(prompts, (batch) => {
    const ids = batch.map((prompt) => prompt.ids);
    const both = logitsAt(model, ids, intervention.at(1), [1, -1]) as [Tensor, Tensor];
    const [plus, minus] = both.map((logits) => logitDiff(logits, batch).toTypedArray());
    return batch.map((_, i) => (Number(plus![i]! > 0) + Number(minus![i]! < 0)) / 2);
  }).flat();
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** 0, 1, 3, 9, 27, … up to all. */
function pruningCounts(all: number): number[] {
  const counts = [0];
  for (let k = 1; k < all; k *= 3) counts.push(k);
  return all > 0 ? [...counts, all] : counts;
}
