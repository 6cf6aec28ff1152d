import { embedding, linear, step, type Tensor, tensor } from "../../autograd";
import { type Interventions, type Model, placeName, type Site, sitesOf } from "../../nn";
import { fixed } from "../../text/numbers";
import { textTable } from "../../text/table";
import { clipToken } from "../../text/tokens";
import { checkPrompt, checkTokens, tokenOf } from "./inputs";

/** Which answers are attributed, and under which intervention. */
export interface AttributionOptions {
  /** Token ids of the answers. Δ = logit(correct) − logit(wrong). */
  correct: number;
  wrong: number;
  interventions?: Interventions;
  /** β of all interventions. Default 1. */
  beta?: number;
}

/** An activation at the last position, as the block computed it and as the interventions left it. */
interface Seen {
  before: Tensor;
  after: Tensor;
}

/**
 * Direct logit attribution (Elhage et al. 2021): Δ after the last token of one prompt as a sum over everything that wrote
 * into the residual stream there: the embedding, each head, the bias of each attention, each MLP, and each edit of an
 * intervention (edited − unedited). The stream is that sum, and with the scale of the final norm held at its value the
 * rest of the way to the logits is linear, so that the terms add up to Δ. What a part does through later parts counts
 * for those, not for it. Edits at `z` count for their heads.
 *
 * @throws TokenError for token ids outside the vocabulary, and what `forward` throws.
 */
export function directLogitAttribution(
  model: Model,
  ids: readonly number[],
  options: AttributionOptions,
): LogitAttribution {
  const { correct, wrong, interventions = {}, beta = 1 } = options;
  checkPrompt("directLogitAttribution", ids);
  checkTokens("directLogitAttribution", model, [correct, wrong]);
  return step(() => {
    const seen = new Map<string, Seen>();
    const observe = (site: Site, layer: number, before: Tensor, after: Tensor) =>
      seen.set(placeName(site, layer), { before, after });
    const { logits } = model.forward(ids, { interventions, beta, positions: "last", observe });
    const at = (site: Site, layer: number) => seen.get(placeName(site, layer))!;
    const { n_layers } = model.config;
    const { direction, scale, constant } = readout(model, last(at("resid_post", n_layers - 1).after), correct, wrong);
    const effect = (x: Tensor) => dot(direction, last(x));
    const blocks = Array.from({ length: n_layers }, (_, l) => blockOf(model, l, (site) => at(site, l), direction));
    const scores = logits.toTypedArray();
    return new LogitAttribution(
      tokenOf(model, correct),
      tokenOf(model, wrong),
      scores[correct]! - scores[wrong]!,
      scale,
      effect(at("resid_pre", 0).before),
      blocks,
      constant,
    );
  });
}

function blockOf(model: Model, layer: number, at: (site: Site) => Seen, direction: Float64Array): BlockAttribution {
  const { config, parts } = model;
  const edits: Partial<Record<Exclude<Site, "z">, number>> = {};
  for (const site of sitesOf(config)) {
    const { before, after } = at(site);
    if (site === "z" || before === after) continue;
    const [old, now] = [last(before), last(after)];
    edits[site] = dot(
      direction,
      now.map((value, i) => value - old[i]!),
    );
  }
  const heads = headsOf(model, layer, last(at("z").after)).map((written) => dot(direction, written));
  const bias = parts.bias("attn_proj", layer);
  const attnBias = bias ? dot(direction, last(bias.reshape([1, 1, config.d_model]))) : 0;
  return {
    heads,
    attnBias,
    attnOut: heads.reduce((sum, value) => sum + value, attnBias) + (edits.attn_out ?? 0),
    mlpOut: dot(direction, last(at("mlp_out").before)) + (edits.mlp_out ?? 0),
    edits,
  };
}

/** Computes what each head writes into the stream: the output projection of its own entries of `z`, the others zero. */
function headsOf(model: Model, layer: number, z: Numbers): Float64Array[] {
  const { n_heads, d_head, d_model } = model.config;
  const size = n_heads * d_head;
  const apart = new Float64Array(n_heads * size);
  z.forEach((value, i) => {
    apart[Math.floor(i / d_head) * size + i] = value;
  });
  const rows = tensor(apart, { dtype: model.dtype, shape: [n_heads, size] });
  const written = Float64Array.from(linear(rows, model.parts.matrix("attn_proj", layer)).toTypedArray());
  return Array.from({ length: n_heads }, (_, head) => written.subarray(head * d_model, (head + 1) * d_model));
}

/**
 * Δ of a residual stream that ends as `x`: `direction · x + constant`, where the direction holds the final norm's scale
 * at `x`, its weight, for LayerNorm its centring, and the difference of the two unembedding rows.
 */
