export type { Family, Part } from "./family";
export { parseConfig, toHuggingFaceConfig } from "./parse";
export { families, familyOf } from "./registry";
export { rotaryFrequencies } from "./rope";
