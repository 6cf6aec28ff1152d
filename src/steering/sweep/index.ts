export { type Claim, checkClaims, type Finding, thresholds, type Verdict } from "./claims";
export { paretoFront } from "./pareto";
export { printSummary } from "./print";
export { learnTrial, type PromptColumns, runTrial, type TrialResult, taskOf } from "./run-trial";
export { type Cell, type FailedTrial, type Summary, summarize, type TaskSummary } from "./summary";
export {
  cellId,
  checkGrid,
  defaultGrid,
  type Grid,
  quickGrid,
  reference,
  type SweepTask,
  type Trial,
  taskId,
  trialId,
  trialsOf,
} from "./trials";
export type { MeasureName } from "./units";