function readout(model: Model, x: Numbers, correct: number, wrong: number) {
  const { norm, eps, d_model } = model.config;
  const { parts } = model;
  const rows = embedding(parts.head, tensor([correct, wrong], { dtype: "i32" })).toTypedArray();
  const gain = parts.get("ln_final").toTypedArray();
  const bias = parts.bias("ln_final")?.toTypedArray();
  const difference = Float64Array.from({ length: d_model }, (_, i) => rows[i]! - rows[d_model + i]!);
  const isCentred = norm === "layer_norm";
  const centre = isCentred ? mean(x) : 0;
  const scale = 1 / Math.sqrt(mean(Float64Array.from(x, (value) => (value - centre) ** 2)) + eps);
  const weighted = difference.map((value, i) => value * gain[i]!);
  const shift = isCentred ? mean(weighted) : 0;
  return {
    direction: weighted.map((value) => scale * (value - shift)),
    scale,
    constant: bias ? dot(difference, Float64Array.from(bias)) : 0,
  };
}

type Numbers = Float64Array;

/** The last row of `[1, tokens, …]`, in float64. */
function last(x: Tensor): Numbers {
  return Float64Array.from(x.slice([null, [-1]]).toTypedArray());
}

function mean(x: Numbers): number {
  return x.reduce((sum, value) => sum + value, 0) / x.length;
}

function dot(a: Numbers, b: Numbers): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

/** The share of one block in Δ, in logits. */
export interface BlockAttribution {
  /** Each head through the output projection, after edits at `z`. */
  readonly heads: readonly number[];
  /** The bias of the output projection. */
  readonly attnBias: number;
  /** The attention as it enters the stream: heads, bias, and the edit at `attn_out`. */
  readonly attnOut: number;
  /** The MLP as it enters the stream: what it computes, its biases included, and the edit at `mlp_out`. */
  readonly mlpOut: number;
  /** Edited − unedited activation, at the sites where an intervention is. */
  readonly edits: Readonly<Partial<Record<Exclude<Site, "z">, number>>>;
}

/** One term of Δ. */
export interface AttributionTerm {
  /** `embedding`, `head 3.1`, `attn bias 3`, `mlp 3`, `edit blocks.3.mlp_out`, `final bias`. */
  readonly name: string;
  readonly value: number;
}

/** Δ as a sum. `toString()` is a table by block, with the largest heads. */
export class LogitAttribution {
  constructor(
    readonly correct: { readonly id: number; readonly token: string },
    readonly wrong: { readonly id: number; readonly token: string },
    /** logit(correct) − logit(wrong) after the last token, as the model computes it. */
    readonly delta: number,
    /** 1 / √(variance + eps) of the final norm, or 1 / √(mean square + eps): held fixed. */
    readonly scale: number,
    /** Of the token and its position. */
    readonly embedding: number,
    readonly blocks: readonly BlockAttribution[],
    /** Of the final norm's bias: the same for every prompt. */
    readonly finalBias: number,
  ) {}

  /** Every term once; they add up to `delta`. */
  terms(): AttributionTerm[] {
    return [
      { name: "embedding", value: this.embedding },
      ...this.blocks.flatMap(({ heads, attnBias, mlpOut, edits }, l) => [
        ...heads.map((value, head) => ({ name: `head ${l}.${head}`, value })),
        { name: `attn bias ${l}`, value: attnBias },
        { name: `mlp ${l}`, value: mlpOut - (edits.mlp_out ?? 0) },
        ...Object.entries(edits).map(([site, value]) => ({ name: `edit blocks.${l}.${site}`, value })),
      ]),
      { name: "final bias", value: this.finalBias },
    ];
  }

  /** A text table: a row for each block. */
  toString(): string {
    const { correct, wrong, delta, blocks } = this;
    const streamEdits = blocks.map(({ edits }) => [edits.resid_pre, edits.resid_mid, edits.resid_post]);
    const isEdited = streamEdits.flat().some((value) => value !== undefined);
    const sums = streamEdits.map((values) => values.reduce<number>((sum, value) => sum + (value ?? 0), 0));
    let sum = this.embedding;
    const lines = blocks.map(({ attnOut, mlpOut }, l) => {
      sum += attnOut + mlpOut + sums[l]!;
      return [`block ${l}`, show(attnOut), show(mlpOut), ...(isEdited ? [show(sums[l]!)] : []), show(sum)];
    });
    const blank = isEdited ? ["", "", ""] : ["", ""];
    const rows = [
      ["", "attn_out", "mlp_out", ...(isEdited ? ["edits"] : []), "sum so far"],
      ["embedding", ...blank, show(this.embedding)],
      ...lines,
      ["final bias", ...blank, show(sum + this.finalBias)],
    ];
    const heads = blocks
      .flatMap((block, l) => block.heads.map((value, head) => ({ name: `${l}.${head}`, value })))
      .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    return [
      `Δ = logit("${clipToken(correct.token, 20)}") − logit("${clipToken(wrong.token, 20)}") = ${show(delta)}`,
      "",
      ...textTable(rows, { ruled: true }),
      "",
      `top heads: ${heads
        .slice(0, 4)
        .map(({ name, value }) => `${name} ${show(value)}`)
        .join(", ")}`,
    ].join("\n");
  }
}

const show = (value: number) => fixed(value, 2);
