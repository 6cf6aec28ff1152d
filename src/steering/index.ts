export { type ConflictForm, cccPrompt, conflictForms, ioiPrompt } from "../builtin/corpus";
export { capitalOf, capitals, countries } from "../builtin/facts";
export { type AcrossLengthsOptions, acrossLengths, type Wordings, wordings } from "./across-lengths";
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
export { betaDial, type DialPoint, type DialRow } from "./dial";
export { evaluate, type Metrics, measurePrompts, metricsOf, type PromptMeasures } from "./evaluate";
export { type Harm, type HarmAtBeta, harm, type TextHarm } from "./harm";
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
export { type Kept, keep95, keep95Interval } from "./keep95";
export { learn, learnDynamic, learnScalars, learnVectors } from "./learn";
export { type LearnOptions, settingsFor } from "./learn-options";
export type { LearnReport, Settings } from "./learn-settings";
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
  objectiveTerms,
  type Passes,
} from "./objective";
export type { Places } from "./places";
export { type PruningRun, pruningBand, pruningCurve } from "./pruning";
export { type RefitOptions, refit } from "./refit";
export { interventionFromBytes, loadIntervention } from "./save";
export { type SmallestSetMethod, type SmallestSetOptions, smallestSet } from "./smallest-set";
export { flipsBothWays, type NamedPlace, type SearchTrial, SmallestSet } from "./smallest-set-result";
export type { Sparsity } from "./sparsity";
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
export { type Claim, checkClaims } from "./sweep/claims";
export type { PromptColumns, TextColumns } from "./sweep/columns";
export { type Finding, thresholds, type Verdict } from "./sweep/findings";
export { type Measures, measureHeldOut } from "./sweep/measures";
export { paretoFront } from "./sweep/pareto";
export { printSummary } from "./sweep/print";
export { learnTrial, measureTrial, runTrial, type TrialResult, taskOf } from "./sweep/run-trial";
export { type Cell, type FailedTrial, type Summary, summarize, type TaskSummary } from "./sweep/summary";
export {
  cellId,
  checkGrid,
  defaultGrid,
  type Grid,
  quickGrid,
  reference,
  type SweepTask,
  type SweepTrial,
  taskId,
  trialId,
  trialsOf,
} from "./sweep/trials";
export type { MeasureName } from "./sweep/units";
export {
  assemble,
  type Draft,
  type Lengths,
  type Prompt,
  type PromptDraft,
  promptTask,
  type Skipped,
  type Task,
} from "./task";
export type { Turnable } from "./turnable";
export { unrelatedTexts } from "./unrelated-texts";
