import { ArgumentError, ThreadError } from "../../errors";
import { canShare, environment, host, nodeModule } from "../../host";
import { memory } from "../../memory/memory";
import { chooseRelaxed, exports, module } from "./module";

/** A worker of Node or of a browser. */
interface Thread {
  stop(): void;
}

/** Parts of Node's `worker_threads`. */
interface NodeThreads {
  Worker: new (
    code: string,
    options: object,
  ) => { unref(): void; terminate(): Promise<number>; on(event: string, listener: (value: Error) => void): void };
}

/** Runs in the worker: computes what it is given until it is sent away. */
const workerCode = `({ module, memory, thread, epoch }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  try {
    exports.work(thread, epoch);
  } catch (error) {
    exports.fail();
    throw error;
  }
}`;

const pageWorkerCode = `onmessage = ({ data }) => { (${workerCode})(data); close(); }`;
/** One for all workers of a page, and for as long as it is open. */
let workerAddress: string | undefined;

const mostThreads = 64;
let wanted = readThreads(environment("FADER_THREADS"));
let workers: Thread[] = [];
let epoch = 0;
let failure: string | undefined;

/** Threads that large kernels are shared among, this one included. */
export function threadCount(): number {
  return wanted;
}

/**
 * Sets the number of threads for large kernels; the calling one counts. Results have the same bits for any number.
 * Workers start when they are first needed, compute until the program ends, and never keep it alive.
 * @throws `ArgumentError` unless `count` is 1 or more, and where there is no shared memory for more than one.
 */
export function setThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > mostThreads) {
    throw new ArgumentError("setThreads", `the number of threads is ${count}`, { hint: `Use 1 to ${mostThreads}.` });
  }
  if (count > 1 && !canShare) {
    throw new ArgumentError("setThreads", "this page cannot share memory between threads", {
      hint: "Serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.",
    });
  }
  dismissWorkers();
  failure = undefined;
  wanted = count;
}

/** Switches fused multiply-add on or off; results differ in rounding. Returns false where the engine has none. */
export function setRelaxedSimd(on: boolean): boolean {
  dismissWorkers();
  return chooseRelaxed(on);
}

/**
 * Starts the workers that are missing; they join once they are ready.
 * @throws `ThreadError` after one has died.
 */
export function ensureWorkers(): void {
  if (failure !== undefined) throwFailure();
  if (workers.length > 0 || wanted === 1) return;
  epoch = exports.dismiss();
  workers = Array.from({ length: wanted - 1 }, (_, i) => startWorker(i + 1));
}

/** For the caller of a job that a worker did not finish. */
export function workerFailed(): never {
  failure ??= "it stopped in the middle of a kernel";
  throwFailure();
}

function throwFailure(): never {
  const message = failure;
  failure = undefined;
  dismissWorkers();
  wanted = 1;
  throw new ThreadError("threads", `a worker died: ${message}`, {
    hint: "The running computation is lost. From here on one thread computes; setThreads(n) starts new workers.",
  });
}

function dismissWorkers(): void {
  if (workers.length === 0) return;
  exports.dismiss();
  for (const worker of workers) worker.stop();
  workers = [];
}

function startWorker(thread: number): Thread {
  const data = { module, memory, thread, epoch };
  const own = epoch;
  const died = (message: string) => {
    if (own === epoch && workers.length > 0) failure = message;
  };
  const threads = nodeModule<NodeThreads>("worker_threads");
  if (threads !== undefined) {
    const code = `(${workerCode})(process.getBuiltinModule("worker_threads").workerData)`;
    // Loaders and hooks of the program are not for this worker.
    const worker = new threads.Worker(code, { eval: true, workerData: data, execArgv: [], env: {} });
    worker.unref();
    worker.on("error", (error) => died(error.message));
    worker.on("exit", () => died("it was ended from outside"));
    return { stop: () => void worker.terminate() };
  }
  workerAddress ??= URL.createObjectURL(new Blob([pageWorkerCode], { type: "text/javascript" }));
  const worker = new Worker(workerAddress);
  // A script that may not be loaded has no message.
  worker.onerror = (event) => died(event.message || "it could not start; a policy must allow worker-src blob:");
  worker.postMessage(data);
  return { stop: () => worker.terminate() };
}

function readThreads(setting: string | undefined): number {
  if (!canShare) return 1;
  if (setting !== undefined && /^[1-9]\d*$/.test(setting)) return Math.min(Number(setting), mostThreads);
  const os = host === undefined ? undefined : nodeModule<{ availableParallelism(): number }>("os");
  const cores = os?.availableParallelism() ?? (globalThis.navigator?.hardwareConcurrency as number | undefined) ?? 1;
  // Beyond this, memory bandwidth is the limit.
  return Math.min(cores, 8);
}
