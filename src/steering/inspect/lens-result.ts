import { ArgumentError } from "../../autograd";
import { clipToken, textTable } from "../../text/tokens";

/** A token as one place of the model scores it. */
export interface LensToken {
  readonly id: number;
  readonly token: string;
  readonly logit: number;
  readonly probability: number;
  /** 1 for the likeliest token of the vocabulary. */
  readonly rank: number;
}

/** What one place says after one token: the likeliest tokens, and those that were asked for. */
export interface LensCell {
  readonly top: readonly LensToken[];
  readonly tokens: readonly LensToken[];
}

/** `cells[t]` is what the place says after token `t`. */
export interface LensPlace {
  readonly name: string;
  readonly cells: readonly LensCell[];
}

/** What each place would say after each token. `toString()` is a table that fits a terminal. */
export class LogitLens {
  constructor(
    /** The prompt. */
    readonly prompt: readonly { readonly id: number; readonly token: string }[],
    /** In the order in which the forward pass meets them. */
    readonly places: readonly LensPlace[],
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
    return [`Likeliest next token at each place${which}`, ...ruled([heading, ...lines])].join("\n");
  }

  /** What each place says after one token (−1: the last): up to 3 tokens that were asked for, and some of the likeliest. */
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
    return [title + note, ...ruled([heading, ...lines])].join("\n");
  }
}

/** How the asked tokens change at one place after one token. */
export interface LensChange {
  readonly name: string;
  readonly position: number;
  /** The likeliest tokens before and after; absent where none were kept. */
  readonly top: { readonly before: LensToken | undefined; readonly after: LensToken | undefined };
  /** After − before. */
  readonly tokens: readonly {
    readonly id: number;
    readonly token: string;
    readonly logit: number;
    readonly probability: number;
    readonly rank: number;
  }[];
}

/** What changed from one lens to another of the same prompt, places and asked tokens: place by place, token by token. */
export function compareLens(before: LogitLens, after: LogitLens): LensChange[] {
  const layoutOf = ({ prompt, places }: LogitLens) =>
    JSON.stringify([prompt, places.map(({ name, cells }) => [name, cells[0]!.tokens.map(({ id }) => id)])]);
  if (layoutOf(before) !== layoutOf(after)) {
    throw new ArgumentError("compareLens", "the two look at other prompts, places or tokens", {
      hint: "Call logitLens twice with the same ids, sites and tokens.",
    });
  }
  return before.places.flatMap(({ name, cells }, p) =>
    cells.map((cell, position) => {
      const now = after.places[p]!.cells[position]!;
      const tokens = cell.tokens.map((old, i) => {
        const { id, token, logit, probability, rank } = now.tokens[i]!;
        const [dLogit, dProbability] = [logit - old.logit, probability - old.probability];
        return { id, token, logit: dLogit, probability: dProbability, rank: rank - old.rank };
      });
      return { name, position, top: { before: cell.top[0], after: now.top[0] }, tokens };
    }),
  );
}

const shortName = (name: string) => name.replace("blocks.", "");

function share({ probability }: LensToken): string {
  return `${(100 * probability).toFixed(probability < 0.0995 ? 1 : 0)}%`;
}

function ruled(lines: readonly (readonly string[])[]): string[] {
  const [heading, ...rows] = textTable(lines);
  return [heading!, "─".repeat(Math.max(...[heading!, ...rows].map((line) => [...line].length))), ...rows];
}
