export * from "../tensor";
export { type CheckOptions, checkGradients } from "./check";
export { countElements, type Differentiable, grad, valueAndGrad } from "./grad";
export { detach, noGrad } from "./tape";
export { leavesOf, mapTree, type Tree } from "./tree";
