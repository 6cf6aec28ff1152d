export { type ReportData, renderReport } from "../cli/report";
export { downloadModel, type HubOptions } from "./hub";
export { HubError } from "./hub-request";
export { loadModel, type NodeLoadOptions } from "./load";
export * from "./sweep";
