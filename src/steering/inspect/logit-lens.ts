import { ArgumentError, NumericsError, step } from "../../autograd";
import { type Interventions, type Model, parsePlace, SiteError } from "../../nn";
import { mostLikely } from "../../nn/generate/sampling";
import { unembed } from "../../nn/model/gpt";
import { percent } from "../../text/numbers";
import { textTable } from "../../text/table";
import { clipToken } from "../../text/tokens";
import { checkPrompt, checkTokens, tokenOf } from "./inputs";

/** Where the lens reads, and under which intervention. */
export interface LensOptions {
  interventions?: Interventions;
  /** β of all interventions. Default 1. */
  beta?: number;
  /** Sites or places of width `d_model`. Default: the stream entering block 0 and leaving every block. */
  sites?: readonly string[];
  /** How many of the likeliest tokens to name. Default 5. */
  top?: number;
  /** Token ids to follow through the model, e.g. two answers. */
  tokens?: readonly number[];
  /** Also keep all logits: `vocab_size` numbers for each place and token. */
  full?: boolean;
}

/** Logits that are in memory at once. */
const budget = 1 << 22;

/**
 * The logit lens (nostalgebraist 2020): what the model would say if it ended at each place. The activation there, as it
 * is after interventions, goes through the final norm (with its own scale there) and the unembedding. `ids`: one prompt.
 * After the last block that is exactly the model's output.
 *
 * @throws SiteError for places that are not there or not `d_model` wide, TokenError for token ids outside the
 *   vocabulary, NumericsError for logits that are not finite, and what `forward` throws.
 */
export function logitLens(model: Model, ids: readonly number[], options: LensOptions = {}): LogitLens {
  const { sites = ["blocks.0.resid_pre", "resid_post"], top = 5, tokens = [], full = false } = options;
  const { interventions = {}, beta = 1 } = options;
  checkPrompt("logitLens", ids);
  checkTokens("logitLens", model, tokens);
  for (const name of sites) checkPlace(model, name);
  if (sites.length === 0) throw new ArgumentError("logitLens", "its list of sites is empty");
  if (!(Number.isInteger(top) && top >= 0)) throw new ArgumentError("logitLens", `top is ${top}, not a whole number`);
  const { vocab_size } = model.config;
  const rows = Math.max(1, Math.floor(budget / vocab_size));
  return step(() => {
    const { activations } = model.forward(ids, { interventions, beta, capture: sites, positions: "last" });
    const kept: Record<string, Float32Array | Float64Array> = {};
    const places = Object.entries(activations).map(([name, h]) => {
      const all = model.dtype === "f64" ? Float64Array : Float32Array;
      if (full) kept[name] = new all(ids.length * vocab_size);
      const cells: LensCell[] = [];
      for (let from = 0; from < ids.length; from += rows) {
        const part = step(() => unembed(model.parts, h.slice([null, [from, from + rows]])).toTypedArray());
        kept[name]?.set(part, from * vocab_size);
        for (let at = 0; at < part.length; at += vocab_size) {
          const logits = part.subarray(at, at + vocab_size) as Float32Array | Float64Array;
          cells.push(read(model, logits, top, tokens, `${name}, token ${cells.length}`));
        }
      }
      return { name, cells };
    });
    return new LogitLens(
      ids.map((id) => tokenOf(model, id)),
      places,
      full ? kept : undefined,
    );
  });
}

function read(
  model: Model,
  logits: Float32Array | Float64Array,
  top: number,
  tokens: readonly number[],
  where: string,
): LensCell {
  let most = Number.NEGATIVE_INFINITY;
  for (const logit of logits) most = Math.max(most, logit);
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - most);
  if (!Number.isFinite(total)) throw new NumericsError("logitLens", `the logits at ${where} are not finite`);
  const entry = (id: number, rank: number): LensToken => ({
    ...tokenOf(model, id),
    logit: logits[id]!,
    probability: Math.exp(logits[id]! - most) / total,
    rank,
  });
  return {
    top: Array.from(mostLikely(logits, top), (id, i) => entry(id, i + 1)),
    tokens: tokens.map((id) => entry(id, rankOf(logits, id))),
  };
}

