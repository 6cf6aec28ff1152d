import { availableParallelism } from "node:os";
import { fingerprint, type Model } from "../../nn";
import { interventionFromBytes, type LearnedIntervention, type SweepTrial, trialId } from "../../steering";
import { keptLearned } from "./kept";
import { checkJobs, runPool } from "./pool";
import type { SweepOptions } from "./run";

/**
 * What trials learned, by trial id, to the bit what `runTrial` measures; those whose loss is not finite are missing. Reads
 * what a sweep has kept in the folder `kept`, and learns the others on all cores. `source` and `load`: what `model` was
 * loaded from. Throws `ArgumentError` for no jobs, `ThreadError` when a worker process dies.
 */
export async function learnTrials(
  model: Model,
  trials: readonly SweepTrial[],
  options: Pick<SweepOptions, "source" | "load" | "jobs" | "signal"> & {
    kept?: string;
    onLearned?: (id: string) => void;
  } = {},
): Promise<Map<string, LearnedIntervention>> {
  const { source, load = {}, jobs = availableParallelism(), signal, kept, onLearned } = options;
  checkJobs(jobs);
  const learned = new Map<string, LearnedIntervention>();
  const start = { source, load, fingerprint: fingerprint(model) };
  const missing: SweepTrial[] = [];
  for (const trial of trials) {
    const found = kept === undefined ? undefined : await keptLearned(kept, trialId(trial), model);
    if (found === undefined) missing.push(trial);
    else learned.set(trialId(trial), found);
  }
  await runPool(missing, start, {
    jobs,
    keep: "intervention",
    signal,
    async onFinished(trial, report) {
      if (report.kind !== "learned") return;
      learned.set(trialId(trial), interventionFromBytes(report.bytes, model));
      onLearned?.(trialId(trial));
    },
  });
  return learned;
}
