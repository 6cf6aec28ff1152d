import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { ArgumentError, ThreadError } from "../../autograd";
import { type FailedTrial, type SweepTrial, type TrialResult, trialId } from "../../steering";
import type { NodeLoadOptions } from "../load";

/** How worker processes are started: options of `runSweep` and `learnTrials`. */
export interface WorkerOptions {
  /** What the model was loaded from: each worker loads it again. */
  source?: string;
  load?: NodeLoadOptions;
  /** Trials at the same time. Default: one for each core. Results do not depend on it. */
  jobs?: number;
  /** Stops the workers; a sweep keeps what is finished in its journal. */
  signal?: AbortSignal;
}

/** The first message to a worker: its model. Paths and names as the user gave them. */
export interface WorkerStart {
  readonly source: string | undefined;
  readonly load: NodeLoadOptions;
  /** Of the model that the sweep is about. */
  readonly fingerprint: string;
}

/** All further messages to a worker: one trial at a time. */
export interface WorkerOrder {
  readonly trial: SweepTrial;
  readonly wanted: Wanted;
}

/** What a worker hands back: what it measured, or only what it learned. */
type Wanted = "measures" | "intervention";

/** A message from a worker. What was learned comes as `LearnedIntervention.toBytes` gives it. */
export type WorkerReport =
  | { readonly kind: "ready" }
  | { readonly kind: "progress"; readonly share: number }
  | { readonly kind: "done"; readonly result: TrialResult; readonly bytes: Uint8Array }
  | { readonly kind: "learned"; readonly bytes: Uint8Array }
  | { readonly kind: "failed"; readonly failed: FailedTrial }
  | { readonly kind: "error"; readonly message: string };

/** How a trial ended. */
type Finished = Extract<WorkerReport, { kind: "done" | "learned" | "failed" }>;

interface PoolOptions {
  jobs: number;
  wanted: Wanted;
  signal?: AbortSignal | undefined;
  /** A trial is finished. The worker gets its next one once this has settled. */
  onFinished(trial: SweepTrial, report: Finished, seconds: number): Promise<void>;
  /** How much of a running trial is done, 0 to 1. */
  onProgress?(trial: SweepTrial, share: number): void;
}

/**
 * Runs trials in `jobs` processes, one trial in each at a time, in order. Each has its own model and computes with one
 * thread. Rejects with the first error, or with the reason of `signal`; by then all of them have ended.
 */
export async function runPool(
  trials: readonly SweepTrial[],
  start: WorkerStart,
  { jobs, signal, ...orders }: PoolOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const queue = [...trials];
  const workers: ChildProcess[] = [];
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal!.reason);
  });
  signal?.addEventListener("abort", stop);
  try {
    const lanes = Array.from({ length: Math.min(jobs, trials.length) }, () => {
      const worker = fork(workerFile(), { env: { ...process.env, FADER_THREADS: "1" }, serialization: "advanced" });
      workers.push(worker);
      worker.send(start);
      return runLane(worker, queue, orders);
    });
    await Promise.race([Promise.all(lanes), stopped]);
  } finally {
    signal?.removeEventListener("abort", stop);
    await Promise.all(workers.map(end));
  }
}

/** Throws `ArgumentError` unless it is a number of processes. */
export function checkJobs(jobs: number): void {
  if (Number.isInteger(jobs) && jobs >= 1) return;
  throw new ArgumentError("sweep", `jobs is ${jobs}`, { hint: "Use 1 or more." });
}

/** Feeds one worker until nothing is left. */
function runLane(
  worker: ChildProcess,
  queue: SweepTrial[],
  { wanted, onFinished, onProgress }: Pick<PoolOptions, "wanted" | "onFinished" | "onProgress">,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let current: SweepTrial | undefined;
    let start = 0;
    const next = () => {
      current = queue.shift();
      start = performance.now();
      if (current === undefined) resolve();
      else worker.send({ trial: current, wanted } satisfies WorkerOrder);
    };
    const receive = async (report: WorkerReport) => {
      if (report.kind === "ready") next();
      else if (report.kind === "progress") onProgress?.(current!, report.share);
      else if (report.kind === "error") throw failure(current, report.message);
      else {
        await onFinished(current!, report, (performance.now() - start) / 1000);
        next();
      }
    };
    worker.on("message", (report: WorkerReport) => receive(report).catch(reject));
    worker.on("error", (error) => reject(failure(current, error.message)));
    worker.on("exit", (code, signal) => reject(failure(current, `its process ended (${signal ?? `status ${code}`})`)));
  });
}

async function end(worker: ChildProcess): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null || worker.pid === undefined) return;
  const ended = once(worker, "exit");
  worker.kill("SIGKILL");
  await ended;
}

function failure(trial: SweepTrial | undefined, message: string): ThreadError {
  return new ThreadError("sweep", `${trial === undefined ? "a worker" : trialId(trial)}: ${message}`);
}

/** The worker beside this file in the source; in the built package at one place, wherever this code was put. */
function workerFile(): URL {
  if (import.meta.url.endsWith(".ts")) return new URL("./worker.ts", import.meta.url);
  const places = ["./node/sweep-worker.js", "../node/sweep-worker.js"].map((path) => new URL(path, import.meta.url));
  return places.find((place) => existsSync(place)) ?? places[0]!;
}
