import type { DType } from "../dtype";
import { isHalf } from "../half";
import type { Kernels } from "./interface";
import { reference } from "./reference/kernels";
import { wasm } from "./wasm/kernels";
import { isRelaxed } from "./wasm/module";
import { threadCount } from "./wasm/threads";

let forFloat32: Kernels = wasm;

/** The backend that computes `dtype`: `f32` (and the 16-bit weights that are read as such) is fast, the others plain. */
export function kernelsFor(dtype: DType): Kernels {
  return dtype === "f32" || isHalf(dtype) ? forFloat32 : reference;
}

/** Chooses the backend that computes `f32`. Results differ only in rounding. */
export function setBackend(name: "wasm" | "reference"): void {
  forFloat32 = name === "wasm" ? wasm : reference;
}

/** The backend that computes `f32`, with which instructions and on how many threads. */
export function engineInfo(): { backend: string; simd: boolean; relaxedSimd: boolean; threads: number } {
  const isWasm = forFloat32 === wasm;
  return {
    backend: forFloat32.name,
    simd: isWasm,
    relaxedSimd: isWasm && isRelaxed,
    threads: isWasm ? threadCount() : 1,
  };
}

export type { Kernels } from "./interface";
export { setRelaxedSimd, setThreads } from "./wasm/threads";
