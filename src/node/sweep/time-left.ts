import { type SweepTrial, taskId, trialId } from "../../steering";
import { idOf, type JournalEntry } from "./journal";

/**
 * An estimate in seconds: what is left of every trial at the mean time of finished trials of its task and method (of all,
 * where there are none), shared among `jobs`. NaN before the first is finished.
 */
export function secondsLeft(
  trials: readonly SweepTrial[],
  entries: readonly JournalEntry[],
  started: readonly { trial: SweepTrial; share: number }[],
  jobs: number,
): number {
  const seconds = new Map(entries.map((entry) => [idOf(entry), entry.seconds]));
  const left = trials.filter((trial) => !seconds.has(trialId(trial)));
  if (left.length === 0) return 0;
  const kindOf = ({ task, method }: SweepTrial) => `${taskId(task)} ${method}`;
  const [sum, count] = [new Map<string, number>(), new Map<string, number>()];
  for (const trial of trials) {
    const took = seconds.get(trialId(trial));
    if (took === undefined) continue;
    for (const key of [kindOf(trial), "all"]) {
      sum.set(key, (sum.get(key) ?? 0) + took);
      count.set(key, (count.get(key) ?? 0) + 1);
    }
  }
  const expected = (trial: SweepTrial) => {
    const key = count.has(kindOf(trial)) ? kindOf(trial) : "all";
    return sum.get(key)! / count.get(key)!;
  };
  if (!count.has("all")) return Number.NaN;
  const all = left.reduce((total, trial) => total + expected(trial), 0);
  const done = started.reduce((total, { trial, share }) => total + share * expected(trial), 0);
  return Math.max(0, all - done) / Math.max(1, jobs);
}
