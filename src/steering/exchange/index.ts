export { type ExportOptions, exportIntervention, type InteropFormat, interopFormat, interopFormats } from "./export";
export { type ImportOptions, importIntervention } from "./import";
