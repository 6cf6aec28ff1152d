import { ArgumentError, step } from "../../autograd";
import { type GPTConfig, type Interventions, type Model, writeSafetensors } from "../../nn";
import { nearest } from "../../tensor/internal";
import { directionsOf } from "./control-vector";
import { foldBeta } from "./fold-beta";
import { writeControlVector } from "./gguf-write";
import { nameEdits } from "./names";
import { writeNpy } from "./npy";
import { writeZip } from "./zip";

/**
 * - `gguf` control vector of llama.cpp: the same vector at all positions, added to what leaves a block
 * - `npz`, `safetensors` arrays by TransformerLens names: every intervention
 */
export const interopFormats = ["gguf", "npz", "safetensors"] as const;
/** The file formats that other software reads. */
export type InteropFormat = (typeof interopFormats)[number];

/** How an intervention is written. */
export interface ExportOptions {
  format: InteropFormat;
  /** β multiplied into the values. Default 1. */
  beta?: number;
}

/**
 * The bytes of a file with an intervention map, in float32; the scheme is in `docs/interop.md`. Throws what `forward`
 * throws for a map that does not fit, and `ArgumentError` for what the format cannot hold, naming the key.
 */
export function exportIntervention(
  interventions: Interventions,
  model: Model | GPTConfig,
  { format, beta = 1 }: ExportOptions,
): Uint8Array {
  const config = "config" in model ? model.config : model;
  if (!interopFormats.includes(format)) throw unknownFormat("export", `no format "${format}"`, format);
  return step(() => {
    const edits = foldBeta(interventions, config, beta);
    if (edits.length === 0) throw new ArgumentError("export", "the map holds no intervention");
    if (format === "gguf") return writeControlVector(directionsOf(edits, config), config.model_type);
    const arrays = nameEdits(edits, config);
    if (format === "safetensors") return writeSafetensors(arrays);
    return writeZip(
      arrays.map(([name, { data, shape }]) => [`${name}.npy`, writeNpy(data as Float32Array | Int32Array, shape)]),
    );
  });
}

/** The format that a file name asks for by its extension. Throws `ArgumentError` for others, with the nearest one. */
export function interopFormat(path: string): InteropFormat {
  const extension = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  const format = interopFormats.find((known) => known === extension);
  if (format === undefined)
    throw unknownFormat("export", `${path}: no format has the extension ".${extension}"`, extension);
  return format;
}

/** The error for a format that does not exist. */
export function unknownFormat(where: string, problem: string, name: string): ArgumentError {
  return new ArgumentError(where, problem, {
    hint: `Nearest: "${nearest(String(name), interopFormats)}". Formats: ${interopFormats.join(", ")}.`,
  });
}
