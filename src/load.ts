import { ArgumentError } from "./autograd";
import { isHubName } from "./hub/name";
import { isFolder } from "./io/files";
import { isNode } from "./io/folder";
import type { Model } from "./nn";
import { type CheckpointSource, type LoadOptions, loadCheckpoint } from "./nn/checkpoint/load";

/** The model that ships with the package. A folder, which bundlers for the web do not carry along: they leave it be. */
const builtIn = new URL(/* @vite-ignore */ "../models/capitals/", import.meta.url);

/**
 * Loads a model in Hugging Face layout: without a source the built-in one, else a folder's path (Node), its URL, or the
 * files of a dropped folder (browser). Names of models on the Hugging Face hub: `loadModel` of `fader/node`.
 *
 * Throws `CheckpointError` for what is malformed or does not fit, `NotFoundError` or `ArgumentError` when nothing is
 * there.
 */
export async function loadModel(source?: CheckpointSource, options: LoadOptions = {}): Promise<Model> {
  if (source === undefined) return loadCheckpoint(builtIn, { name: "capitals", ...options });
  if (source === "") throw new ArgumentError("loadModel", "the path is empty");
  if (typeof source === "string" && isHubName(source) && !(await isFolder(source))) {
    throw new ArgumentError("loadModel", `there is no folder "${source}"`, {
      hint: isNode
        ? 'For a model of the Hugging Face hub: import { loadModel } from "fader/node".'
        : `For the model of the Hugging Face hub: loadModel("https://huggingface.co/${source}/resolve/main").`,
    });
  }
  return loadCheckpoint(source, options);
}
