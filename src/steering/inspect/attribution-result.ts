import type { Site } from "../../nn";
import { clipToken, textTable } from "../../text/tokens";
import { decimals } from "../measure/compare";

/** What one block adds to Δ, in logits. */
export interface BlockAttribution {
  /** Each head through the output projection, after edits at `z`. */
  readonly heads: readonly number[];
  /** The bias of the output projection. */
  readonly attnBias: number;
  /** What the attention adds to the stream: heads, bias, and the edit at `attn_out`. */
  readonly attnOut: number;
  /** What the MLP adds to the stream: what it computes, its biases included, and the edit at `mlp_out`. */
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
    const [heading, ...rows] = textTable([
      ["", "attn_out", "mlp_out", ...(isEdited ? ["edits"] : []), "sum so far"],
      ["embedding", ...blank, show(this.embedding)],
      ...lines,
      ["final bias", ...blank, show(sum + this.finalBias)],
    ]);
    const heads = blocks
      .flatMap((block, l) => block.heads.map((value, head) => ({ name: `${l}.${head}`, value })))
      .sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
    return [
      `Δ = logit("${clipToken(correct.token, 20)}") − logit("${clipToken(wrong.token, 20)}") = ${show(delta)}`,
      "",
      heading,
      "─".repeat(Math.max(...[heading!, ...rows].map((line) => line.length))),
      ...rows,
      "",
      `top heads: ${heads
        .slice(0, 4)
        .map(({ name, value }) => `${name} ${show(value)}`)
        .join(", ")}`,
    ].join("\n");
  }
}

const show = decimals(2);
