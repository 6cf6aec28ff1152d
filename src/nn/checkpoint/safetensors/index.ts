export {
  convertInto,
  FLOATS,
  firstNotFinite,
  isStoredFloat,
  keptDType,
  type StoredFloat,
  storedValue,
  type WeightDType,
} from "./convert";
export {
  DTYPES,
  isStoredDtype,
  type SafetensorsHeader,
  type StoredDtype,
  type StoredEntry,
  type StoredTensor,
  storedByteLength,
  type TensorToStore,
} from "./format";
export { parseSafetensorsHeader, readSafetensors, safetensorsHeaderLength } from "./read";
export { toBool, toFloat32, toInt32 } from "./values";
export { writeSafetensors } from "./write";
