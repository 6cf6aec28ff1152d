import { readBytes } from "../io/files";
import { type Interventions, type Model, readSafetensors } from "../nn";
import { importIntervention, interventionFromBytes, type Turnable } from "../steering";
import { fileFormat } from "../steering/learn/learned";
import { mapOf } from "../steering/learn/turnable";

/** An intervention out of a file: saved by `fader learn`, a GGUF control vector, or a map (`.npz`, safetensors). */
export async function openTurnable(file: string, model: Model): Promise<Turnable> {
  const bytes = await readBytes(file);
  const isSafetensors = bytes[8] === 0x7b;
  if (isSafetensors && readSafetensors(bytes, file).metadata.format === fileFormat) {
    return interventionFromBytes(bytes, model, { source: file });
  }
  return importIntervention(bytes, model, { source: file });
}

/** The same as a map at β = 1. */
export async function openIntervention(file: string, model: Model): Promise<Interventions> {
  return mapOf(await openTurnable(file, model));
}
