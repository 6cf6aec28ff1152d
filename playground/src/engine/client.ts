import * as Comlink from "comlink";
import type { Engine } from "../protocol";
import type { Call } from "./call";
import { EngineError, unexpected } from "./engine-error";

export { EngineError } from "./engine-error";

/** Starts the worker that computes. Its methods reject with `EngineError`. */
export function startEngine(): Engine {
  return reachEngine(new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }));
}

/** What is used of a `Worker`. */
export interface EngineWorker extends Comlink.Endpoint {
  terminate(): void;
}

/** The engine at the other end of a worker, as if it were here. A worker that dies ends all calls with a problem. */
export function reachEngine(worker: EngineWorker): Engine {
  const call = Comlink.wrap<Call>(worker) as unknown as Call;
  const waiting = new Set<(error: EngineError) => void>();
  let death: EngineError | undefined;
  const die = (event: Event) => {
    const { message = "" } = event as ErrorEvent;
    death ??= new EngineError({
      name: "WorkerError",
      problem: "The worker that computes has stopped.",
      details: message === "" ? {} : { reason: message },
      hint: "Reload the page.",
    });
    worker.terminate();
    for (const reject of waiting) reject(death);
    waiting.clear();
  };
  for (const type of ["error", "messageerror"]) worker.addEventListener(type, die as EventListener);
  const send = (method: string, given: unknown[]) =>
    new Promise((resolve, reject) => {
      if (death !== undefined) return reject(death);
      waiting.add(reject);
      const proxied = given.map((value) => (typeof value === "function" ? Comlink.proxy(value as () => void) : value));
      call(method, ...proxied)
        .then((answer) => (answer.ok ? resolve(answer.value) : reject(new EngineError(answer.problem))))
        .catch((error) => reject(new EngineError(unexpected(error))))
        .finally(() => waiting.delete(reject));
    });
  return new Proxy({} as Engine, {
    // A promise of an engine must not take it for a promise.
    get: (_, method) => (method === "then" ? undefined : (...given: unknown[]) => send(String(method), given)),
  });
}
