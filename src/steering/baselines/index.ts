export type { Contrast } from "./contrast";
export { ablateTop, randomLocations, randomVectors } from "./controls";
export { perHead, type SelectThenTuneOptions, selectThenTune } from "./heads";
export { type MeanDifferenceOptions, meanDifference } from "./mean-difference";
export { type Baseline, type BaselineName, type BaselineOptions, baselines } from "./registry";
