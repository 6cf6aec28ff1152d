import { ArgumentError } from "../autograd";
import { isHubName } from "../hub/name";
import { isFolder } from "../io/disk";
import { loadModel as loadPlain } from "../load";
import type { CheckpointSource, LoadOptions, Model } from "../nn";
import type { HubOptions } from "./hub";

/** Those of `loadModel` of `fader`, and, for names on the hub, those of `downloadModel`. */
export interface NodeLoadOptions extends LoadOptions, HubOptions {}

/**
 * `loadModel` of `fader` that also takes names of models on the Hugging Face hub, such as `EleutherAI/pythia-70m`: a path
 * that is a folder is that folder, else the model is looked for in the cache and downloaded. `onProgress` tells what
 * comes in over the network.
 *
 * Throws what `loadModel` of `fader` and `downloadModel` throw.
 */
export async function loadModel(source?: CheckpointSource, options: NodeLoadOptions = {}): Promise<Model> {
  const { revision, cacheDir, offline, token, endpoint, onProgress, ...rest } = options;
  const isHub = typeof source === "string" && isHubName(source) && !(await isFolder(source));
  if (!isHub) {
    if (revision !== undefined) {
      throw new ArgumentError("loadModel", `revision "${revision}" is given for what is not on the hub`);
    }
    const isUrl = /^https?:/.test(String(source));
    return loadPlain(source, { ...rest, ...(isUrl && { onProgress }) });
  }
  // Only now: a folder needs no client of the hub.
  const { downloadModel } = await import("./hub");
  const folder = await downloadModel(source, { revision, cacheDir, offline, token, endpoint, onProgress });
  return loadPlain(folder, { name: source, ...rest });
}
