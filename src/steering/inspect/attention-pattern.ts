import {
  ArgumentError,
  arange,
  greater,
  maskedFill,
  matmul,
  softmax,
  split,
  step,
  type Tensor,
  transpose,
} from "../../autograd";
import { SiteError } from "../../nn/errors";
import type { Interventions } from "../../nn/interventions/edits";
import { placeName } from "../../nn/interventions/sites";
import { attentionHeads } from "../../nn/model/gpt";
import type { Model } from "../../nn/model/model";
import { rotaryAngles } from "../../nn/model/rotary";
import { percent } from "../../text/numbers";
import { textTable } from "../../text/table";
import { clipToken } from "../../text/tokens";
import { checkPrompt } from "./inputs";

/** Which attention is read, and under which intervention. */
export interface AttentionOptions {
  interventions?: Interventions;
  /** β of all interventions. Default 1. */
  beta?: number;
  /** Blocks to look at. Default: all. */
  layers?: readonly number[];
}

/**
 * Which earlier tokens each head reads: the softmax of the model's own scores, after interventions on what the block
 * reads. Edits at `z` and later in the same block come after it and do not change it. `ids`: one prompt. Takes
 * `n_heads · tokens²` numbers for each block.
 *
 * @throws SiteError for a block that is not there, and what `forward` throws.
 */
export function attentionPatterns(
  model: Model,
  ids: readonly number[],
  options: AttentionOptions = {},
): AttentionPatterns {
  const { config, parts } = model;
  const { interventions = {}, beta = 1, layers = Array.from({ length: config.n_layers }, (_, l) => l) } = options;
  checkPrompt("attentionPatterns", ids);
  if (layers.length === 0) throw new ArgumentError("attentionPatterns", "its list of layers is empty");
  for (const layer of layers) checkLayer(layer, config.n_layers);
  const patterns = step(() => {
    const capture = layers.map((layer) => placeName("resid_pre", layer));
    const { activations } = model.forward(ids, { interventions, beta, capture, positions: "last" });
    const tokens = { ids: arange(ids.length, undefined, 1, { dtype: "i32" }).unsqueeze(0), positions: indices(ids) };
    const angles = config.rotary && rotaryAngles(config.rotary, tokens, model.dtype);
    return layers.map((layer, i) =>
      step(() => {
        const x = parts.norm("ln_1", activations[capture[i]!]!, layer);
        const qkv = attentionHeads(parts, config, layer, x, angles);
        return patternOf(qkv, config.n_heads, config.n_kv_heads).toTypedArray() as Float32Array | Float64Array;
      }),
    );
  });
  const words = ids.map((id) => model.tokenizer?.token(id) ?? String(id));
  return new AttentionPatterns(words, config.n_heads, new Map(layers.map((layer, i) => [layer, patterns[i]!])));
}

/** Probabilities `[batch, heads, queries, keys]` from what `attentionHeads` gives; keys after the query have 0. */
function patternOf(qkv: Tensor, heads: number, kvHeads: number): Tensor {
  const [batch, length, , d_head] = qkv.shape as [number, number, number, number];
  const [q, k] = split(qkv, [heads, kvHeads, kvHeads], 2) as [Tensor, Tensor, Tensor];
  // Matrices [length, d_head]; the query heads that share a key head lie side by side.
  const grouped = (x: Tensor, n: number) =>
    x.reshape([batch, length, kvHeads, n / kvHeads, d_head]).permute([0, 2, 3, 1, 4]);
  const scores = matmul(grouped(q, heads), transpose(grouped(k, kvHeads))).mul(1 / Math.sqrt(d_head));
  const at = arange(length, undefined, 1, { dtype: "i32" });
  const visible = maskedFill(scores, greater(at, at.unsqueeze(1)), Number.NEGATIVE_INFINITY);
  return softmax(visible).reshape([batch, heads, length, length]);
}

/** Attention of one prompt. `toString()` names what the last token reads most, head by head; `heatMap` shows one head. */
export class AttentionPatterns {
  constructor(
    /** The text of each token. */
    readonly tokens: readonly string[],
    readonly heads: number,
    /** By block: `[heads, queries, keys]` probabilities, row by row. */
    readonly patterns: ReadonlyMap<number, Float32Array | Float64Array>,
  ) {}

  /** Returns the rows of one head: `rows[query][key]`, each adding up to 1. @throws SiteError for a head that is not there */
  head(layer: number, head: number): number[][] {
    const pattern = this.patterns.get(layer);
    const n = this.tokens.length;
    if (pattern === undefined || !(Number.isInteger(head) && head >= 0 && head < this.heads)) {
      throw new SiteError("attention", `no head ${layer}.${head}`, {
        hint: `Here are blocks ${[...this.patterns.keys()].join(", ")}, each with heads 0-${this.heads - 1}.`,
      });
    }
    const rowAt = (query: number) => pattern.subarray((head * n + query) * n, (head * n + query + 1) * n);
    return Array.from({ length: n }, (_, query) => [...rowAt(query)]);
  }

  /** One head as blocks that are the darker the more a query (row) reads a key (column); at most the last 60 tokens. */
  heatMap(layer: number, head: number): string {
    const rows = this.head(layer, head);
    const first = Math.max(0, rows.length - shownTokens);
    const columns = rows.length > shownTokens / 2 ? 1 : 2;
    const lines = rows.slice(first).map((row, i) => {
      const query = first + i;
      const cells = row.slice(first, query + 1).map((p) => shadeOf(p).repeat(columns));
      return [clipToken(this.tokens[query]!, 14), cells.join("").padEnd((rows.length - first) * columns)];
    });
    const which = first > 0 ? `the last ${shownTokens} of ${rows.length} tokens` : "the tokens in order";
    const title = `Attention of head ${layer}.${head}: rows read columns, both ${which}`;
    return [title, legend, "", ...textTable(lines)].join("\n");
  }

  /** A text table of one head: queries by keys. */
  toString(): string {
    const lines = [...this.patterns.keys()].flatMap((layer) =>
      Array.from({ length: this.heads }, (_, head) => {
        const row = this.head(layer, head).at(-1)!;
        const order = row.map((_, key) => key).sort((a, b) => row[b]! - row[a]! || a - b);
        const cells = [0, 1, 2].map((rank) => {
          const key = order[rank];
          return key === undefined ? "" : `${clipToken(this.tokens[key]!, 11)} @${key} ${percent(row[key]!)}`;
        });
        return [`${layer}.${head}`, ...cells];
      }),
    );
    return ["What the last token reads most, by head: token @position share", "", ...textTable(lines)].join("\n");
  }

  /** Blocks as nested lists `[heads][queries][keys]`. */
  toJSON() {
    const heads = Array.from({ length: this.heads }, (_, head) => head);
    const layers = [...this.patterns.keys()].map((layer) => ({ layer, heads: heads.map((h) => this.head(layer, h)) }));
    return { tokens: this.tokens, layers };
  }
}

const shownTokens = 60;
const legend = "· under 5%  ░ to 25%  ▒ to 50%  ▓ to 75%  █ to 100%";

function shadeOf(p: number): string {
  return p < 0.05 ? "·" : "░▒▓█"[Math.min(Math.ceil(4 * p), 4) - 1]!;
}

function indices(ids: readonly number[]): Int32Array {
  return Int32Array.from(ids, (_, i) => i);
}

function checkLayer(layer: number, count: number): void {
  if (Number.isInteger(layer) && layer >= 0 && layer < count) return;
  throw new SiteError("attentionPatterns", `no block ${layer}`, { hint: `This model has blocks 0-${count - 1}.` });
}
