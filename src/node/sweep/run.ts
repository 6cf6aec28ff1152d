import { availableParallelism } from "node:os";
import { join } from "node:path";
import { remove, writeFile } from "../../io/disk";
import { fingerprint, type Model } from "../../nn";
import {
  type Claim,
  checkClaims,
  type FailedTrial,
  type Grid,
  printSummary,
  type Summary,
  type SweepTrial,
  summarize,
  type TrialResult,
  trialId,
  trialsOf,
} from "../../steering";
import { idOf, Journal, type JournalEntry, journalFormat } from "./journal";
import { removeLearned, writeLearned } from "./learned";
import { checkJobs, runPool, type WorkerOptions } from "./pool";
import { secondsLeft } from "./time-left";

/** Options of `runSweep`. */
export interface SweepOptions extends WorkerOptions {
  /** Folder of the journal and of the results. */
  out: string;
  /** Drops what an earlier sweep left in `out`. */
  fresh?: boolean;
  /** Of the package: results of different versions are not mixed. */
  version: string;
  /** Told how far the sweep is whenever that changes. */
  onProgress?: (progress: SweepProgress) => void;
}

/** How far a sweep is. */
export interface SweepProgress {
  readonly trials: number;
  readonly finished: number;
  /** Taken over from an earlier run. */
  readonly resumed: number;
  /** Finished trials and the started shares of others. */
  readonly done: number;
  /** NaN as long as nothing is known. */
  readonly secondsLeft: number;
  /** The trial that has just been finished. */
  readonly last?: { readonly id: string; readonly seconds: number };
}

/** What `runSweep` found. */
export interface SweepOutcome {
  readonly results: readonly TrialResult[];
  readonly failed: readonly FailedTrial[];
  readonly summary: Summary;
  readonly claims: readonly Claim[];
  /** Tables, fronts and claims. */
  readonly text: string;
}

/**
 * Runs every trial of a grid that the journal in `out` does not hold yet, on all cores, and writes `results.jsonl` (in the
 * order of the grid: the same bytes however often the sweep was stopped), `summary.json` and `summary.txt` there.
 *
 * @throws ArgumentError for a grid out of range and for a folder that another sweep uses or has used, ThreadError when a
 * worker process dies. Whatever it throws, finished trials stay in the journal.
 */
export async function runSweep(model: Model, grid: Grid, options: SweepOptions): Promise<SweepOutcome> {
  const { out, source, load = {}, jobs = availableParallelism(), fresh = false, version, signal, onProgress } = options;
  checkJobs(jobs);
  const trials = trialsOf(grid);
  const own = fingerprint(model);
  const header = { format: journalFormat, version, model: model.name, fingerprint: own, grid };
  const journal = await Journal.open(out, header, { fresh });
  try {
    // Of an earlier sweep: they would be taken for this one's if it is stopped.
    for (const name of outputs) await remove(join(out, name));
    if (journal.entries.length === 0) await removeLearned(out);
    const isFinished = new Set(journal.entries.map(idOf));
    const left = trials.filter((trial) => !isFinished.has(trialId(trial)));
    const resumed = trials.length - left.length;
    const running = new Map<string, { trial: SweepTrial; share: number }>();
    const report = (last?: SweepProgress["last"]) => {
      const started = [...running.values()];
      const finished = journal.entries.length;
      onProgress?.({
        trials: trials.length,
        finished,
        resumed,
        done: finished + started.reduce((sum, { share }) => sum + share, 0),
        secondsLeft: secondsLeft(trials, journal.entries, started, Math.min(jobs, left.length)),
        ...(last && { last }),
      });
    };
    report();
    await runPool(
      left,
      { source, load, fingerprint: own },
      {
        jobs,
        wanted: "measures",
        signal,
        async onFinished(trial, message, seconds) {
          const rounded = Number(seconds.toFixed(2));
          if (message.kind === "done") {
            // Before the journal says that the trial is finished.
            await writeLearned(out, message.result.id, message.bytes);
            await journal.add({ seconds: rounded, result: message.result });
          }
          if (message.kind === "failed") await journal.add({ seconds: rounded, failed: message.failed });
          running.delete(trialId(trial));
          report({ id: trialId(trial), seconds });
        },
        onProgress(trial, share) {
          running.set(trialId(trial), { trial, share });
          report();
        },
      },
    );
    return await conclude(grid, trials, journal.entries, out, header);
  } finally {
    await journal.close();
  }
}

const outputs = ["results.jsonl", "summary.json", "summary.txt"];

async function conclude(
  grid: Grid,
  trials: readonly SweepTrial[],
  entries: readonly JournalEntry[],
  out: string,
  header: object,
): Promise<SweepOutcome> {
  const byId = new Map(entries.map((entry) => [idOf(entry), entry]));
  const ordered = trials.map((trial) => byId.get(trialId(trial))!);
  const results = ordered.flatMap((entry) => ("result" in entry ? [entry.result] : []));
  const failed = ordered.flatMap((entry) => ("failed" in entry ? [entry.failed] : []));
  const summary = summarize(grid, results, failed);
  const claims = checkClaims(grid, results);
  const text = printSummary(summary, claims);
  const lines = ordered.map((entry) => JSON.stringify("result" in entry ? entry.result : entry.failed));
  await writeFile(join(out, "results.jsonl"), `${lines.join("\n")}\n`);
  await writeFile(join(out, "summary.json"), `${JSON.stringify({ ...header, ...summary, claims }, null, 1)}\n`);
  await writeFile(join(out, "summary.txt"), `${text}\n`);
  return { results, failed, summary, claims, text };
}
