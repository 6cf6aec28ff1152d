export {
  Adam,
  type AdamOptions,
  type CheckOptions,
  type CosineOptions,
  checkGradients,
  clipGradients,
  cosineSchedule,
  detach,
  engineInfo,
  FaderError,
  grad,
  noGrad,
  type Parameters,
  parameter,
  Random,
  type Schedule,
  setBackend,
  setRelaxedSimd,
  setThreads,
  step,
  Tensor,
  tensor,
  valueAndGrad,
} from "./autograd";
export { loadModel } from "./load";
export * from "./nn";
export * from "./steering";
