import { attachMethods } from "./fluent";

attachMethods();

export {
  arange,
  asTensor,
  type CreateOptions,
  eye,
  full,
  linspace,
  ones,
  parameter,
  type RandomOptions,
  rand,
  randint,
  randn,
  tensor,
  zeros,
} from "./create";
export { type DType, isFloat, type TypedArray } from "./dtype";
export * from "./errors";
export {
  bfloatToNumber,
  type HalfDType,
  halfToNumber,
  isHalf,
  narrowInto,
  numberToBfloat,
  numberToHalf,
  widenInto,
} from "./half";
export { engineInfo, type Kernels, setBackend, setRelaxedSimd, setThreads } from "./kernels";
export { broadcastShapes, Layout, type Range, type Shape, sameShape, sizeOf } from "./layout";
export { memoryUse } from "./memory/memory";
export { step } from "./memory/step";
export type { TensorLike } from "./op";
export * from "./ops";
export type { Axis } from "./ops/reduce";
export {
  type ProfileRow,
  printProfile,
  profile,
  profileRows,
  profileTable,
  resetProfile,
  setProfile,
  timed,
} from "./profile";
export { Random } from "./random";
export { isTensor, type Nested, Tensor } from "./tensor";
