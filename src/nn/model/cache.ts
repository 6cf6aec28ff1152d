import { ArgumentError, parameter, type Tensor, tensor } from "../../autograd";
import { cachedAttention, copyInto, releaseNow } from "../../tensor/internal";
import type { GPTConfig } from "../config";
import type { Weights } from "./weights";

/** What a cache knows of the model that fills it. */
interface Owner {
  readonly config: GPTConfig;
  readonly weights: Weights;
  readonly dtype: "f32" | "f64";
}

/**
 * The keys and values of the tokens that a model has read: a later `forward` with the same cache takes the new tokens
 * of each row alone. Takes `2 · n_kv_heads · d_head · 4` bytes for each token and block, and grows by itself. Belongs to
 * one model, one batch of rows and one set of interventions. For generation: it keeps no history for gradients.
 */
export class KVCache {
  /** Columns that are filled: the same for all rows, the padding in front of shorter prompts counted. */
  length = 0;
  /** Columns of padding in front of each row, and tokens of each prompt: set by the first pass. */
  padding: readonly number[] = [];
  promptLengths: readonly number[] = [];
  /** Rows that a pass gave no tokens: nothing follows in them. */
  readonly ended = new Set<number>();
  /** `[blocks, rows, columns, 2 · n_kv_heads, d_head]`: keys, then values. */
  private kept: Tensor | undefined;
  private starts: Tensor | undefined;
  private isReleased = false;

  /** `capacity`: columns to make room for at once: the longest prompt and what is generated. */
  constructor(
    readonly model: Owner,
    private readonly options: { capacity?: number } = {},
  ) {
    const { capacity = 1 } = options;
    if (!(Number.isSafeInteger(capacity) && capacity > 0)) {
      throw new ArgumentError("KVCache", `capacity is ${capacity}, not a number of tokens`);
    }
  }

  /** How the rows lie: said once, before the first pass. */
  begin(padding: readonly number[], promptLengths: readonly number[]): void {
    this.padding = padding;
    this.promptLengths = promptLengths;
    this.starts = parameter([padding.length], { dtype: "i32" }).assign(tensor([...padding], { dtype: "i32" }));
  }

  /** Makes room for the columns of one pass. */
  reserve(columns: number): void {
    if (this.isReleased) throw new ArgumentError("KVCache", "was released", { hint: "Make a new one." });
    const wanted = this.length + columns;
    const room = this.kept?.shape[2] ?? 0;
    if (wanted <= room) return;
    const { n_layers, n_kv_heads, d_head } = this.model.config;
    const capacity = Math.max(wanted, this.options.capacity ?? 0, Math.ceil(1.5 * room));
    const shape = [n_layers, this.padding.length, capacity, 2 * n_kv_heads, d_head];
    const grown = parameter(shape, { dtype: this.model.dtype });
    const old = this.kept;
    if (old !== undefined) {
      copyInto(grown.slice([null, null, [0, room]]), old);
      releaseNow(old.storage);
    }
    this.kept = grown;
  }

  /** Attention of new positions over the cached ones and themselves; their keys and values are kept. */
  attend(layer: number, qkv: Tensor): Tensor {
    const { n_heads: heads, n_kv_heads: kvHeads } = this.model.config;
    const block = this.kept!.slice([[layer, layer + 1]]).squeeze(0);
    return cachedAttention(qkv, block, { heads, kvHeads, past: this.length, starts: this.starts! });
  }

  /** A pass over these new tokens of each row has ended: its columns count from now on. */
  advance(rows: readonly (readonly number[])[], columns: number): void {
    this.length += columns;
    rows.forEach((row, r) => {
      if (row.length === 0) this.ended.add(r);
    });
  }

  /** Gives the memory back now, not at garbage collection. The cache cannot be used again. */
  release(): void {
    if (this.kept !== undefined) releaseNow(this.kept.storage);
    this.kept = undefined;
    this.isReleased = true;
  }
}
