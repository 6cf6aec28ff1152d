// Everything the WebAssembly module exports. Pointers are byte addresses; sizes and strides count elements.
export { binary, compare, where_ } from "./binary";
export { copyStrided, fill } from "./copy";
export { gatherAlong, scatterAddAlong } from "./gather";
export { swiglu, swigluBackwardGate } from "./gated";
export { gemm, gemmScratchBytes } from "./gemm";
export { klWithout, klWithoutBackward } from "./kl";
export { crossEntropy, crossEntropyBackward } from "./loss";
export {
  layerNorm,
  layerNormBackwardX,
  layerNormStatistics,
  rmsNorm,
  rmsNormBackwardX,
  rmsNormStatistics,
} from "./norm";
export { normBackwardW } from "./norm-weight";
export { argmax, reduce } from "./reduce";
export {
  causalSoftmax,
  logSoftmax,
  logSoftmaxBackward,
  softmax,
  softmaxBackward,
} from "./softmax";
export { adam, embedding, scatterAddRows } from "./train";
export { unary, unaryBackward } from "./unary";

/** Where constant tables end: the first 64 KiB are reserved for them, the heap starts at 65536. */
export function staticEnd(): usize {
  return __heap_base;
}
