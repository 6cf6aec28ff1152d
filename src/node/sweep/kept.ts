import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeBytes } from "../../io/files";
import { type Model, NotFoundError } from "../../nn";
import { type LearnedIntervention, loadIntervention } from "../../steering";

/** What the trials of a sweep learned, a file each, beside its journal. */
const folderOf = (out: string) => join(out, "learned");
const fileOf = (out: string, id: string) => join(folderOf(out), `${id.replaceAll("/", "_")}.fader.safetensors`);

export async function keepLearned(out: string, id: string, bytes: Uint8Array): Promise<void> {
  await mkdir(folderOf(out), { recursive: true });
  await writeBytes(fileOf(out, id), bytes);
}

/** What a trial learned, or undefined where no file of it was kept. */
export async function keptLearned(out: string, id: string, model: Model): Promise<LearnedIntervention | undefined> {
  try {
    return await loadIntervention(fileOf(out, id), model);
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

export async function dropLearned(out: string): Promise<void> {
  await rm(folderOf(out), { recursive: true, force: true });
}