/** 1 for the likeliest; of equal ones the smaller id comes first. */
function rankOf(logits: Float32Array | Float64Array, id: number): number {
  const own = logits[id]!;
  let rank = 1;
  for (let i = 0; i < logits.length; i++) if (logits[i]! > own || (logits[i] === own && i < id)) rank++;
  return rank;
}

function checkPlace(model: Model, name: string): void {
  if (parsePlace(name, model.config, "logitLens").site !== "z") return;
  throw new SiteError("logitLens", `"${name}" is a result of each head, not ${model.config.d_model} wide`, {
    hint: 'Use "attn_out", what the heads write into the residual stream.',
  });
}

/** A token as one place of the model scores it. */
export interface LensToken {
  readonly id: number;
  readonly token: string;
  readonly logit: number;
  readonly probability: number;
  /** 1 for the likeliest token of the vocabulary. */
  readonly rank: number;
}

/** The reading of one place after one token: the likeliest tokens, and those that were asked for. */
export interface LensCell {
  readonly top: readonly LensToken[];
  readonly tokens: readonly LensToken[];
}

/** One place after each token of the prompt: `cells[t]` after token `t`. */
export interface LensRow {
  readonly name: string;
  readonly cells: readonly LensCell[];
}

/** The reading of each place after each token. `toString()` is a table that fits a terminal. */
export class LogitLens {
  constructor(
    /** The prompt. */
    readonly prompt: readonly { readonly id: number; readonly token: string }[],
    /** In the order in which the forward pass meets them. */
    readonly places: readonly LensRow[],
    /** With `full`, by place: `[tokens, vocab_size]`, row by row. */
    readonly logits?: Readonly<Record<string, Float32Array | Float64Array>>,
  ) {}

  /** The likeliest token at each place after the last tokens, and what each place says after the last one. */
  toString(): string {
    const hasTop = this.places[0]!.cells[0]!.top.length > 0;
    return (hasTop ? [this.grid(), this.table()] : [this.table()]).join("\n\n");
  }

  /** Places down, the last tokens across: as many as fit. */
  private grid(): string {
    const shown = Math.min(this.prompt.length, 6);
    const first = this.prompt.length - shown;
    const lines = this.places.map(({ name, cells }) => [
      shortName(name),
      ...cells.slice(first).map(({ top }) => clipToken(top[0]!.token, 9)),
    ]);
    const heading = ["after", ...this.prompt.slice(first).map(({ token }) => clipToken(token, 9))];
    const which = first > 0 ? ` (the last ${shown} of ${this.prompt.length} tokens)` : "";
    return [`Likeliest next token at each place${which}`, ...textTable([heading, ...lines], { ruled: true })].join(
      "\n",
    );
  }

  /** Prints the reading of each place after one token (−1: the last): up to 3 tokens that were asked for, and some of the likeliest. */
  table(position = -1): string {
    const at = position < 0 ? this.prompt.length + position : position;
    if (this.prompt[at] === undefined) {
      throw new ArgumentError("logitLens", `no token ${position}`, {
        hint: `Valid: 0 to ${this.prompt.length - 1}, or from the end with negative numbers.`,
      });
    }
    const { top, tokens } = this.places[0]!.cells[at]!;
    const asked = tokens.slice(0, 3);
    const tops = Math.min(4 - Math.max(asked.length, 1), top.length);
    const heading = [
      "",
      ...Array.from({ length: tops }, (_, i) => `top ${i + 1}`),
      ...asked.map(({ token }) => clipToken(token, 11)),
    ];
    const lines = this.places.map(({ name, cells }) => [
      shortName(name),
      ...cells[at]!.top.slice(0, tops).map((t) => `${clipToken(t.token, 7)} ${share(t)}`),
      ...cells[at]!.tokens.slice(0, asked.length).map((t) => `${share(t)} #${t.rank}`),
    ]);
    const title = `After token ${at}, "${clipToken(this.prompt[at].token, 20)}"`;
    const only = tokens.length > asked.length ? ` (the first ${asked.length} of ${tokens.length} asked for)` : "";
    const note = `: probability${asked.length > 0 ? " and rank" : ""}${only}`;
    return [title + note, ...textTable([heading, ...lines], { ruled: true })].join("\n");
  }
}

const shortName = (name: string) => name.replace("blocks.", "");

function share({ probability }: LensToken): string {
  return percent(probability, probability < 0.0995 ? 1 : 0);
}
