import { type Tensor, tensor } from "../../autograd";
import { readSafetensors, toFloat32, writeSafetensors } from "../checkpoint/safetensors";
import { CheckpointError } from "../errors";
import type { TrainingState } from "./train";

const format = "fader-training/1";

/** A training state as the bytes of a safetensors file. */
export function writeTrainingState(state: TrainingState): Uint8Array {
  const all = Object.entries({ ...prefixed("w", state.weights), ...prefixed("o", state.optimizer.tensors) });
  const stored = all.map(
    ([key, x]) => [key, { dtype: "F32" as const, shape: x.shape, data: x.cast("f32").toTypedArray() }] as const,
  );
  return writeSafetensors(stored, { format, step: String(state.step), count: String(state.optimizer.count) });
}

/** Reads it back. Throws `CheckpointError` when the file is malformed or something else. */
export function readTrainingState(bytes: Uint8Array, source = "training state"): TrainingState {
  const { metadata, tensors } = readSafetensors(bytes, source);
  const [step, count] = [Number(metadata.step), Number(metadata.count)];
  if (metadata.format !== format || !Number.isInteger(step) || !Number.isInteger(count)) {
    throw new CheckpointError(source, "not a training state");
  }
  const part = (prefix: string) => {
    const found: Record<string, Tensor> = {};
    for (const [key, stored] of tensors) {
      if (key.startsWith(`${prefix}/`))
        found[key.slice(2)] = tensor(toFloat32(stored, source), { shape: stored.shape });
    }
    return found;
  };
  return { step, weights: part("w"), optimizer: { count, tensors: part("o") } };
}

function prefixed(prefix: string, tensors: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([key, x]) => [`${prefix}/${key}`, x]));
}
