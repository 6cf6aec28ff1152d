export {
  type CheckpointFiles,
  type CheckpointOptions,
  fingerprint,
  readCheckpoint,
  weightShapes,
  writeCheckpoint,
} from "./checkpoint";
export { type Activation, type GPTConfig, parseConfig, toHuggingFaceConfig } from "./config";
export { createModel } from "./create";
export * from "./errors";
export { generate, generateIds, nextTokens, type StreamOptions, stream } from "./generate";
export type { GeneratedToken } from "./generate-loop";
export type { GenerateOptions } from "./generate-options";
export type { Weights } from "./gpt";
export {
  ablate,
  add,
  dynamic,
  type Intervention,
  type Interventions,
  project,
  replace,
  scale,
  type Where,
} from "./interventions";
export { loadCheckpoint, saveCheckpoint } from "./load";
export { type ForwardOptions, type ForwardResult, Model } from "./model";
export {
  Adam,
  type AdamOptions,
  type CosineOptions,
  clipGradients,
  cosineSchedule,
  type Parameters,
  type Schedule,
} from "./optim";
export { type Reach, reach } from "./reach";
export {
  readSafetensors,
  type StoredTensor,
  type TensorToStore,
  toFloat32,
  toInt32,
  writeSafetensors,
} from "./safetensors";
export { type Place, parsePlace, placeName, type Site, sites } from "./sites";
export { Tokenizer } from "./tokenizer";
export {
  languageModelLoss,
  type StepReport,
  type TrainingState,
  type TrainOptions,
  train,
} from "./train";
export { readTrainingState, writeTrainingState } from "./train-state";
