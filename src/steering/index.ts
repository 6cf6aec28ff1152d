export { type ConflictForm, cccPrompt, conflictForms, ioiPrompt } from "../builtin/corpus";
export { capitalOf, capitals, countries } from "../builtin/facts";
export { type BakeOptions, bake } from "./bake";
export { Comparison, type Contestants, compare } from "./compare";
export { type CountryCapitalsOptions, countryCapitals } from "./country-capitals";
export { evaluate, type Metrics, pruningCurve } from "./evaluate";
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
export { type Kept, keep95 } from "./keep95";
export { learn, learnScalars, learnVectors } from "./learn";
export type { LearnOptions } from "./learn-options";
export type { LearnReport } from "./learn-settings";
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
export type { Places } from "./places";
export { type RefitOptions, refit } from "./refit";
export { interventionFromBytes, loadIntervention } from "./save";
export { type SmallestSetMethod, type SmallestSetOptions, smallestSet } from "./smallest-set";
export { flipsBothWays, type NamedPlace, SmallestSet, type Trial } from "./smallest-set-result";
export type { Sparsity } from "./sparsity";
export { assemble, type Draft, type Prompt, type PromptDraft, promptTask, type Skipped, type Task } from "./task";
