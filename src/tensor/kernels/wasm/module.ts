import { allocate, memory, release } from "../../memory";
import { wasmBase64 } from "./binary";

/** What the module exports; pointers are byte addresses, sizes count elements. See `assembly/index.ts`. */
type Name =
  | "unary"
  | "unaryBackward"
  | "binary"
  | "compare"
  | "where_"
  | "copyStrided"
  | "fill"
  | "reduce"
  | "argmax"
  | "softmax"
  | "logSoftmax"
  | "causalSoftmax"
  | "softmaxBackward"
  | "logSoftmaxBackward"
  | "layerNorm"
  | "layerNormBackwardX"
  | "layerNormBackwardW"
  | "rmsNorm"
  | "rmsNormBackwardX"
  | "rmsNormBackwardW"
  | "embedding"
  | "scatterAddRows"
  | "crossEntropy"
  | "crossEntropyBackward"
  | "adam"
  | "attention"
  | "attentionScratchBytes"
  | "attentionGradient"
  | "attentionGradientScratchBytes"
  | "gemm"
  | "gemmScratchBytes";
type Exports = Readonly<Record<Name, (...args: number[]) => number>>;

const bytes = Uint8Array.from(atob(wasmBase64), (character) => character.charCodeAt(0));

/** One instance of the kernels on the engine's memory. Compiled on load: there is nothing to set up. */
export const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } })
  .exports as unknown as Exports;

/** Axes that a kernel can walk, and the most operands of one. */
const maximumMeta = 32 * 4;

/** Memory of the kernels themselves, taken once. */
export const scratch = {
  /** Shapes and strides of the running call. */
  meta: allocate(4 * maximumMeta),
  gemm: { ptr: 0, bytes: 0 },

  /** Room for packed operands and for attention's scores, kept at the largest size asked for. */
  forGemm(bytes: number): number {
    const { gemm } = scratch;
    if (bytes > gemm.bytes) {
      const ptr = allocate(bytes);
      if (gemm.bytes > 0) release(gemm.ptr, gemm.bytes);
      gemm.ptr = ptr;
      gemm.bytes = bytes;
    }
    return gemm.ptr;
  },
};

let meta = new Int32Array(memory.buffer, scratch.meta, maximumMeta);

/** Writes shapes and strides where the next call reads them. */
export function writeMeta(values: readonly number[]): void {
  if (meta.buffer !== memory.buffer) meta = new Int32Array(memory.buffer, scratch.meta, maximumMeta);
  for (let i = 0; i < values.length; i++) meta[i] = values[i]!;
}
