import type { FamilyConfig, GPTConfig } from "../config";
import type { Fields } from "./fields";

/** The parts of a model that hold weights. A family has `qkv`, or `q`, `k` and `v`. */
export type Part =
  | "embed"
  | "pos_embed"
  | "ln_1"
  | "qkv"
  | "q"
  | "k"
  | "v"
  | "attn_proj"
  | "ln_2"
  | "mlp_gate"
  | "mlp_in"
  | "mlp_proj"
  | "ln_final"
  | "unembed";

/** How one checkpoint family is read and written. */
export interface Family {
  /** The `architectures` of its language models, with and without their head. */
  readonly architectures: readonly string[];
  parse(fields: Fields): FamilyConfig;
  /** The fields that `parse` reads. */
  write(config: GPTConfig): Record<string, unknown>;
  /** What each part is called in a checkpoint, without prefix; `*` is the block. */
  readonly names: Readonly<Partial<Record<Part, string>>>;
  /** What may stand before every name but that of the head. */
  readonly prefix: string;
  /** How weight matrices lie: `[in, out]` or `[out, in]`. */
  readonly matrices: "in_out" | "out_in";
  /** How `qkv` is ordered: all queries, keys, values, or these three head by head. */
  readonly fused?: "by_part" | "by_head";
  /** Stored names, prefix included, that are no parameters: masks and tables of older checkpoints. */
  readonly buffers: RegExp;
}
