import { layerNorm, linear, rmsNorm, type Tensor, transpose } from "../../autograd";
import { sizeOf } from "../../tensor/internal";
import type { GPTConfig } from "../config";
import { CheckpointError } from "../errors";
import { familyOf, type Part } from "../families";

/** The weights of a model by their checkpoint names. */
export type Weights = Readonly<Record<string, Tensor>>;

const isNorm = (part: Part) => part === "ln_1" || part === "ln_2" || part === "ln_final";
const isMlp = (part: Part) => part === "mlp_gate" || part === "mlp_in" || part === "mlp_proj";
const isTable = (part: Part) => part === "embed" || part === "pos_embed" || part === "unembed";

/** Whether a part has a bias besides its weight. */
export function hasBias(config: GPTConfig, part: Part): boolean {
  if (isTable(part)) return false;
  if (isNorm(part)) return config.norm === "layer_norm";
  return isMlp(part) ? config.mlp_bias : config.attn_bias;
}

/** The stored name of a part's weight or bias, without prefix. */
export function weightName(config: GPTConfig, part: Part, layer?: number, kind: "weight" | "bias" = "weight"): string {
  return `${familyOf(config).names[part]!.replace("*", String(layer))}.${kind}`;
}

/** Every weight of a model by its name without prefix, and its shape as stored. */
export function weightShapes(config: GPTConfig): Record<string, readonly number[]> {
  const shapes: Record<string, readonly number[]> = {};
  for (const { part, layer } of partsOf(config)) {
    const [input, output] = sizesOf(config, part);
    const isTransposed = !isTable(part) && familyOf(config).matrices === "out_in";
    const matrix = isTransposed ? [output, input] : [input, output];
    shapes[weightName(config, part, layer)] = isNorm(part) ? [output] : matrix;
    if (hasBias(config, part)) shapes[weightName(config, part, layer, "bias")] = [output];
  }
  return shapes;
}

/** Parameters of a model, without a list of its weights: a configuration may say any number of blocks. */
export function countParameters(config: GPTConfig): number {
  const withBlocks = (n_layers: number) =>
    Object.values(weightShapes({ ...config, n_layers })).reduce((sum, shape) => sum + sizeOf(shape), 0);
  const one = withBlocks(1);
  return one + (config.n_layers - 1) * (withBlocks(2) - one);
}

/** Whether a weight matrix writes into the residual stream. */
export function isResidualProjection(config: GPTConfig, name: string): boolean {
  const { names } = familyOf(config);
  const ends = (part: Part) => name.endsWith(`${names[part]!.split("*").at(-1)}.weight`);
  return ends("attn_proj") || ends("mlp_proj");
}

/** The parts of a model in the order in which the forward pass meets them. */
function partsOf(config: GPTConfig): { part: Part; layer?: number }[] {
  const { names } = familyOf(config);
  const all = (Object.keys(names) as Part[]).filter((part) => part !== "unembed" || !config.tie_word_embeddings);
  const inBlock = (part: Part) => names[part]!.includes("*");
  const blocks = Array.from({ length: config.n_layers }, (_, layer) =>
    all.filter(inBlock).map((part) => ({ part, layer })),
  );
  const outside = (parts: Part[]) => all.filter((part) => parts.includes(part)).map((part) => ({ part }));
  return [...outside(["embed", "pos_embed"]), ...blocks.flat(), ...outside(["ln_final", "unembed"])];
}

/** What a part reads and gives: for tables, rows and columns. */
function sizesOf(config: GPTConfig, part: Part): [input: number, output: number] {
  const { d_model: d, d_mlp, d_head, n_heads, n_kv_heads, n_ctx, vocab_size } = config;
  switch (part) {
    case "embed":
    case "unembed":
      return [vocab_size, d];
    case "pos_embed":
      return [n_ctx, d];
    case "qkv":
      return [d, (n_heads + 2 * n_kv_heads) * d_head];
    case "q":
      return [d, n_heads * d_head];
    case "k":
    case "v":
      return [d, n_kv_heads * d_head];
    case "attn_proj":
      return [n_heads * d_head, d];
    case "mlp_gate":
    case "mlp_in":
      return [d, d_mlp];
    case "mlp_proj":
      return [d_mlp, d];
    default:
      return [d, d];
  }
}

/** What stands before every weight name of a checkpoint but that of its head, e.g. `transformer.`; found, not assumed. */
export function findPrefix(names: readonly string[], config: GPTConfig): string {
  const embedding = weightName(config, "embed");
  const found = names.find((name) => name === embedding || name.endsWith(`.${embedding}`));
  return found?.slice(0, found.length - embedding.length) ?? "";
}

/** A weight's name in a checkpoint with this prefix. */
export function storedName(config: GPTConfig, prefix: string, name: string): string {
  return name === weightName(config, "unembed") ? name : prefix + name;
}

/** The weights of a model by what they are for, whatever the checkpoint calls them. */
export class Parts {
  constructor(
    private readonly config: GPTConfig,
    private readonly weights: Weights,
    private readonly prefix: string,
  ) {}

  has(part: Part): boolean {
    return familyOf(this.config).names[part] !== undefined;
  }

  /** A weight or bias as it is stored. */
  get(part: Part, layer?: number, kind: "weight" | "bias" = "weight"): Tensor {
    const name = storedName(this.config, this.prefix, weightName(this.config, part, layer, kind));
    const weight = this.weights[name];
    if (weight === undefined) throw new CheckpointError("model", `there is no weight "${name}"`);
    return weight;
  }

  /** `x [.., in]` through a part: `[.., out]`. */
  linear(part: Part, x: Tensor, layer: number): Tensor {
    return linear(x, this.matrix(part, layer), this.bias(part, layer));
  }

  /** The matrix of `linear`, `[in, out]`. */
  matrix(part: Part, layer: number): Tensor {
    const stored = this.get(part, layer);
    return familyOf(this.config).matrices === "out_in" ? transpose(stored) : stored;
  }

  /** The bias of a part, where it has one. */
  bias(part: Part, layer?: number): Tensor | undefined {
    return hasBias(this.config, part) ? this.get(part, layer, "bias") : undefined;
  }

  /** The rows of the unembedding, `[vocab_size, d_model]`: the embedding where the checkpoint ties the two. */
  get head(): Tensor {
    return this.get(this.config.tie_word_embeddings ? "embed" : "unembed");
  }

  norm(part: Part, x: Tensor, layer?: number): Tensor {
    const { norm, eps } = this.config;
    const weight = this.get(part, layer);
    return norm === "rms_norm" ? rmsNorm(x, weight, eps) : layerNorm(x, weight, this.bias(part, layer), eps);
  }
}
