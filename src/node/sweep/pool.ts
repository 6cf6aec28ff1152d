import { existsSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { ThreadError } from "../../autograd";
import { type Trial, trialId } from "../../steering";
import type { Report, WorkerData } from "./messages";

export interface PoolEvents {
  /** A trial is finished. The worker gets its next one once this has settled. */
  onFinished(trial: Trial, report: Extract<Report, { kind: "done" | "failed" }>, seconds: number): Promise<void>;
  /** How much of a running trial is done, 0 to 1. */
  onProgress(trial: Trial, share: number): void;
}

/**
 * Runs trials in `jobs` threads, one trial in each at a time, in order. Each thread has its own model and computes with
 * one kernel thread, so that results do not depend on `jobs`. Rejects with the first error, or with the reason of
 * `signal`; by then all threads have ended.
 */
export async function runPool(
  trials: readonly Trial[],
  data: WorkerData,
  { jobs, signal, ...events }: PoolEvents & { jobs: number; signal?: AbortSignal | undefined },
): Promise<void> {
  signal?.throwIfAborted();
  const queue = [...trials];
  const workers: Worker[] = [];
  let stop = () => {};
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal!.reason);
  });
  signal?.addEventListener("abort", stop);
  try {
    const lanes = Array.from({ length: Math.min(jobs, trials.length) }, () => {
      const worker = new Worker(workerFile(), { workerData: data, env: { ...process.env, FADER_THREADS: "1" } });
      workers.push(worker);
      return runLane(worker, queue, events);
    });
    await Promise.race([Promise.all(lanes), stopped]);
  } finally {
    signal?.removeEventListener("abort", stop);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** Feeds one worker until nothing is left. */
function runLane(worker: Worker, queue: Trial[], { onFinished, onProgress }: PoolEvents): Promise<void> {
  return new Promise((resolve, reject) => {
    let current: Trial | undefined;
    let start = 0;
    const next = () => {
      current = queue.shift();
      start = performance.now();
      if (current === undefined) resolve();
      else worker.postMessage(current);
    };
    const receive = async (report: Report) => {
      if (report.kind === "ready") next();
      else if (report.kind === "progress") onProgress(current!, report.share);
      else if (report.kind === "error") throw failure(current, report.message);
      else {
        await onFinished(current!, report, (performance.now() - start) / 1000);
        next();
      }
    };
    worker.on("message", (report: Report) => receive(report).catch(reject));
    worker.on("error", (error) => reject(failure(current, (error as Error).stack ?? String(error))));
    worker.on("exit", () => reject(failure(current, "its thread ended")));
  });
}

function failure(trial: Trial | undefined, message: string): ThreadError {
  return new ThreadError("sweep", `${trial === undefined ? "a worker" : trialId(trial)}: ${message}`);
}

/** The worker beside this file in the source; in the built package at one place, wherever this code was put. */
function workerFile(): URL {
  if (import.meta.url.endsWith(".ts")) return new URL("./worker.ts", import.meta.url);
  const places = ["./node/sweep-worker.js", "../node/sweep-worker.js"].map((path) => new URL(path, import.meta.url));
  return places.find((place) => existsSync(place)) ?? places[0]!;
}
