export {
  type CheckOptions,
  checkGradients,
  detach,
  engineInfo,
  FaderError,
  grad,
  noGrad,
  parameter,
  Random,
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
