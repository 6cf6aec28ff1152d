export { HubError } from "../hub/errors";
export { type ReportData, renderReport } from "../report";
export { downloadModel, type HubOptions } from "./hub";
export { loadModel, type NodeLoadOptions } from "./load";
export * from "./sweep";
