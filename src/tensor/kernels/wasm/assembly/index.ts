// Everything the WebAssembly module exports. Pointers are byte addresses; sizes and strides count elements.
export { attention, attentionScratchBytes } from "./attention";
export { attentionGradient, attentionGradientScratchBytes } from "./attention-gradient";
export { binary, compare, where_ } from "./binary";
export { copyStrided, fill } from "./copy";
export { gemm, gemmScratchBytes } from "./gemm";
export { crossEntropy, crossEntropyBackward } from "./loss";
export {
  layerNorm,
  layerNormBackwardW,
  layerNormBackwardX,
  rmsNorm,
  rmsNormBackwardW,
  rmsNormBackwardX,
} from "./norm";
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
