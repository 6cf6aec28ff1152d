import { CheckpointError, type Interventions, type Model, readSafetensors, type StoredTensor } from "../../nn";
import { fileFormat } from "../learn/learned";
import { editsFromDirections } from "./control-vector";
import { type InteropFormat, unknownFormat } from "./export";
import { readControlVector } from "./gguf-read";
import { readNpy } from "./npy";
import { editsFromNames, parseName } from "./read-names";
import { readContents, readZip } from "./zip";

/** How a file of interventions is read. */
export interface ImportOptions {
  /** Default: by the first bytes. */
  format?: InteropFormat;
  /** What errors call the file. */
  source?: string;
}

/**
 * Reads an intervention map out of the bytes of a GGUF control vector, or of an `.npz` or safetensors file with arrays by
 * TransformerLens names; see `docs/interop.md`. Its keys are places, its values those of the file in the model's dtype.
 * Throws `CheckpointError` for a file that is malformed or does not fit the model, `SiteError` for an unknown place.
 */
export async function importIntervention(
  bytes: Uint8Array,
  model: Model,
  options: ImportOptions = {},
): Promise<Interventions> {
  const { source = "intervention", format = detectFormat(bytes, source) } = options;
  switch (format) {
    case "gguf":
      return editsFromDirections(readControlVector(bytes, source), model, source);
    case "npz":
      return editsFromNames(readNpz(bytes, model, source), model, source);
    case "safetensors": {
      const { metadata, tensors } = readSafetensors(bytes, source);
      if (metadata.format !== fileFormat) return editsFromNames(tensors, model, source);
      throw new CheckpointError(source, "an intervention that was learned and saved, not a map by names", {
        hint: "loadIntervention reads it.",
      });
    }
    default:
      throw unknownFormat("import", `no format "${format}"`, format);
  }
}

function detectFormat(bytes: Uint8Array, source: string): InteropFormat {
  const start = String.fromCharCode(...bytes.subarray(0, 4));
  if (start === "GGUF") return "gguf";
  if (start === "PK\x03\x04" || start === "PK\x05\x06") return "npz";
  if (bytes[8] === 0x7b) return "safetensors";
  throw new CheckpointError(source, "neither a GGUF control vector nor an .npz or safetensors file", {
    details: { bytes: bytes.length },
  });
}

/** Room for the header of an array beside its data. */
const headerBytes = 70_000;

function readNpz(bytes: Uint8Array, model: Model, source: string): Map<string, StoredTensor> {
  const { n_ctx, d_model, n_heads, d_head } = model.config;
  const limit = headerBytes + 8 * n_ctx * Math.max(d_model, n_heads * d_head);
  const tensors = new Map<string, StoredTensor>();
  const entries = readZip(bytes, source).map((entry) => {
    if (!entry.name.endsWith(".npy"))
      throw new CheckpointError(source, `"${entry.name.slice(0, 80)}" is no .npy array`);
    return { entry, name: entry.name.slice(0, -".npy".length) };
  });
  // Names first: nothing is inflated for a file that does not fit.
  for (const { name } of entries) parseName(name, model, source);
  for (const { entry, name } of entries) {
    tensors.set(name, readNpy(readContents(entry, limit, source), name, source));
  }
  return tensors;
}
