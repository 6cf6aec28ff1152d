export { HubError } from "../hub/errors";
export {
  type Answers,
  type Attention,
  type Curve,
  type Dial,
  type Example,
  type ExampleRow,
  type Figure,
  type FrontPoint,
  type Inside,
  type MovedFader,
  type RenderedReport,
  type ReportData,
  renderReport,
  type SiteMap,
  type TableData,
  type TaskData,
} from "../report";
export { downloadModel, type HubOptions } from "./hub";
export { loadModel, type NodeLoadOptions } from "./load";
export { type JournalEntry, type JournalHeader, journalFormat } from "./sweep/journal";
export { type LearnTrialsOptions, learnTrials } from "./sweep/learned";
export type { WorkerOptions } from "./sweep/pool";
export { runSweep, type SweepOptions, type SweepOutcome, type SweepProgress } from "./sweep/run";
