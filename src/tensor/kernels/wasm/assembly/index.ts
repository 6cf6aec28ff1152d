// Everything the WebAssembly module exports: kernels run as jobs, see `jobs.ts`.
import { GEMM_SCRATCH } from "./gemm";

export { attentionScratchBytes } from "./attention";
export { attentionGradientScratchBytes } from "./attention-gradient";
export { dismiss, fail, ready, run, work } from "./pool";

/** Bytes of scratch of one thread for `Job.Gemm`. */
export function gemmScratchBytes(): i32 {
  return GEMM_SCRATCH;
}

/** Where constant tables end: the first 64 KiB are reserved for them, the heap starts at 65536. */
export function staticEnd(): usize {
  return __heap_base;
}
