export { type ReportData, renderReport } from "../report";
export { downloadModel, type HubOptions } from "./hub";
export { HubError } from "./hub-request";
export { loadModel, type NodeLoadOptions } from "./load";
export * from "./sweep";
