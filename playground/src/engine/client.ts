import type { Engine } from "../protocol";
import { reachEngine } from "./boundary";

export { EngineError } from "./problem";

/** Starts the worker that computes. Its methods reject with `EngineError`. */
export function startEngine(): Engine {
  return reachEngine(new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }));
}
