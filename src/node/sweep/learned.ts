import { availableParallelism } from "node:os";
import { join } from "node:path";
import { makeFolder, remove, writeFile } from "../../io/disk";
import { fingerprint, type Model, NotFoundError } from "../../nn";
import {
  interventionFromBytes,
  type LearnedIntervention,
  loadIntervention,
  type SweepTrial,
  trialId,
} from "../../steering";
import { checkJobs, runPool, type WorkerOptions } from "./pool";

/** What the trials of a sweep learned lies beside its journal, a file each. */
const folderIn = (out: string) => join(out, "learned");
const fileIn = (out: string, id: string) => join(folderIn(out), `${id.replaceAll("/", "_")}.fader.safetensors`);

/** Writes what a trial of the sweep in `out` learned, as `LearnedIntervention.toBytes` gives it. */
export async function writeLearned(out: string, id: string, bytes: Uint8Array): Promise<void> {
  await makeFolder(folderIn(out));
  await writeFile(fileIn(out, id), bytes);
}

/** Removes what all trials of the sweep in `out` learned. */
export async function removeLearned(out: string): Promise<void> {
  await remove(folderIn(out));
}

/** What a trial of the sweep in `out` learned, or undefined where there is no file of it. */
async function readLearned(out: string, id: string, model: Model): Promise<LearnedIntervention | undefined> {
  try {
    return await loadIntervention(fileIn(out, id), model);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** Options of `learnTrials`. */
export interface LearnTrialsOptions extends WorkerOptions {
  /** Folder of a sweep: what its trials learned is read from there. */
  out?: string;
  /** Called for each trial that had to learn. */
  onLearned?: (id: string) => void;
}

/**
 * What trials learned, by trial id, to the bit what a sweep measures; those whose loss is not finite are missing. Reads
 * what the sweep in `out` wrote, and learns the others on all cores. `source` and `load`: what `model` was loaded from.
 *
 * @throws ArgumentError for no jobs, ThreadError when a worker process dies.
 */
export async function learnTrials(
  model: Model,
  trials: readonly SweepTrial[],
  options: LearnTrialsOptions = {},
): Promise<Map<string, LearnedIntervention>> {
  const { source, load = {}, jobs = availableParallelism(), signal, out, onLearned } = options;
  checkJobs(jobs);
  const learned = new Map<string, LearnedIntervention>();
  const missing: SweepTrial[] = [];
  for (const trial of trials) {
    const found = out === undefined ? undefined : await readLearned(out, trialId(trial), model);
    if (found === undefined) missing.push(trial);
    else learned.set(trialId(trial), found);
  }
  await runPool(
    missing,
    { source, load, fingerprint: fingerprint(model) },
    {
      jobs,
      wanted: "intervention",
      signal,
      async onFinished(trial, report) {
        if (report.kind !== "learned") return;
        learned.set(trialId(trial), interventionFromBytes(report.bytes, model));
        onLearned?.(trialId(trial));
      },
    },
  );
  return learned;
}
