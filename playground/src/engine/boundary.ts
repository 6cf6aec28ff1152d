import * as Comlink from "comlink";
import type { Engine, Problem } from "../protocol";
import { EngineError, problemOf } from "./problem";

/** What crosses for each call: errors as data, since their classes do not survive. */
type Answer = { ok: true; value: unknown } | { ok: false; problem: Problem };
/** The one function that the worker offers. */
type Call = (method: string, ...given: unknown[]) => Promise<Answer>;
type Callback = ((...given: unknown[]) => unknown) & { [Comlink.releaseProxy]?: () => void };

/** Offers an engine to whoever is at the other end. */
export function offerEngine(engine: Engine, endpoint?: Comlink.Endpoint): void {
  const methods = engine as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
  const call: Call = async (method, ...given) => {
    // Reports travel by ports of their own: all have arrived before the result is sent.
    const sent = new Set<Promise<unknown>>();
    const relayed = given.map((value) => {
      if (typeof value !== "function") return value;
      return (...report: unknown[]) => {
        const arrival = Promise.resolve(value(...report)).catch(() => {});
        sent.add(arrival);
        arrival.then(() => sent.delete(arrival));
      };
    });
    try {
      const value = await methods[method]!(...relayed);
      await Promise.all(sent);
      return { ok: true, value };
    } catch (error) {
      return { ok: false, problem: problemOf(error) };
    } finally {
      for (const value of given) if (typeof value === "function") (value as Callback)[Comlink.releaseProxy]?.();
    }
  };
  Comlink.expose(call, endpoint);
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
        .catch((error) => reject(new EngineError(problemOf(error))))
        .finally(() => waiting.delete(reject));
    });
  return new Proxy({} as Engine, {
    // A promise of an engine must not take it for a promise.
    get: (_, method) => (method === "then" ? undefined : (...given: unknown[]) => send(String(method), given)),
  });
}
