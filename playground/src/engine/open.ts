import { type CheckpointSource, droppedFolder, loadModel, type Model } from "fader";
import type { DownloadProgress, ModelSource } from "../protocol";
import { refusal } from "./problem";
import { withoutTokenizer } from "./session";

/** What opening a model needs of the place where the engine runs. */
export interface Surroundings {
  /** Where the built-in model lies. Default: where the library finds it. */
  builtIn?: CheckpointSource;
}

export async function openModel(
  source: ModelSource,
  onProgress: (progress: DownloadProgress) => void,
  surroundings: Surroundings,
): Promise<Model> {
  switch (source.kind) {
    case "built-in":
      return loadModel(surroundings.builtIn, { name: "capitals", onProgress });
    case "files":
      return openFiles(source.files, onProgress);
    default:
      throw refusal("The hub is not there yet.");
  }
}

/** 16-bit weights stay as they are: half the memory. */
async function openFiles(files: readonly File[], onProgress: (progress: DownloadProgress) => void): Promise<Model> {
  if (files.length === 0) {
    throw refusal(
      "There are no files in what was dropped.",
      "Drop a folder with config.json, tokenizer.json and weights.",
    );
  }
  const folder = droppedFolder(files);
  if ((await folder.open("config.json")) && !(await folder.open("tokenizer.json"))) throw withoutTokenizer(folder.name);
  return loadModel(folder, { dtype: "auto", onProgress });
}
