import { Random, step } from "../../autograd";
import { checkTied } from "../interventions/describe-positions";
import { KVCache } from "../model/cache";
import type { Model } from "../model/model";
import { layOut } from "../model/prompts";
import type { GenerateSettings } from "./options";
import { type Logits, pickToken } from "./sampling";
import { TextStream } from "./text-stream";

/** One token that was added to one prompt. */
export interface GeneratedToken {
  /** Which prompt it continues. */
  row: number;
  id: number;
  /** The text that is sure with it: empty while a character or a stop text may be incomplete. */
  text: string;
}

/**
 * Continues prompts token by token; each turn gives a token for every row that has not ended. All ways to generate go
 * through here. `withText`: tokens come with their text, else with `""`. Checks the prompts at once, and throws what
 * `forward` and `pickToken` throw as it goes.
 */
export function continuations(
  model: Model,
  prompts: readonly (readonly number[])[],
  settings: GenerateSettings,
  withText: boolean,
): Iterable<GeneratedToken[]> {
  layOut(prompts, model.config);
  checkTied(settings.interventions, model.config, Math.max(...prompts.map((prompt) => prompt.length)));
  const tokenizer = withText || settings.stop.length > 0 ? model.needTokenizer("generate") : undefined;
  const makeRow = (prompt: readonly number[], row: number) =>
    new Row(model, settings, prompt, row, tokenizer && new TextStream(tokenizer, settings.stop));
  return turns(model, prompts.map(makeRow), settings);
}

function* turns(model: Model, rows: readonly Row[], settings: GenerateSettings): Generator<GeneratedToken[]> {
  const { interventions, beta, useCache } = settings;
  const promptLengths = rows.map((row) => row.ids.length);
  const longest = Math.max(...promptLengths);
  const maxLength = Math.max(...rows.map((row) => row.limit));
  const columns = longest + Math.max(...rows.map((row) => row.limit - row.ids.length));
  const cache = useCache ? new KVCache(model, { capacity: columns }) : undefined;
  const options = { interventions, beta, promptLengths, maxLength, cache, positions: "last" } as const;
  const { vocab_size } = model.config;
  try {
    while (rows.some((row) => !row.isDone)) {
      const isFirst = rows.every((row, r) => row.ids.length === promptLengths[r]);
      const read = rows.map((row) => (cache === undefined || isFirst ? row.ids : row.isDone ? [] : row.ids.slice(-1)));
      const logits = step(() => model.forward(read, options).logits.toTypedArray()) as Logits;
      yield rows.flatMap((row, r) =>
        row.isDone ? [] : [row.add(logits.subarray(r * vocab_size, (r + 1) * vocab_size))],
      );
    }
  } finally {
    cache?.release();
  }
}

/** A prompt and what was added to it. */
class Row {
  readonly ids: number[];
  isDone: boolean;
  /** Of prompt and added tokens, each once. */
  private readonly seen: Set<number>;
  private readonly random: Random;
  /** Tokens that it can come to have. */
  readonly limit: number;
  private readonly endOfText: readonly number[];

  constructor(
    model: Model,
    private readonly settings: GenerateSettings,
    prompt: readonly number[],
    private readonly row: number,
    private readonly text: TextStream | undefined,
  ) {
    const { n_ctx, eos_token_ids } = model.config;
    this.ids = [...prompt];
    this.seen = new Set(prompt);
    this.random = new Random(settings.seed + row);
    this.limit = Math.min(n_ctx, prompt.length + settings.maxTokens);
    this.isDone = prompt.length >= this.limit;
    this.endOfText = eos_token_ids;
  }

  /** Chooses the next token by the logits after the last one. */
  add(logits: Logits): GeneratedToken {
    const { sampling, stopTokens } = this.settings;
    const id = pickToken(logits, this.seen, sampling, this.random);
    this.ids.push(id);
    this.seen.add(id);
    this.isDone = stopTokens.has(id) || this.ids.length >= this.limit;
    return { row: this.row, id, text: this.text === undefined ? "" : this.textOf(id, this.text) };
  }

  /** The piece of text that comes with a token. What ends the text, and the end-of-text token, are not a part of it. */
  private textOf(id: number, stream: TextStream): string {
    const isSilent = this.endOfText.includes(id) || this.settings.stopTokens.has(id);
    const { text, isStopped } = isSilent ? { text: "", isStopped: false } : stream.push(id);
    if (isStopped) this.isDone = true;
    return this.isDone && !isStopped ? text + stream.end() : text;
  }
}
