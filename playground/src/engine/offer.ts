import * as Comlink from "comlink";
import type { Engine } from "../protocol";
import type { Call } from "./call";
import { problemOf } from "./problem";

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
