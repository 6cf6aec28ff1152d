export { type ConflictForm, cccPrompt, conflictForms, ioiPrompt } from "../builtin/corpus";
export { capitalOf, capitals, countries } from "../builtin/facts";
export { type BakeOptions, bake } from "./bake";
export {
  ablateTop,
  type Baseline,
  type BaselineName,
  type BaselineOptions,
  baselines,
  type Contrast,
  type MeanDifferenceOptions,
  meanDifference,
  perHead,
  randomLocations,
  randomVectors,
  type SelectThenTuneOptions,
  selectThenTune,
} from "./baselines";
export { Comparison, type Contestants, compare } from "./compare";
export { type CountryCapitalsOptions, countryCapitals } from "./country-capitals";
export { betaDial, type DialPoint, type DialRow } from "./dial";
export { evaluate, type Metrics, pruningCurve } from "./evaluate";
export { type Harm, type HarmAtBeta, harm, type TextHarm } from "./harm";
export { type IndirectObjectsOptions, indirectObjects } from "./indirect-objects";
export {
  type ExportOptions,
  exportIntervention,
  type ImportOptions,
  type InteropFormat,
  importIntervention,
  interopFormat,
  interopFormats,
} from "./interop";
export { type LearnOptions, type LearnReport, learn, learnScalars, learnVectors } from "./learn";
export {
  type ActiveLocation,
  type Kind,
  LearnedIntervention,
  logitsAt,
  type Positions,
  type Provenance,
} from "./learned";
export {
  effectiveness,
  type Faithfulness,
  faithfulness,
  klOthers,
  logitDiff,
  type ObjectiveOptions,
  objective,
  type Passes,
} from "./objective";
export { interventionFromBytes, loadIntervention } from "./save";
export { assemble, type Draft, type Prompt, type PromptDraft, promptTask, type Skipped, type Task } from "./task";
export type { Turnable } from "./turnable";
export { unrelatedTexts } from "./unrelated-texts";
