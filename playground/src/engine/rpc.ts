import * as Comlink from "comlink";
import { type Engine, EngineError } from "../protocol";

/** The one function that the worker offers. Errors come back as the data of an `EngineError`: Comlink keeps no classes. */
type Call = (method: string, ...given: unknown[]) => Promise<{ value: unknown } | { error: EngineError }>;

/** The part of a `Worker` that is used; tests give another. */
export interface EngineWorker extends Comlink.Endpoint {
  terminate(): void;
}

/** The engine at the other end of a worker. Its methods reject with `EngineError`, all of them once the worker dies. */
export function connectEngine(worker: EngineWorker): Engine {
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
      const sent = given.map((value) => (typeof value === "function" ? Comlink.proxy(value as () => void) : value));
      call(method, ...sent)
        .then((answer) => ("error" in answer ? reject(new EngineError(answer.error)) : resolve(answer.value)))
        .catch((error) => reject(EngineError.of(error)))
        .finally(() => waiting.delete(reject));
    });
  return new Proxy({} as Engine, {
    // Without this, `await` of an engine would call its `then`.
    get: (_, method) => (method === "then" ? undefined : (...given: unknown[]) => send(String(method), given)),
  });
}

type Callback = ((...given: unknown[]) => unknown) & { [Comlink.releaseProxy]?: () => void };

/** Answers the calls of `connectEngine` at the other end: of this worker, unless an endpoint is given. */
export function offerEngine(engine: Engine, endpoint?: Comlink.Endpoint): void {
  const methods = engine as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
  const call: Call = async (method, ...given) => {
    // Each callback has a port of its own: the result waits until all reports have arrived.
    const reports = new Set<Promise<unknown>>();
    const relayed = given.map((value) => {
      if (typeof value !== "function") return value;
      return (...report: unknown[]) => {
        const arrival = Promise.resolve(value(...report)).catch(() => {});
        reports.add(arrival);
        arrival.then(() => reports.delete(arrival));
      };
    });
    try {
      const value = await methods[method]!(...relayed);
      await Promise.all(reports);
      return { value };
    } catch (error) {
      return { error: { ...EngineError.of(error) } };
    } finally {
      for (const value of given) if (typeof value === "function") (value as Callback)[Comlink.releaseProxy]?.();
    }
  };
  Comlink.expose(call, endpoint);
}
