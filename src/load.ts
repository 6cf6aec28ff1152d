import { ArgumentError } from "./autograd";
import type { Model } from "./nn";
import { loadCheckpoint } from "./nn/load";

/** The model that ships with the package. */
const builtIn = new URL("../models/capitals/", import.meta.url);

/**
 * Loads a model: without an argument the built-in one, else a folder (Node) or URL in Hugging Face layout. Throws
 * `CheckpointError` for what is malformed or does not fit, `ArgumentError` when nothing is there.
 */
export async function loadModel(source?: string | URL): Promise<Model> {
  if (source === undefined) return loadCheckpoint(builtIn, { name: "capitals" });
  if (source === "") throw new ArgumentError("loadModel", "the path is empty");
  return loadCheckpoint(source);
}
