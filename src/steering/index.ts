export { type ConflictForm, cccPrompt, conflictForms, ioiPrompt } from "../builtin/corpus";
export { capitalOf, capitals, countries } from "../builtin/facts";
export { Comparison, type Contestants, compare } from "./compare";
export { type CountryCapitalsOptions, countryCapitals } from "./country-capitals";
export { evaluate, type Metrics, measurePrompts, type PromptMeasures, pruningCurve } from "./evaluate";
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
export { type ActiveLocation, type Kind, LearnedIntervention, logitsAt, type Provenance } from "./learned";
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
export * from "./sweep";
export { assemble, type Draft, type Prompt, type PromptDraft, promptTask, type Skipped, type Task } from "./task";
