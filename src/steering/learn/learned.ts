import { ArgumentError, mul, type Tensor, tensor } from "../../autograd";
import { writeBytes } from "../../io/files";
import {
  add,
  dynamic,
  type GPTConfig,
  type Intervention,
  type Interventions,
  type Model,
  type Place,
  type Site,
  scale,
  type Where,
  writeSafetensors,
} from "../../nn";

/** Marks our files, and the version of their contents. */
export const fileFormat = "fader-intervention/1";

/** What is learned at each site. */
export type Kind = "scalars" | "vectors" | "dynamic";

/** Whether each position of the prompts has parameters of its own, or all share one set, generated tokens too. */
export type Positions = "each" | "all";

/** The tensors of each kind at one site, and the intervention they make at β. */
export interface KindSpec {
  /**
   * Shapes at a site whose activation has the shape `feature`: `[d_model]`, or `[heads, d_head]` at `z`. `locations`:
   * `[layers, positions]`, or `[layers]` for all positions.
   */
  shapes(locations: readonly number[], feature: readonly number[]): Record<string, readonly number[]>;
  intervention(parameters: Readonly<Record<string, Tensor>>, beta: number, at: Where): Intervention;
  /** Whether its parameters can depend on positions at all. */
  hasPositions: boolean;
}

export const kinds: Readonly<Record<Kind, KindSpec>> = {
  scalars: {
    // At z, a scalar for each head.
    shapes: (locations, feature) => ({ alpha: [...locations, ...feature.slice(0, -1)] }),
    intervention: ({ alpha }, beta, at) => scale(dialled(alpha!, beta), at),
    hasPositions: true,
  },
  vectors: {
    shapes: (locations, feature) => ({ v: [...locations, ...feature] }),
    intervention: ({ v }, beta, at) => add(dialled(v!, beta), at),
    hasPositions: true,
  },
  dynamic: {
    shapes: ([layers], feature) => ({ g: [layers!, ...feature], b: [layers!] }),
    intervention: ({ g, b }, beta, at) => dynamic(dialled(g!, beta), dialled(b!, beta), at),
    hasPositions: false,
  },
};

/** The intervention that one site's tensors make at β. */
export function interventionOf(
  kind: Kind,
  parameters: Readonly<Record<string, Tensor>>,
  beta: number,
  positions: Positions,
): Intervention {
  return kinds[kind].intervention(parameters, beta, positions === "all" ? { positions } : {});
}

/** How many leading axes of a parameter name a location. */
export function locationAxes(kind: Kind, positions: Positions): 1 | 2 {
  return kinds[kind].hasPositions && positions === "each" ? 2 : 1;
}

/** The shape of one activation at a site. */
export function featureOf(site: Site, { n_heads, d_head, d_model }: GPTConfig): readonly number[] {
  return site === "z" ? [n_heads, d_head] : [d_model];
}

function dialled(x: Tensor, beta: number): Tensor {
  return beta === 1 ? x : mul(x, beta);
}

/** Learned tensors by site and name. */
export type SiteParameters = Readonly<Partial<Record<Site, Readonly<Record<string, Tensor>>>>>;

/** Where a learned intervention comes from. Saved with it. */
export interface Provenance {
  task: string;
  model: string;
  /** `fingerprint` of the model. */
  fingerprint: string;
  /** Absent: `each`. */
  positions?: Positions;
  /** The token at each position, to label it: `‹varies›` where the training prompts differ. None for `all` positions. */
  tokens: readonly string[];
  seed: number;
  /** The settings of the learner. */
  settings: Readonly<Record<string, number | string>>;
  steps: number;
  /** Measurements on held-out prompts, where they were made. */
  metrics?: Readonly<Record<string, number>>;
}

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

  /** Whether its parameters belong to positions. If not, it edits prompts of any length, and what is generated. */
  get hasPositions(): boolean {
    return locationAxes(this.kind, this.provenance.positions ?? "each") === 2;
  }

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

  /** Number of learned numbers, zero or not. */
  get parameterCount(): number {
    return this.values().reduce((sum, x) => sum + x.length, 0);
  }

  /** Number of learned numbers that are not exactly 0. */
  get activeParameters(): number {
    return this.values().reduce((sum, x) => sum + x.filter((value) => value !== 0).length, 0);
  }

  /** ‖θ‖₁ */
  get l1(): number {
    return this.values().reduce((sum, x) => sum + x.reduce((total, value) => total + Math.abs(value), 0), 0);
  }

  /** Places that are not all zero, the largest first. */
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

  /** The same intervention with only its `count` largest locations. */
  keepLargest(count: number): LearnedIntervention {
    if (!Number.isInteger(count) || count < 0) throw new ArgumentError("keepLargest", `count is ${count}`);
    const kept = new Set(
      this.activeLocations()
        .slice(0, count)
        .map(({ site, layer, position }) => `${site} ${layer} ${position ?? 0}`),
    );
    const { hasPositions } = this;
    const parameters = Object.entries(this.parameters).map(([site, tensors]) => {
      const pruned = Object.entries(tensors).map(([name, x]) => {
        const data = x.toTypedArray() as Float32Array;
        const positions = hasPositions ? x.shape[1]! : 1;
        const size = data.length / (x.shape[0]! * positions);
        const masked = data.map((value, i) => {
          const at = Math.floor(i / size);
          return kept.has(`${site} ${Math.floor(at / positions)} ${at % positions}`) ? value : 0;
        });
        return [name, tensor(masked, { shape: x.shape })];
      });
      return [site, Object.fromEntries(pruned)];
    });
    // What was measured belongs to the whole intervention.
    const { metrics: _, ...provenance } = this.provenance;
    return new LearnedIntervention(this.kind, Object.fromEntries(parameters), provenance);
  }

  /** The same with measurements on held-out prompts, which are saved with it. */
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

/** Logits after the last token of each prompt, `[prompts, vocab_size]` for each β, all in one batch. */
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
