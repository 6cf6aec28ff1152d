export { type CheckpointFiles, type CheckpointOptions, fingerprint, readCheckpoint, weightShapes, writeCheckpoint } from "./checkpoint";
export { type Activation, type GPTConfig, parseConfig, toHuggingFaceConfig } from "./config";
export * from "./errors";
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
export { type ForwardOptions, type ForwardResult, Model } from "./model";
export { readSafetensors, type StoredTensor, toFloat32, toInt32, type TensorToStore, writeSafetensors } from "./safetensors";
export { parsePlace, placeName, type Place, type Site, sites } from "./sites";
export { Tokenizer } from "./tokenizer";
