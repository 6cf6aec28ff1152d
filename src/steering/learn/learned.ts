import { ArgumentError, type Tensor, tensor } from "../../autograd";
import { readBytes, writeBytes } from "../../io/files";
import {
  CheckpointError,
  fingerprint,
  type Interventions,
  type Model,
  type Place,
  readSafetensors,
  type Site,
  sites,
  writeSafetensors,
} from "../../nn";
import { toFloat32 } from "../../nn/checkpoint/safetensors/values";
import { featureShape } from "../../nn/interventions/sites";
import { interventionOf, type Kind, kinds, locationAxes, type SiteParameters } from "./kinds";
import { maskOf, restrict } from "./mask";
import { bySite, flatten } from "./parameters";
import type { Provenance } from "./provenance";

/** Marks our files, and the version of their contents. */
export const fileFormat = "fader-intervention/1";

/** How strongly one place is edited, which has no position where the edit is the same at all of them. */
export interface PlaceStrength extends Place {
  /** The scalar itself, or the L2 norm of several numbers. */
  readonly value: number;
}

/** An intervention learned by gradient: tensors by site, and where they come from. */
export class LearnedIntervention {
  constructor(
    readonly kind: Kind,
    readonly parameters: SiteParameters,
    readonly provenance: Provenance,
  ) {}

  /** True if its parameters belong to positions. If not, it edits prompts of any length, and what is generated. */
  get hasPositions(): boolean {
    return locationAxes(this.kind, this.provenance.positions ?? "each") === 2;
  }

  /** The sites that it edits. */
  get sites(): Site[] {
    return Object.keys(this.parameters) as Site[];
  }

  /** The intervention map at β: +1 makes `correct` win, −1 `wrong`, 0 is the model as it is. */
  at(beta: number): Interventions {
    if (!Number.isFinite(beta)) throw new ArgumentError("at", `beta is ${beta}`);
    return Object.fromEntries(
      Object.entries(this.parameters).map(([site, tensors]) => [
        site,
        interventionOf(this.kind, tensors, beta, this.provenance.positions ?? "each"),
      ]),
    );
  }

  /** Count of learned numbers, zero or not. */
  get parameterCount(): number {
    return this.values().reduce((sum, x) => sum + x.length, 0);
  }

  /** Count of learned numbers that are not exactly 0. */
  get activeParameters(): number {
    return this.values().reduce((sum, x) => sum + x.filter((value) => value !== 0).length, 0);
  }

  /** ‖θ‖₁, the sum of the absolute learned numbers. */
  get l1(): number {
    return this.values().reduce((sum, x) => sum + x.reduce((total, value) => total + Math.abs(value), 0), 0);
  }

  /** Lists the places that are not all zero, the largest first. */
  activeLocations(): PlaceStrength[] {
    const { hasPositions } = this;
    const found: PlaceStrength[] = [];
    for (const [site, tensors] of Object.entries(this.parameters)) {
      const parts = Object.values(tensors).map((x) => ({ data: x.toTypedArray() as Float32Array, shape: x.shape }));
      const [layers, positions] = [parts[0]!.shape[0]!, hasPositions ? parts[0]!.shape[1]! : 1];
      for (let at = 0; at < layers * positions; at++) {
        const values = parts.flatMap(({ data }) => {
          const size = data.length / (layers * positions);
          return [...data.subarray(at * size, (at + 1) * size)];
        });
        if (values.every((value) => value === 0)) continue;
        const position = hasPositions ? at % positions : undefined;
        const value = values.length === 1 ? values[0]! : Math.hypot(...values);
        found.push({ site: site as Site, layer: Math.floor(at / positions), position, value });
      }
    }
    return found.sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  }

  /** Returns the intervention with only its `count` largest locations, and 0 elsewhere. */
  keepLargest(count: number): LearnedIntervention {
    if (!Number.isInteger(count) || count < 0) throw new ArgumentError("keepLargest", `count is ${count}`);
    return this.onlyAt(this.activeLocations().slice(0, count));
  }

  /** Returns the intervention with only these locations, and 0 elsewhere. Throws `ArgumentError` for one that it lacks. */
  onlyAt(places: readonly Place[]): LearnedIntervention {
    const theta = flatten(this.parameters);
    restrict(theta, maskOf("onlyAt", places, theta, this.hasPositions));
    // What was measured belongs to the whole intervention.
    const { metrics: _, ...provenance } = this.provenance;
    return new LearnedIntervention(this.kind, bySite(theta), provenance);
  }

  /** Returns the intervention with measurements on held-out prompts, which are saved with it. */
  withMetrics(metrics: Readonly<Record<string, number>>): LearnedIntervention {
    return new LearnedIntervention(this.kind, this.parameters, { ...this.provenance, metrics });
  }

  /** A safetensors file: tensors as `SITE/NAME`, everything else as metadata. `interventionFromBytes` reads it. */
  toBytes(): Uint8Array {
    const tensors = Object.entries(this.parameters).flatMap(([site, parameters]) =>
      Object.entries(parameters).map(
        ([name, x]) => [`${site}/${name}`, { dtype: "F32" as const, shape: x.shape, data: x.toTypedArray() }] as const,
      ),
    );
    const { kind, provenance } = this;
    return writeSafetensors(tensors, { format: fileFormat, kind, provenance: JSON.stringify(provenance) });
  }

  /** Saves to a file, whole or not at all. By convention the name ends in `.fader.safetensors`. Node only. */
  async save(path: string): Promise<void> {
    await writeBytes(path, this.toBytes());
  }

  private values(): Float32Array[] {
    return Object.values(this.parameters).flatMap((tensors) =>
      Object.values(tensors).map((x) => x.toTypedArray() as Float32Array),
    );
  }
}

/** Returns the logits after the last token of each prompt, `[prompts, vocab_size]` for each β, all from one batch. */
export function logitsAt(
  model: Model,
  ids: readonly (readonly number[])[],
  interventions: Interventions,
  betas: readonly number[],
): Tensor[] {
  const rows = betas.flatMap(() => ids);
  const beta = betas.flatMap((value) => ids.map(() => value));
  const { logits } = model.forward(rows, { interventions, beta, positions: "last" });
  return logits.split(
    betas.map(() => ids.length),
    0,
  );
}

/**
 * Reads what `LearnedIntervention.toBytes` wrote. `force` accepts another model of the same shape, a fine-tuned one, say.
 *
 * @throws CheckpointError when the file is malformed or was learned on a model with another fingerprint.
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
  return kinds[kind].shapes(locations, featureShape(site, config));
}

/** Loads a learned intervention from a file or URL; see `interventionFromBytes`. */
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
