import { ArgumentError, type Tensor, tensor } from "../../autograd";
import { countElements, recordingDepth } from "../../autograd/internal";
import type { GPTConfig } from "../config";
import type { Interventions } from "../interventions/edits";
import { parsePlace, placeName, type Site } from "../interventions/sites";
import { type Tap, tapOf } from "../interventions/tap";
import type { Tokenizer } from "../tokenizer/tokenizer";
import type { KVCache } from "./cache";
import { gpt, unembed } from "./gpt";
import { layOut, type Rows } from "./prompts";
import { findPrefix, Parts, type Weights } from "./weights";

/** How `Model.forward` runs. */
export interface ForwardOptions {
  /** Edits of activations; an unknown, ill-shaped or unfired one throws. */
  interventions?: Interventions;
  /** β of all interventions, for all prompts or for each. Default 1; 0 computes exactly what no intervention does. */
  beta?: number | readonly number[];
  /** Activations to return: one name or a list, of places (`blocks.3.mlp_out`) or of sites in all blocks (`mlp_out`). */
  capture?: string | readonly string[];
  /** `"last"`: logits after each prompt's last token only. Default `"all"`. */
  positions?: "all" | "last";
  /** Tokens of each row that belong to the prompt, where rows also hold generated ones. Default: all. */
  promptLengths?: readonly number[];
  /**
   * Keys and values of what was read before; those of this pass are added. The first pass takes the prompts, each later
   * one the new tokens of every row (the same number for all, or none for a row that has ended). Logits and activations are those of the new columns.
   */
  cache?: KVCache;
  /**
   * How long a row can become: an intervention at a position from here on would never fire, which is an error. Default:
   * the longest row, or with a cache the model's context.
   */
  maxLength?: number;
  /**
   * Called at every site with the activation as the block computes it and as interventions leave it: the same tensor
   * where no edit is. For looking, and within the `step` around `forward` only.
   */
  observe?: (site: Site, layer: number, before: Tensor, after: Tensor) => void;
}

/** What `Model.forward` gives. */
export interface ForwardResult {
  /** `[prompts, columns, vocab_size]`, or `[prompts, vocab_size]` for `positions: "last"`. */
  logits: Tensor;
  /** The captured activations by place name, `[prompts, columns, …]`, as they are after interventions. */
  activations: Readonly<Record<string, Tensor>>;
  /** Columns of padding in front of each prompt: token `t` of prompt `r` is in column `padding[r] + t`. */
  padding: readonly number[];
}

/** A GPT: configuration, weights by checkpoint name, tokenizer. Holds no state beyond them. */
export class Model {
  /** What stands before every weight name in this checkpoint, e.g. `transformer.`. */
  readonly prefix: string;
  /** The weights by what they are for. */
  readonly parts: Parts;

  constructor(
    readonly config: GPTConfig,
    readonly weights: Weights,
    readonly tokenizer?: Tokenizer,
    readonly name = "model",
  ) {
    this.prefix = findPrefix(Object.keys(weights), config);
    this.parts = new Parts(config, weights, this.prefix);
  }

  /** The same model on other weights: how weights are differentiated. */
  withWeights(weights: Weights): Model {
    return new Model(this.config, weights, this.tokenizer, this.name);
  }

  /** Number of stored parameters; a tied embedding counts once. */
  get parameterCount(): number {
    return countElements(this.weights);
  }

  /** What the model computes in; its matrices may be stored in fewer bits. */
  get dtype(): "f32" | "f64" {
    return this.parts.get("ln_final").dtype as "f32" | "f64";
  }

