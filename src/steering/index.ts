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
} from "./causal";
export type { PlaceAgreement } from "./causal/place-agreement";
export {
  type ExportOptions,
  exportIntervention,
  type ImportOptions,
  type InteropFormat,
  importIntervention,
  interopFormat,
} from "./exchange";
export { type BakeOptions, bake } from "./exchange/bake";
export { type AttentionOptions, AttentionPatterns, attentionPatterns } from "./inspect/attention-pattern";
export {
  type AttributionOptions,
  type AttributionTerm,
  type BlockAttribution,
  directLogitAttribution,
  LogitAttribution,
} from "./inspect/attribution";
export {
  type LensCell,
  type LensOptions,
  type LensRow,
  type LensToken,
  LogitLens,
  logitLens,
} from "./inspect/logit-lens";
export type { AnyIntervention } from "./learn/any-intervention";
export type { Kind, Positions, SiteParameters } from "./learn/kinds";
export { learnDynamic, learnScalars, learnVectors } from "./learn/learn";
export {
  interventionFromBytes,
  LearnedIntervention,
  loadIntervention,
  logitsAt,
  type PlaceStrength,
} from "./learn/learned";
export type { Places } from "./learn/mask";
export {
  faithfulness,
  klOthers,
  logitDiff,
  type ObjectiveOptions,
  objective,
  type Passes,
} from "./learn/objective";
export { type LearnOptions, type LearnReport, type LearnSettings, settingsFor } from "./learn/options";
export type { Provenance } from "./learn/provenance";
export { type RefitOptions, refit } from "./learn/refit";
export type { Sparsity } from "./learn/sparsity";
export type { PromptColumns, TextColumns } from "./measure/columns";
export { Comparison, type Contestants, compare } from "./measure/compare";
export { betaDial, type DialPoint, type DialRow } from "./measure/dial";
export { evaluate, type Metrics, measurePrompts, metricsOf } from "./measure/evaluate";
export { type Harm, type HarmAtBeta, harm, type TextHarm } from "./measure/harm";
export {
  columnOf,
  type MeasureColumn,
  type MeasureName,
  type MeasureTable,
  measuresIn,
  type NumberFormat,
  type PromptRow,
  type TextRow,
} from "./measure/measures";
export { type Keep95, keep95, type PruningRun, pruningBand, pruningCurve } from "./measure/pruning";
export {
  auroc,
  type BootstrapOptions,
  bootstrap,
  bootstrapOf,
  type Interval,
  isAmongLargest,
  meanInterval,
  nestedBootstrap,
  paretoFront,
  ranks,
  spearman,
} from "./statistics";
export { type Claim, checkClaims } from "./sweep/claims";
export { type Finding, thresholds, type Verdict } from "./sweep/findings";
export { type MeasureIntervals, measureHeldOut } from "./sweep/intervals";
export { printSummary } from "./sweep/print";
export {
  learnTrial,
  runTrial,
  type TrialOptions,
  type TrialResult,
  type TrialTasks,
  trialTasks,
} from "./sweep/run-trial";
export { type Cell, type FailedTrial, type Summary, summarize, type TaskSummary } from "./sweep/summary";
export {
  defaultGrid,
  type Grid,
  quickGrid,
  type SweepTrial,
  type Trial,
  type TrialTask,
  trialId,
  trialsOf,
} from "./sweep/trials";
export { type AcrossLengthsOptions, acrossLengths } from "./tasks/across-lengths";
export { type CountryCapitalsOptions, countryCapitals } from "./tasks/country-capitals";
export type { TaskFamily, Wording } from "./tasks/family";
export { type IndirectObjectsOptions, indirectObjects } from "./tasks/indirect-objects";
export {
  type TaskName,
  taskFamilies,
  taskId,
  type WordedTask,
  type WordingOf,
  wordedTask,
} from "./tasks/registry";
export type { ConflictForm } from "./tasks/sentences";
export {
  type Draft,
  type Lengths,
  type Prompt,
  type PromptDraft,
  promptTask,
  type Skipped,
  type Task,
  type TaskOptions,
} from "./tasks/task";
export { unrelatedTexts } from "./tasks/unrelated-texts";
