import { describePositions, type Interventions, type Kind, type Model, step, TokenError } from "fader";
import { fingerprint, sitesOf } from "fader/nn";
import { type ComparisonRow, EngineError, type ModelInfo, type ModelSource, type TokenText } from "../protocol";
import { engineErrorOf, refusal } from "./engine-error";

/** An intervention that the page knows by its handle. */
export interface Carried {
  readonly kind: Kind;
  /** The intervention at β = 1. */
  readonly map: Interventions;
  /** The file that it is. */
  readonly bytes: Uint8Array;
  readonly fileName: string;
}

/** A prompt that was read. */
interface Reading {
  readonly ids: readonly number[];
  /** Logits after its last token in the model as it is, once they were needed. */
  clean?: Float32Array;
}

/** Prompts that are remembered: enough to go back and forth between examples. */
const mostReadings = 32;

/** An open model, with all that was learned and read since it was opened. */
export class Session {
  readonly info: ModelInfo;
  private readonly readings = new Map<string, Reading>();
  private readonly carried = new Map<string, Carried>();
  private readonly comparisons = new Map<string, ComparisonRow[]>();
  private count = 0;

  constructor(
    readonly model: Model,
    source: ModelSource["kind"],
  ) {
    if (model.tokenizer === undefined) throw withoutTokenizer(model.name);
    const { model_type, n_layers, n_heads, n_ctx, d_model, vocab_size } = model.config;
    this.info = {
      name: model.name,
      source,
      family: model_type,
      ...{ n_layers, n_heads, n_ctx, d_model, vocab_size },
      parameters: model.parameterCount,
      sites: sitesOf(model.config).filter((site) => site !== "z"),
      fingerprint: fingerprint(model),
      hasTokenizer: true,
    };
  }

  /** Token ids of a prompt. Throws `TokenError` for what the tokenizer cannot read. */
  ids(prompt: string): readonly number[] {
    return this.reading(prompt).ids;
  }

  /** Token ids of a prompt to run. Refuses one that is empty, or longer than the model's context. */
  idsToRun(prompt: string): readonly number[] {
    const ids = this.ids(prompt);
    const { n_ctx, name } = this.info;
    if (ids.length === 0) throw refusal("The prompt is empty.", "Type a text.");
    if (ids.length <= n_ctx) return ids;
    const most = `"${name}" reads at most ${n_ctx}`;
    throw refusal(`The prompt has ${ids.length} tokens, and ${most}.`, `Shorten it by ${ids.length - n_ctx}.`);
  }

  /** The text of a token, with its leading space. Ids beyond the tokenizer's (padding of the head) show as numbers. */
  token(id: number): TokenText {
    const tokenizer = this.model.needTokenizer("tokens");
    return { id, text: id < tokenizer.vocabSize ? tokenizer.token(id) : `‹${id}›` };
  }

  /** Logits after a prompt in the model as it is, computed once. */
  clean(prompt: string): Float32Array {
    const reading = this.reading(prompt);
    reading.clean ??= step(
      () => this.model.forward(reading.ids, { positions: "last" }).logits.toTypedArray() as Float32Array,
    );
    return reading.clean;
  }

  /** The id of an answer: a word that follows a space. Throws `TokenError` for one that is not one token. */
  answer(word: string): number {
    if (word.trim() === "") throw refusal("An answer is empty.", "Type a word, or leave both answers out.");
    try {
      return this.model.needTokenizer("answer").single(` ${word.trim()}`);
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      throw new EngineError({
        ...engineErrorOf(error),
        problem: `The answer ${error.problem}.`,
        hint: "Use another word.",
      });
    }
  }

  keep(carried: Carried): string {
    const handle = `${this.info.fingerprint}-${++this.count}`;
    this.carried.set(handle, carried);
    return handle;
  }

  find(handle: string): Carried {
    const found = this.carried.get(handle);
    if (found !== undefined) return found;
    throw refusal("This intervention belongs to a model that is no longer open.", "Learn or read it again.", {
      handle,
    });
  }

  /** Throws where what is tied to positions does not fit on a prompt of `length` tokens. */
  checkFits({ map, kind }: Carried, length: number): void {
    const needs = describePositions(map, this.model.config).flatMap(({ positions = [] }) =>
      positions.map((position) => (position < 0 ? -position : position + 1)),
    );
    const most = needs.reduce((a, b) => Math.max(a, b), 0);
    if (most <= length) return;
    throw refusal(
      `These ${kind} are tied to the first ${most} tokens of a prompt, and this prompt has ${length}.`,
      `Use a prompt of ${most} tokens or more, or take them off.`,
    );
  }

  /** All that was learned on one task with one seed, to add to. */
  comparisonOf(task: string): ComparisonRow[] {
    if (!this.comparisons.has(task)) this.comparisons.set(task, []);
    return this.comparisons.get(task)!;
  }

  private reading(prompt: string): Reading {
    const reading = this.readings.get(prompt) ?? { ids: this.model.encode(prompt) };
    // Put at the end: the prompt that was not used for the longest time is forgotten first.
    this.readings.delete(prompt);
    this.readings.set(prompt, reading);
    if (this.readings.size > mostReadings) this.readings.delete(this.readings.keys().next().value!);
    return reading;
  }
}

export function withoutTokenizer(name: string): Error {
  return refusal(
    `"${name}" has no tokenizer.json, so that it cannot read text.`,
    "Put tokenizer.json beside its config.json.",
  );
}