  /**
   * Runs token ids through the model. `ids`: one prompt or several, of any lengths: shorter ones are padded on the
   * left, where nothing sees it, and positions count from each prompt's own start, so that a batch gives what each
   * prompt gives alone. The last column is the last token of every prompt.
   *
   * Throws `TokenError` for ids outside the vocabulary and prompts that are empty or longer than the context, and what
   * `tapOf` throws.
   */
  forward(ids: readonly number[] | readonly (readonly number[])[], options: ForwardOptions = {}): ForwardResult {
    const prompts = (typeof ids[0] === "number" ? [ids] : ids) as readonly (readonly number[])[];
    const { cache } = options;
    if (cache) this.checkCache(cache);
    const rows = layOut(prompts, this.config, cache);
    if (cache?.length === 0) cache.begin(rows.padding, promptLengthsOf(prompts, options));
    cache?.reserve(rows.length);
    const tap = this.tap(options, rows, cache?.promptLengths ?? promptLengthsOf(prompts, options));
    const tokens = {
      ids: tensor(rows.ids, { dtype: "i32", shape: [prompts.length, rows.length] }),
      positions: rows.positions,
      starts: rows.padding.some((n) => n > 0) ? tensor([...rows.padding], { dtype: "i32" }) : undefined,
      cache,
    };
    const x = gpt(this.parts, this.config, tokens, tap.apply);
    cache?.advance(prompts, rows.length);
    const asked = options.positions === "last" ? x.slice([null, [-1]]).squeeze(1) : x;
    return { logits: unembed(this.parts, asked), activations: tap.captured, padding: rows.padding };
  }

  /** Token ids of a text, exactly as the model reads them. */
  encode(text: string): number[] {
    return this.needTokenizer("encode").encode(text);
  }

  /** The pieces that a text is read as. */
  tokens(text: string): string[] {
    return this.needTokenizer("tokens").tokens(text);
  }

  /** The tokenizer, or an error that says what is missing. */
  needTokenizer(where: string): Tokenizer {
    if (this.tokenizer === undefined) {
      throw new ArgumentError(where, `"${this.name}" was loaded without a tokenizer`, {
        hint: "Put tokenizer.json beside its config.json, or pass token ids.",
      });
    }
    return this.tokenizer;
  }

  private checkCache(cache: KVCache): void {
    if (cache.model.weights !== this.weights) {
      throw new ArgumentError("forward", "the cache belongs to another model", { hint: "Make one for this model." });
    }
    if (recordingDepth() > 0) {
      throw new ArgumentError("forward", "a cache keeps no history for gradients", {
        hint: "Leave cache out inside a function that is being differentiated.",
      });
    }
  }

  private tap(options: ForwardOptions, { padding, first, length }: Rows, promptLengths: readonly number[]) {
    const { interventions = {}, beta = 1, capture = [], cache } = options;
    const longest = first + length - Math.min(...padding);
    const maxLength = Math.max(options.maxLength ?? (cache ? this.config.n_ctx : 0), longest);
    const batch = { promptLengths, padding, first, length, maxLength, beta, dtype: this.dtype };
    const edit = tapOf(interventions, this.config, batch);
    const wanted = new Set([capture].flat().flatMap((name) => this.placesOf(name)));
    const captured: Record<string, Tensor> = {};
    const apply: Tap = (site, layer, h) => {
      const edited = edit(site, layer, h);
      options.observe?.(site, layer, h, edited);
      const name = placeName(site, layer);
      if (wanted.has(name)) captured[name] = edited;
      return edited;
    };
    return { apply, captured };
  }

  private placesOf(name: string): string[] {
    const { site, layer } = parsePlace(name, this.config, "capture");
    const layers = layer === undefined ? Array.from({ length: this.config.n_layers }, (_, l) => l) : [layer];
    return layers.map((l) => placeName(site, l));
  }
}

function promptLengthsOf(prompts: readonly (readonly number[])[], { promptLengths }: ForwardOptions) {
  const lengths = prompts.map((prompt) => prompt.length);
  if (promptLengths === undefined) return lengths;
  if (promptLengths.length === lengths.length && promptLengths.every((n, row) => n > 0 && n <= lengths[row]!)) {
    return promptLengths;
  }
  throw new ArgumentError("forward", "promptLengths must give 1 to all tokens of each prompt", {
    details: { promptLengths, tokens: lengths },
  });
}
