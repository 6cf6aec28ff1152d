/** Parts of the tensor layer for Fader alone. The layers above import `index` and this file, and nothing past them. */

// Elements: dtypes, and 16-bit floats as bits.
export { isFloat, itemSize, typedArray } from "./dtype";
// Errors: unknown option names, and the nearest name for hints.
export { checkOptions, nearest } from "./errors";
export {
  bfloatToNumber,
  decode,
  type HalfDType,
  halfToNumber,
  isHalf,
  narrowInto,
  numberToBfloat,
  numberToHalf,
  widenInto,
} from "./half";
// Kernels, called without an op, and measured.
export { kernelsFor } from "./kernels";
// Shapes.
export { broadcastShapes, Layout, sameShape, sizeOf } from "./layout";
// Memory: how long tensors live, and changes in place. See docs/decisions/0014-step-memory.md.
export { mapTensors } from "./memory/containers";
export { addInto, copyInto } from "./memory/in-place";
export {
  addPending,
  freeUnused,
  holdSteps,
  markReusable,
  outsideStep,
  recycle,
  releaseNow,
  removePending,
  type Storage,
} from "./memory/lifetime";
export { memoryLimit } from "./memory/memory";
// Ops: what autodiff knows of them, and those that are no use outside.
export { contiguous, type GradientContext, namesIn, type Op, setRecorder } from "./op";
export { cachedAttention } from "./ops/cached-attention";
export { sumTo } from "./ops/reduce";
export { place } from "./ops/views";
export { profiler, timed } from "./profile";
export { empty } from "./tensor";
