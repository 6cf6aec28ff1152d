import type { Engine } from "../protocol";
import { reachEngine } from "./reach";

export { EngineError } from "./engine-error";

/** Starts the worker that computes. Its methods reject with `EngineError`. */
export function startEngine(): Engine {
  return reachEngine(new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }));
}
