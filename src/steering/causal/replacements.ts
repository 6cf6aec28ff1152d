import { type Tensor, tensor } from "../../autograd";
import { type Model, type Place, placeName, type Site } from "../../nn";
import { featureShape } from "../../nn/interventions/sites";
import { inBatches } from "../measure/batches";
import type { PatchSettings } from "./settings";

/** Activations by place name: `[rows, positions, …]` row-major. */
type Values = Record<string, Float64Array>;

/** The activations that stand in for those of each prompt. */
export class Replacements {
  private readonly values: Values = {};

  /** Runs the model on what replaces. `ids`: the prompts themselves. */
  constructor(
    private readonly model: Model,
    private readonly settings: PatchSettings,
    ids: readonly (readonly number[])[],
  ) {
    const { mode, others, sites } = settings;
    if (mode === "zero") return;
    const sources = mode === "mean" ? ids : others;
    inBatches(sources, (batch, start) => {
      const { activations } = model.forward(batch, { capture: sites, positions: "last" });
      for (const [name, h] of Object.entries(activations)) this.take(name, h, start, sources.length);
    });
  }

  /** Returns the replacement of one activation, with its shape; `undefined` for zero. */
  at({ site, layer, position }: Required<Place>, prompt: number): Tensor | undefined {
    const values = this.values[placeName(site, layer)];
    if (values === undefined) return undefined;
    const { shape, size } = this.feature(site);
    const start = (this.rowOf(prompt) * this.settings.length + position) * size;
    return tensor(values.subarray(start, start + size), { dtype: this.model.dtype, shape });
  }

  /** Returns the replacements of one prompt at one site, `[layers, positions, …]`. */
  ofPrompt(site: Site, prompt: number): Tensor {
    const { n_layers } = this.model.config;
    const { shape, size } = this.feature(site);
    const count = this.settings.length * size;
    const all = new Float64Array(n_layers * count);
    for (let l = 0; l < n_layers; l++) {
      const values = this.values[placeName(site, l)];
      const start = this.rowOf(prompt) * count;
      if (values !== undefined) all.set(values.subarray(start, start + count), l * count);
    }
    return tensor(all, { dtype: this.model.dtype, shape: [n_layers, this.settings.length, ...shape] });
  }

  private rowOf(prompt: number): number {
    return this.settings.mode === "mean" ? 0 : prompt;
  }

  private feature(site: Site): { shape: readonly number[]; size: number } {
    const shape = featureShape(site, this.model.config);
    return { shape, size: shape.reduce((a, b) => a * b, 1) };
  }

  /** Keeps the activations of one chunk, or adds their share to the mean. */
  private take(name: string, h: Tensor, at: number, rows: number): void {
    const isMean = this.settings.mode === "mean";
    const data = h.toTypedArray() as Float32Array | Float64Array;
    const size = data.length / h.shape[0]!;
    let kept = this.values[name];
    if (kept === undefined) {
      kept = new Float64Array(isMean ? size : rows * size);
      this.values[name] = kept;
    }
    if (!isMean) kept.set(data, at * size);
    else for (let i = 0; i < data.length; i++) kept[i % size]! += data[i]! / rows;
  }
}
