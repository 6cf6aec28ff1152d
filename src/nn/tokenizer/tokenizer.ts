import { Tokenizer as Engine } from "@huggingface/tokenizers";
import { FaderError } from "../../tensor";
import { CheckpointError, TokenError } from "../errors";
import { checkedConfig, checkedTokenizer, type Json } from "./tokenizer-json";

/** What `encode` and `tokens` take besides the text. */
export interface EncodeOptions {
  /** Add the begin- and end-of-text tokens that the checkpoint asks for. Default true; false for a part of a text. */
  special?: boolean;
}

/** What `decode` takes besides the ids. */
export interface DecodeOptions {
  /** The ids follow others, so that a space in front of the first one is kept. Default false. */
  continuation?: boolean;
}

/**
 * Text to token ids and back, from a checkpoint's `tokenizer.json` and `tokenizer_config.json`.
 * Built on `@huggingface/tokenizers`; runs in Node and browsers.
 */
export class Tokenizer {
  /** One more than the largest token id. */
  readonly vocabSize: number;
  /** The begin-of-text token, where `tokenizer_config.json` names one. */
  readonly bosId: number | undefined;
  /** The end-of-text token, where `tokenizer_config.json` names one. */
  readonly eosId: number | undefined;
  /** The token that stands for what the vocabulary cannot express; undefined where every text can be encoded. */
  readonly unknownId: number | undefined;
  /** The parsed files that this was made from. */
  readonly files: { readonly tokenizer: object; readonly tokenizerConfig: object };
  readonly #engine: Engine;
  readonly #source: string;
  readonly #vocabulary: readonly (string | undefined)[];
  /** What `encode` puts before and after the text. */
  readonly #prefix: readonly number[];
  readonly #suffix: readonly number[];
  /** A token to decode in front of another one: decoders strip the space of the first token of a text. */
  readonly #anchor: number;

  private constructor(engine: Engine, config: Json, source: string, files: Tokenizer["files"]) {
    this.files = files;
    const model = engine.model!;
    this.#engine = engine;
    this.#source = source;
    this.#vocabulary = model.vocab;
    this.vocabSize = model.vocab.length;
    this.unknownId = model.unk_token_id ?? undefined;
    this.bosId = idOf(engine, config, "bos_token");
    this.eosId = idOf(engine, config, "eos_token");
    const added = new Set([...engine.get_added_tokens_decoder().keys(), this.unknownId]);
    this.#anchor = model.vocab.findIndex((token, id) => /^\w+$/.test(token ?? "") && !added.has(id));
    const around = templateOf(engine, source);
    this.#prefix = switched(around.prefix, config, "add_bos_token", this.bosId, source);
    this.#suffix = switched(around.suffix, config, "add_eos_token", this.eosId, source);
  }

  /**
   * @param tokenizerJson the parsed `tokenizer.json`
   * @param configJson the parsed `tokenizer_config.json`: names the begin- and end-of-text tokens, and whether they are
   *   added; where it does not say, the post-processor of `tokenizer.json` decides
   * @throws CheckpointError naming `source` when either is malformed or asks for what the engine does not have
   */
  static fromJSON(tokenizerJson: object, configJson: object = {}, source = "tokenizer.json"): Tokenizer {
    const json = checkedTokenizer(tokenizerJson, source);
    const config = checkedConfig(configJson, source);
    // The engine treats a word-level model as a legacy one, which looks for its unknown token in the config only.
    config.unk_token = (json.model as Json).unk_token ?? config.unk_token;
    return guarded(source, () => {
      const engine = new Engine(json, config);
      const tokenizer = new Tokenizer(engine, config, source, {
        tokenizer: tokenizerJson,
        tokenizerConfig: configJson,
      });
      // Some malformed parts show only when they run.
      const ids = engine.encode("a").ids.filter((id) => id !== undefined);
      if (ids.length > 0) engine.decode(ids);
      return tokenizer;
    });
  }

