import { canShare, findRelaxedSimd } from "../../host";
import { memory } from "../../memory/memory";
import { fromBase64 } from "./base64";
import { plainBase64, relaxedBase64 } from "./binary";

/** Exports of the module. See `assembly/index.ts`. */
export interface Exports {
  /** Runs a job over its units; 1 when a worker failed. See `assembly/pool.ts`. */
  run(job: number, units: number, grain: number, mayWait: number): number;
  /** The life of a worker. */
  work(thread: number, epoch: number): void;
  dismiss(): number;
  fail(): void;
  ready(): number;
  gemmScratchBytes(): number;
  /** For sizes written as `attentionSizes` says. */
  attentionScratchBytes(sizes: number): number;
  attentionGradientScratchBytes(sizes: number): number;
}

/** Asked first of all: Node 20's switch counts only for what is compiled after it. */
const hasRelaxedSimd = findRelaxedSimd();

function compile(relaxed: boolean): WebAssembly.Module {
  const bytes = fromBase64(relaxed ? relaxedBase64 : plainBase64);
  if (!canShare) importUnsharedMemory(bytes);
  return new WebAssembly.Module(bytes);
}

/** The module asks for shared memory; where there is none, one bit of its import is cleared. */
function importUnsharedMemory(bytes: Uint8Array): void {
  const name = [..."\x03env\x06memory\x02\x03"].map((character) => character.charCodeAt(0));
  const at = bytes.findIndex((_, i) => name.every((byte, j) => bytes[i + j] === byte));
  bytes[at + name.length - 1] = 1;
}

const instantiate = (from: WebAssembly.Module) =>
  new WebAssembly.Instance(from, { env: { memory } }).exports as unknown as Exports;

/** The compiled kernels, for workers to instantiate. Compiled on load: there is nothing to set up. */
export let module = compile(hasRelaxedSimd);
/** The kernels on the engine's memory. */
export let exports = instantiate(module);
/** True while the kernels use fused multiply-add. */
export let isRelaxed = hasRelaxedSimd;

/** Switches between fused and plain multiply-add; false where there is no relaxed SIMD. Workers must be gone. */
export function chooseRelaxed(relaxed: boolean): boolean {
  if (relaxed === isRelaxed || (relaxed && !hasRelaxedSimd)) return relaxed === isRelaxed;
  module = compile(relaxed);
  exports = instantiate(module);
  isRelaxed = relaxed;
  return true;
}
