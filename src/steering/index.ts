export { type ConflictForm, cccPrompt, conflictForms, ioiPrompt } from "../builtin/corpus";
export { capitalOf, capitals, countries } from "../builtin/facts";
export { type AcrossLengthsOptions, acrossLengths, type Wordings } from "./across-lengths";
export { type BakeOptions, bake } from "./bake";
export {
  type Agreement,
  activationPatching,
  attributionPatching,
  counterfactuals,
  Localisation,
  type LocalisationOptions,
  localisation,
  type ModeResult,
  type PatchMode,
  type PatchOptions,
  PlaceMap,
  type PlaceValues,
  patchModes,
  placeScores,
  type Spot,
} from "./causal";
export { Comparison, type Contestants, compare } from "./compare";
export { type CountryCapitalsOptions, countryCapitals } from "./country-capitals";
export { evaluate, type Metrics, measurePrompts, type PromptMeasures, pruningCurve } from "./evaluate";
export { type IndirectObjectsOptions, indirectObjects } from "./indirect-objects";
export { type AttributionOptions, directLogitAttribution } from "./inspect/attribution";
export { type BlockAttribution, LogitAttribution } from "./inspect/attribution-result";
export {
  compareLens,
  type LensCell,
  type LensChange,
  type LensPlace,
  type LensToken,
  LogitLens,
} from "./inspect/lens-result";
export { type LensOptions, logitLens } from "./inspect/logit-lens";
export {
  type ExportOptions,
  exportIntervention,
  type ImportOptions,
  type InteropFormat,
  importIntervention,
  interopFormat,
  interopFormats,
} from "./interop";
export { type LearnOptions, type LearnReport, learn, learnDynamic, learnScalars, learnVectors } from "./learn";
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
export {
  auroc,
  type BootstrapOptions,
  bootstrap,
  bootstrapOf,
  type Interval,
  largest,
  meanInterval,
  nestedBootstrap,
  ranks,
  spearman,
} from "./statistics";
export * from "./sweep";
export { assemble, type Draft, type Prompt, type PromptDraft, promptTask, type Skipped, type Task } from "./task";

  assemble,
  type Draft,
  type Lengths,
  type Prompt,
  type PromptDraft,
  promptTask,
  type Skipped,
  type Task,
} from "./task";