  /**
   * The token ids of a text, with exactly the special tokens around it that the checkpoint asks for. A begin-of-text
   * token that the text already starts with is not added again; likewise at the end.
   *
   * @throws TokenError when a part of the text has no token and there is no unknown token.
   */
  encode(text: string, { special = true }: EncodeOptions = {}): number[] {
    const { ids, tokens } = this.#encode(text);
    const missing = (ids as (number | undefined)[]).indexOf(undefined);
    if (missing >= 0) throw new TokenError(this.#source, `no token for ${JSON.stringify(tokens[missing])}`);
    if (!special) return ids;
    const hasBos = this.bosId !== undefined && ids[0] === this.bosId && this.#prefix[0] === this.bosId;
    const hasEos = this.eosId !== undefined && ids.at(-1) === this.eosId && this.#suffix.at(-1) === this.eosId;
    return [...(hasBos ? [] : this.#prefix), ...ids, ...(hasEos ? [] : this.#suffix)];
  }

  /**
   * The text of token ids, special tokens included; nothing is tidied up. `[]` gives `""`. LLaMA-style decoders drop
   * the space at the start of a text: `continuation` keeps it, for ids that follow others.
   *
   * @throws TokenError for an id that is not in the vocabulary.
   */
  decode(ids: readonly number[], { continuation = false }: DecodeOptions = {}): string {
    for (const id of ids) this.#check(id);
    if (ids.length === 0) return "";
    if (!continuation || this.#anchor < 0) return this.#text(ids);
    const anchor = this.#text([this.#anchor]);
    const both = this.#text([this.#anchor, ...ids]);
    return both.startsWith(anchor) ? both.slice(anchor.length) : this.#text(ids);
  }

  /**
   * The text of one token as it reads inside a text, e.g. `" Paris"` with its space. A token that is a part of a
   * multi-byte character reads as U+FFFD.
   *
   * @throws TokenError for an id that is not in the vocabulary.
   */
  token(id: number): string {
    const stored = this.#check(id);
    return this.#engine.decoder === null ? stored : this.decode([id], { continuation: true });
  }

  /** The text of each token of `encode(text, options)`. */
  tokens(text: string, options?: EncodeOptions): string[] {
    return this.encode(text, options).map((id) => this.token(id));
  }

  /**
   * The id of a text that is exactly one token, e.g. an answer such as `" Paris"`. A leading space counts as in the
   * middle of a text, also for tokenizers that put a space in front of every text.
   *
   * @throws TokenError naming the pieces of a text that is several tokens, or that has an unknown part.
   */
  single(text: string): number {
    const ids = this.encode(text, { special: false });
    const inside = ids.length === 1 && this.token(ids[0]!) === text ? ids : this.#afterNewline(text);
    for (const found of [inside, ids]) {
      if (found?.length === 1 && found[0] !== this.unknownId) return found[0]!;
    }
    const name = JSON.stringify(text);
    if (ids.length === 0) throw new TokenError(this.#source, `${name} is no token at all`);
    if (this.unknownWords(text).length > 0) throw new TokenError(this.#source, `${name} is not in the vocabulary`);
    const pieces = (inside ?? ids).map((id) => JSON.stringify(this.token(id)));
    throw new TokenError(this.#source, `${name} is ${pieces.length} tokens, not one`, {
      details: { pieces: pieces.join(" ") },
    });
  }

  /** Whether `single` finds a token for a text. */
  isSingle(text: string): boolean {
    try {
      this.single(text);
      return true;
    } catch (error) {
      if (error instanceof TokenError) return false;
      throw error;
    }
  }

  /** The words of a text that the vocabulary cannot express, in order, each once. Empty when all is well. */
  unknownWords(text: string): string[] {
    const unknown = new Set<string>();
    for (const [word] of text.matchAll(/\S+/g)) {
      const { ids, tokens } = this.#encode(word);
      if (ids.length === 0) unknown.add(word);
      for (let i = 0; i < ids.length; i++) {
        if (ids[i] !== undefined && ids[i] !== this.unknownId) continue;
        const isPiece = word.includes(tokens[i]!);
        unknown.add(isPiece ? tokens[i]! : word);
      }
    }
    return [...unknown];
  }

  /** Ids and pieces of a text alone. */
  #encode(text: string): { ids: number[]; tokens: string[] } {
    return guarded(this.#source, () => this.#engine.encode(text, { add_special_tokens: false }));
  }

  #text(ids: readonly number[]): string {
    // The engine's default would turn " ." into ".", so that a prompt would not survive a round trip.
    return guarded(this.#source, () => this.#engine.decode([...ids], { clean_up_tokenization_spaces: false }));
  }

  /** The ids of a text as a continuation, or undefined where the newline in front of it merges with it. */
  #afterNewline(text: string): number[] | undefined {
    const before = this.#encode("\n").ids;
    const both = this.#encode(`\n${text}`).ids;
    const ids = both.slice(before.length);
    if (!before.every((id, i) => both[i] === id) || (ids as unknown[]).includes(undefined)) return undefined;
    return ids.map((id) => this.token(id)).join("") === text ? ids : undefined;
  }

  #check(id: number): string {
    const stored = this.#vocabulary[id];
    if (stored !== undefined) return stored;
    const hint = `The vocabulary has the ids 0 to ${this.vocabSize - 1}.`;
    throw new TokenError(this.#source, `no token has the id ${id}`, { hint });
  }
}

/** Runs the engine, whose errors have no type. */
function guarded<T>(source: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof FaderError) throw error;
    // What the runtime says of a program's own slips says nothing about the file.
    const isSlip = error instanceof TypeError || error instanceof RangeError;
    const why = isSlip ? "a part of it is malformed" : (error as Error).message.slice(0, 300);
    throw new CheckpointError(source, `not a tokenizer that can be used (${why})`);
  }
}

function idOf(engine: Engine, config: Json, name: string): number | undefined {
  return typeof config[name] === "string" ? engine.token_to_id(config[name]) : undefined;
}

/** The ids that the post-processor puts around a text, found by processing a stand-in for the text. */
function templateOf(engine: Engine, source: string): { prefix: number[]; suffix: number[] } {
  const text = "\u0000text";
  const around = engine.post_processor?.post_process([text], null, true).tokens ?? [text];
  const ids = around.map((token) => {
    const id = token === text ? -1 : engine.token_to_id(token);
    if (id === undefined) throw new CheckpointError(source, `the post-processor adds ${token}, which is no token`);
    return id;
  });
  const at = ids.indexOf(-1);
  if (at < 0) throw new CheckpointError(source, "the post-processor drops the text");
  return { prefix: ids.slice(0, at), suffix: ids.slice(at + 1) };
}

/** Applies an explicit `add_bos_token` or `add_eos_token`, which goes before the post-processor. */
function switched(ids: number[], config: Json, name: string, id: number | undefined, source: string): number[] {
  if (config[name] === true && id === undefined) {
    throw new CheckpointError(source, `${name} is true, but ${name.slice(4)} is no token of the vocabulary`);
  }
  if (config[name] === true && !ids.includes(id!)) return name === "add_bos_token" ? [id!, ...ids] : [...ids, id!];
  return config[name] === false ? ids.filter((other) => other !== id) : ids;
}
