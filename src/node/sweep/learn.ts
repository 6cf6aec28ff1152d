import { availableParallelism } from "node:os";
import { fingerprint, type Model } from "../../nn";
import { interventionFromBytes, type LearnedIntervention, type SweepTrial, trialId } from "../../steering";
import { checkJobs, runPool } from "./pool";
import type { SweepOptions } from "./run";

/**
 * Learns trials on all cores and keeps what was learned, by trial id; those whose loss is not finite are missing. A sweep
 * keeps measures alone: this gives what they were measured on, to the bit. `source` and `load`: what `model` was loaded
 * from. Throws `ArgumentError` for no jobs, `ThreadError` when a worker process dies.
 */
export async function learnTrials(
  model: Model,
  trials: readonly SweepTrial[],
  options: Pick<SweepOptions, "source" | "load" | "jobs" | "signal"> & { onLearned?: (id: string) => void } = {},
): Promise<Map<string, LearnedIntervention>> {
  const { source, load = {}, jobs = availableParallelism(), signal, onLearned } = options;
  checkJobs(jobs);
  const learned = new Map<string, LearnedIntervention>();
  const start = { source, load, fingerprint: fingerprint(model) };
  await runPool(trials, start, {
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
