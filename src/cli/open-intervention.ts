import { type Interventions, type Model, readSafetensors } from "../nn";
import { readBytes } from "../nn/files";
import { importIntervention, interventionFromBytes } from "../steering";
import { fileFormat } from "../steering/learned";

/** An intervention at β = 1 out of a file: saved by `fader learn`, a GGUF control vector, or a map (`.npz`, safetensors). */
export async function openIntervention(file: string, model: Model): Promise<Interventions> {
  const bytes = await readBytes(file);
  const isSafetensors = bytes[8] === 0x7b;
  if (isSafetensors && readSafetensors(bytes, file).metadata.format === fileFormat) {
    return interventionFromBytes(bytes, model, { source: file }).at(1);
  }
  return importIntervention(bytes, model, { source: file });
}
