export * from "../tensor";
export { type CheckOptions, checkGradients } from "./check";
export { countElements, type Differentiable, grad, valueAndGrad } from "./grad";
export {
  Adam,
  type AdamOptions,
  type CosineOptions,
  clipGradients,
  cosineSchedule,
  type Parameters,
  type Schedule,
} from "./optim";
export { detach, noGrad } from "./tape";
export { leavesOf, mapTree, type Tree } from "./tree";
