export type {
  Answers,
  Attention,
  Curve,
  Dial,
  Example,
  ExampleRow,
  FrontPoint,
  Inside,
  MovedFader,
  ReportData,
  SiteMap,
  TableData,
  TaskData,
} from "./data";
export { describeComparison, describeSweep, type FinishedSweep, type ReportWork } from "./describe-sweep";
export type { SeedRun } from "./describe-task";
export type { Figure } from "./html";
export { type RenderedReport, renderReport } from "./render";
