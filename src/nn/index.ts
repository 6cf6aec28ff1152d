export { type CheckpointFolder, droppedFolder, memoryAccess, type RandomAccess } from "../io/folder";
export { pause } from "../io/pause";
export {
  type CheckpointFiles,
  type CheckpointOptions,
  fingerprint,
  readCheckpoint,
  writeCheckpoint,
} from "./checkpoint/checkpoint";
export {
  type CheckpointSource,
  type FileProgress,
  type LoadOptions,
  saveCheckpoint,
} from "./checkpoint/load";
export type { CheckpointDType } from "./checkpoint/read-weights";
export {
  readSafetensors,
  type StoredTensor,
  type TensorToStore,
  writeSafetensors,
} from "./checkpoint/safetensors";
export type { Activation, GPTConfig, Rotary, RotaryScaling } from "./config";
export * from "./errors";
export { parseConfig, toHuggingFaceConfig } from "./families";
export { generate, generateIds, nextTokens, type StreamOptions, stream } from "./generate/generate";
export type { GeneratedToken } from "./generate/loop";
export type { GenerateOptions } from "./generate/options";
export { type Logits, mostLikely } from "./generate/sampling";
export { describePositions, type EditPositions } from "./interventions/describe-positions";
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
} from "./interventions/edits";
export { type ResolvedEdit, resolveEdits } from "./interventions/resolve";
export {
  hookName,
  type Place,
  type PlaceKey,
  parsePlace,
  placeName,
  type Site,
  sites,
  sitesOf,
} from "./interventions/sites";
export { KVCache } from "./model/cache";
export { createModel } from "./model/create";
export { type ForwardOptions, type ForwardResult, Model } from "./model/model";
export { type Weights, weightShapes } from "./model/weights";
export { type DecodeOptions, type EncodeOptions, Tokenizer } from "./tokenizer/tokenizer";
export {
  languageModelLoss,
  type StepReport,
  type TrainingState,
  type TrainOptions,
  train,
} from "./train/train";
export { readTrainingState, writeTrainingState } from "./train/train-state";
