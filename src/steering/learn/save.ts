import { ArgumentError, type Tensor, tensor } from "../../autograd";
import { readBytes } from "../../io/files";
import { CheckpointError, fingerprint, type Model, readSafetensors, type Site, sites, toFloat32 } from "../../nn";
import { featureOf, fileFormat, type Kind, kinds, LearnedIntervention, type Provenance } from "./learned";

/**
 * Reads what `LearnedIntervention.toBytes` wrote. Throws `CheckpointError` when the file is malformed or was learned on a model
 * with another fingerprint; `force` accepts another model of the same shape (a fine-tuned one, say).
 */
export function interventionFromBytes(
  bytes: Uint8Array,
  model: Model,
  options: { source?: string; force?: boolean } = {},
): LearnedIntervention {
  const { source = "intervention", force = false } = options;
  const { metadata, tensors } = readSafetensors(bytes, source);
  if (metadata.format !== fileFormat) {
    throw new CheckpointError(source, "not a saved intervention", {
      details: { format: metadata.format ?? "none", expected: fileFormat },
    });
  }
  const kind = metadata.kind as Kind;
  if (!Object.hasOwn(kinds, kind)) throw new CheckpointError(source, `unknown kind "${kind}"`);
  const provenance = parseProvenance(metadata.provenance, source);
  const own = fingerprint(model);
  if (provenance.fingerprint !== own && !force) {
    throw new CheckpointError(source, `learned on another model than "${model.name}"`, {
      details: { "learned on": `${provenance.model} (${provenance.fingerprint})`, "this model": own },
      hint: "Load that model, or pass { force: true } if this one has the same shape and you know why.",
    });
  }
  const parameters: Record<string, Record<string, Tensor>> = {};
  for (const [key, stored] of tensors) {
    const [site, name, ...rest] = key.split("/") as [Site, string];
    const shapes = sites.includes(site) ? shapesFor(kind, site, provenance, model) : {};
    const want = name !== undefined && rest.length === 0 && Object.hasOwn(shapes, name) ? shapes[name] : undefined;
    if (want === undefined) throw new CheckpointError(source, `unknown tensor "${key}"`);
    if (want.join() !== stored.shape.join()) {
      throw new CheckpointError(source, `"${key}" does not fit "${model.name}"`, {
        details: { stored: stored.shape, model: want },
      });
    }
    const values = toFloat32(stored, source);
    if (!values.every(Number.isFinite)) throw new CheckpointError(source, `"${key}" holds values that are not finite`);
    parameters[site] = { ...parameters[site], [name]: tensor(values, { shape: stored.shape }) };
  }
  const found = Object.entries(parameters) as [Site, Record<string, Tensor>][];
  if (found.length === 0) throw new CheckpointError(source, "it holds no tensors");
  for (const [site, own] of found) {
    const missing = Object.keys(shapesFor(kind, site, provenance, model)).find((name) => own[name] === undefined);
    if (missing !== undefined) throw new CheckpointError(source, `the tensor "${site}/${missing}" is missing`);
  }
  return new LearnedIntervention(kind, parameters, provenance);
}

function shapesFor(kind: Kind, site: Site, { positions, tokens }: Provenance, { config }: Model) {
  const locations = positions === "all" ? [config.n_layers] : [config.n_layers, tokens.length];
  return kinds[kind].shapes(locations, featureOf(site, config));
}

/** Loads from a file or URL; see `interventionFromBytes`. */
export async function loadIntervention(
  path: string | URL,
  model: Model,
  options: { force?: boolean } = {},
): Promise<LearnedIntervention> {
  return interventionFromBytes(await readBytes(path), model, { source: String(path), ...options });
}

function parseProvenance(text: string | undefined, source: string): Provenance {
  try {
    const value = JSON.parse(text ?? "null");
    if (typeof value?.fingerprint !== "string" || !Array.isArray(value.tokens))
      throw new ArgumentError(source, "no provenance");
    if (![undefined, "each", "all"].includes(value.positions)) throw new ArgumentError(source, "unknown positions");
    return value;
  } catch {
    throw new CheckpointError(source, "its provenance is missing or malformed");
  }
}
