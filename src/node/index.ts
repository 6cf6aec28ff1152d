export { type ReportData, renderReport } from "../cli/report";
