import { loadModel, type Model } from "fader";
import { droppedFolder } from "fader/nn";
import type { DownloadProgress, ModelSource } from "../protocol";
import { refusal } from "./engine-error";
import { type HubSurroundings, openHub } from "./hub";
import { withoutTokenizer } from "./session";

export async function openModel(
  source: ModelSource,
  onProgress: (progress: DownloadProgress) => void,
  surroundings: HubSurroundings,
  signal: AbortSignal,
): Promise<Model> {
  switch (source.kind) {
    case "built-in":
      return loadModel(undefined, { name: "capitals", onProgress });
    case "files":
      return openFiles(source.files, onProgress);
    case "hub":
      return openHub(source.name.trim(), onProgress, surroundings, signal);
    default:
      throw refusal(`No model can be opened from "${(source as { kind: string }).kind}".`);
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
