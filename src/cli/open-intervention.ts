import { readBytes } from "../io/files";
import { type Interventions, type Model, readSafetensors } from "../nn";
import { type AnyIntervention, importIntervention, interventionFromBytes } from "../steering";
import { mapOf } from "../steering/learn/any-intervention";
import { fileFormat } from "../steering/learn/learned";

/** An intervention out of a file: saved by `fader learn`, a GGUF control vector, or a map (`.npz`, safetensors). */
export async function openIntervention(file: string, model: Model): Promise<AnyIntervention> {
  const bytes = await readBytes(file);
  const isSafetensors = bytes[8] === 0x7b;
  if (isSafetensors && readSafetensors(bytes, file).metadata.format === fileFormat) {
    return interventionFromBytes(bytes, model, { source: file });
  }
  return importIntervention(bytes, model, { source: file });
}

/** The same as a map at β = 1. */
export async function openMap(file: string, model: Model): Promise<Interventions> {
  return mapOf(await openIntervention(file, model));
}
