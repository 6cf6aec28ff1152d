import { ArgumentError, step } from "../../autograd";
import { pause } from "../../io/pause";
import type { Interventions } from "../interventions/edits";
import type { Model } from "../model/model";
import { continuations, type GeneratedToken } from "./loop";
import { type GenerateOptions, settingsOf } from "./options";
import { type Logits, mostLikely } from "./sampling";

export type { GenerateOptions };

/**
 * Token ids that continue `ids`, without it and with the token that ended them: one list for one prompt, a list of them
 * for several, each what its prompt gives alone. Interventions count positions from the start or end of each prompt.
 *
 * @throws ArgumentError for options outside their range, TokenError for prompts that the model cannot read,
 *   NumericsError for logits that are not numbers, and what `forward` throws for interventions.
 */
export function generateIds(model: Model, ids: readonly number[], options?: GenerateOptions): number[];
export function generateIds(model: Model, ids: readonly (readonly number[])[], options?: GenerateOptions): number[][];
export function generateIds(
  model: Model,
  ids: readonly number[] | readonly (readonly number[])[],
  options: GenerateOptions = {},
): number[] | number[][] {
  const isBatch = Array.isArray(ids[0]);
  const prompts = (isBatch ? ids : [ids]) as readonly (readonly number[])[];
  const added: number[][] = prompts.map(() => []);
  for (const tokens of continuations(model, prompts, settingsOf(model, options), false)) {
    for (const { row, id } of tokens) added[row]!.push(id);
  }
  return isBatch ? added : added[0]!;
}

/** The text that continues a prompt, or each of several; what ended it and end-of-text tokens are left out. */
export function generate(model: Model, prompt: string, options?: GenerateOptions): string;
export function generate(model: Model, prompt: readonly string[], options?: GenerateOptions): string[];
export function generate(
  model: Model,
  prompt: string | readonly string[],
  options: GenerateOptions = {},
): string | string[] {
  const prompts = idsOf(model, prompt);
  const texts = prompts.map(() => "");
  for (const tokens of continuations(model, prompts, settingsOf(model, options), true)) {
    for (const { row, text } of tokens) texts[row] += text;
  }
  return typeof prompt === "string" ? texts[0]! : texts;
}

/** Options of `stream`. */
export interface StreamOptions extends GenerateOptions {
  /** Ends the stream: it throws the signal's reason, an `AbortError` unless another was given. */
  signal?: AbortSignal;
}

/**
 * The tokens that continue a prompt, or several side by side, as they come; the texts of a row add up to exactly what
 * `generate` gives. Lets other work of the page or process run between tokens. Options and prompts are checked at once.
 */
export function stream(
  model: Model,
  prompt: string | readonly string[],
  options: StreamOptions = {},
): AsyncGenerator<GeneratedToken, void> {
  return paced(continuations(model, idsOf(model, prompt), settingsOf(model, options), true), options.signal);
}

async function* paced(turns: Iterable<GeneratedToken[]>, signal?: AbortSignal): AsyncGenerator<GeneratedToken, void> {
  signal?.throwIfAborted();
  for (const tokens of turns) {
    for (const token of tokens) {
      yield token;
      signal?.throwIfAborted();
    }
    await pause();
    signal?.throwIfAborted();
  }
}

function idsOf(model: Model, prompt: string | readonly string[]): number[][] {
  const tokenizer = model.needTokenizer("generate");
  return (typeof prompt === "string" ? [prompt] : prompt).map((text) => tokenizer.encode(text));
}

/** The most likely next tokens after a prompt, the likeliest first. */
export function nextTokens(
  model: Model,
  ids: readonly number[],
  options: { count?: number; interventions?: Interventions; beta?: number } = {},
): { id: number; token: string; probability: number }[] {
  const { count = 5, interventions = {}, beta = 1 } = options;
  if (!(Number.isInteger(count) && count >= 0)) {
    throw new ArgumentError("nextTokens", `count is ${count}`, { hint: "Use a whole number, 0 or more." });
  }
  const p = step(() => {
    const { logits } = model.forward(ids, { interventions, beta, positions: "last" });
    return logits.softmax().toTypedArray() as Logits;
  });
  return Array.from(mostLikely(p, count), (id) => ({
    id,
    token: model.tokenizer?.token(id) ?? String(id),
    probability: p[id]!,
  }));
}
