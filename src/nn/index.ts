export { type AttentionOptions, AttentionPatterns, attentionPatterns } from "./attention-pattern";
export { KVCache } from "./cache";
export {
  type CheckpointFiles,
  type CheckpointOptions,
  fingerprint,
  readCheckpoint,
  writeCheckpoint,
} from "./checkpoint";
export { type GPTConfig, parseConfig, toHuggingFaceConfig } from "./config";
export { createModel } from "./create";
export * from "./errors";
export type { Activation, ModelType, Rotary, RotaryScaling } from "./families";
export { type CheckpointFolder, droppedFolder, memoryAccess, type RandomAccess } from "./folder";
export { generate, generateIds, nextTokens, type StreamOptions, stream } from "./generate";
export type { GeneratedToken } from "./generate-loop";
export type { GenerateOptions } from "./generate-options";
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
export { type CheckpointSource, type FileProgress, type LoadOptions, loadCheckpoint, saveCheckpoint } from "./load";
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
export { pacer, pause } from "./pause";
export { type Reach, reach } from "./reach";
export type { CheckpointDType } from "./read-weights";
export {
  readSafetensors,
  type StoredTensor,
  type TensorToStore,
  toFloat32,
  toInt32,
  writeSafetensors,
} from "./safetensors";
export { type Place, parsePlace, placeName, type Site, sites, sitesOf } from "./sites";
export { Tokenizer } from "./tokenizer";
export {
  languageModelLoss,
  type StepReport,
  type TrainingState,
  type TrainOptions,
  train,
} from "./train";
export { readTrainingState, writeTrainingState } from "./train-state";
export { type Weights, weightShapes } from "./weights";
