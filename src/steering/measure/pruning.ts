import { step, type Tensor } from "../../autograd";
import type { Model } from "../../nn";
import { type LearnedIntervention, logitsAt } from "../learn/learned";
import { logitDiff } from "../learn/objective";
import { type BootstrapOptions, type Interval, nestedBootstrap } from "../statistics";
import type { Prompt } from "../tasks/task";

/** Effectiveness (mean of both shares of wins) when only the `k` largest locations are kept. */
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
 * The mean of several pruning curves, of seeds say, at the same counts: up to what the largest of them has. 95% intervals
 * draw runs, and within each its groups of prompts. Throws `ArgumentError` for no runs.
 */
export function pruningBand(
  model: Model,
  runs: readonly PruningRun[],
  options: BootstrapOptions = {},
): { k: number; effectiveness: Interval }[] {
  const all = runs.map(({ intervention }) => intervention.activeLocations().length);
  const counts = pruningCounts(Math.max(0, ...all));
  const units = runs.map(({ intervention, prompts }) => groupedWins(model, prompts, intervention, counts));
  const intervals = nestedBootstrap(
    units,
    (sample) => counts.map((_, at) => mean(sample.map((own) => effectivenessAt(own, at)))),
    options,
  );
  return counts.map((k, at) => ({ k, effectiveness: intervals[at]! }));
}

/** The wins of one group of prompts at every count. */
export interface GroupWins {
  readonly prompts: number;
  readonly wins: readonly number[];
}

/** The wins of every group with only the `k` largest locations kept, for each of `counts`. */
export function groupedWins(
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
export function effectivenessAt(groups: readonly GroupWins[], at: number): number {
  const wins = groups.reduce((sum, group) => sum + group.wins[at]!, 0);
  return wins / groups.reduce((sum, group) => sum + group.prompts, 0);
}

/** Prompts that go through the model at once. */
const chunk = 32;

/** For each prompt how often the intended answer leads: Δ > 0 at β = +1 and Δ < 0 at β = −1, half for each. */
function winsOf(model: Model, prompts: readonly Prompt[], intervention: LearnedIntervention): number[] {
  const wins: number[] = [];
  for (let at = 0; at < prompts.length; at += chunk) {
    const part = prompts.slice(at, at + chunk);
    const deltas = step(() => {
      const ids = part.map((prompt) => prompt.ids);
      const both = logitsAt(model, ids, intervention.at(1), [1, -1]) as [Tensor, Tensor];
      return both.map((logits) => [...logitDiff(logits, part).toTypedArray()]);
    });
    const [plus, minus] = deltas as [number[], number[]];
    wins.push(...plus.map((delta, i) => (Number(delta > 0) + Number(minus[i]! < 0)) / 2));
  }
  return wins;
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
