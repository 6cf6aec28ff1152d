import { nearest } from "../../tensor/internal";
import { CheckpointError } from "../errors";

/** Checks `tokenizer.json` and `tokenizer_config.json` for all that the engine would trip over later, or read wrongly. */

export type Json = Record<string, unknown>;

/** What a field must be, in words, and whether it is. */
interface Rule {
  readonly what: string;
  readonly fits: (value: unknown) => boolean;
}

const text: Rule = { what: "a text", fits: (value) => typeof value === "string" };
const flag: Rule = { what: "true or false", fits: (value) => typeof value === "boolean" };
const size: Rule = {
  what: "a positive integer",
  fits: (value) => Number.isSafeInteger(value) && (value as number) > 0,
};
const count: Rule = {
  what: "an integer not below 0",
  fits: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};
const pattern: Rule = {
  what: "an object with a text String or Regex",
  fits: (value) => isObject(value) && typeof (value.Regex ?? value.String) === "string",
};
const pair: Rule = {
  what: "a token and its id",
  fits: (value) => Array.isArray(value) && typeof value[0] === "string" && isId(value[1]),
};
const template: Rule = {
  what: "a list of special tokens and sequences",
  fits: (value) =>
    Array.isArray(value) && value.every((item) => isObject(item) && hasId(item.SpecialToken ?? item.Sequence)),
};
const optional = ({ what, fits }: Rule): Rule => ({ what, fits: (value) => isAbsent(value) || fits(value) });
/** The engine cuts the same way whatever else is asked for. */
const oneOf = (...names: string[]): Rule => ({
  what: names.join(" or "),
  fits: (value) => names.includes(value as string),
});
const sequence: Rule = { what: "a list", fits: Array.isArray };

const strings = { pattern, content: text };
const bytes = { add_prefix_space: optional(flag), use_regex: optional(flag) };
const metaspace = { replacement: text, prepend_scheme: optional(oneOf("always", "first", "never")) };
const around = { sep: pair, cls: pair };

/** The kinds of each part that the engine has, with what it reads of them. */
const PARTS: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Rule>>>>>> = {
  normalizer: {
    BertNormalizer: {},
    Precompiled: {},
    Sequence: { normalizers: sequence },
    Replace: strings,
    NFC: {},
    NFD: {},
    NFKC: {},
    NFKD: {},
    Strip: { strip_left: flag, strip_right: flag },
    StripAccents: {},
    Lowercase: {},
    Prepend: { prepend: text },
  },
  pre_tokenizer: {
    BertPreTokenizer: {},
    Sequence: { pretokenizers: sequence },
    Whitespace: {},
    WhitespaceSplit: {},
    Metaspace: metaspace,
    ByteLevel: bytes,
    Split: { pattern, behavior: oneOf("Isolated", "Removed"), invert: optional(flag) },
    Punctuation: {},
    Digits: { individual_digits: flag },
    Replace: strings,
    FixedLength: { length: size },
  },
  post_processor: {
    TemplateProcessing: { single: template },
    ByteLevel: {},
    BertProcessing: around,
    RobertaProcessing: around,
    Sequence: { processors: sequence },
  },
  decoder: {
    ByteLevel: {},
    WordPiece: { prefix: text, cleanup: flag },
    Metaspace: metaspace,
    BPEDecoder: { suffix: text },
    CTC: { pad_token: text, word_delimiter_token: text, cleanup: flag },
    Sequence: { decoders: sequence },
    Replace: strings,
    Fuse: {},
    Strip: { content: text, start: count, stop: count },
    ByteFallback: {},
  },
  model: {
    BPE: { unk_token: optional(text), byte_fallback: optional(flag), ignore_merges: optional(flag) },
    WordPiece: { unk_token: text, continuing_subword_prefix: text, max_input_chars_per_word: optional(size) },
    WordLevel: { unk_token: optional(text) },
    Unigram: { unk_id: optional(count) },
  },
};

const CONFIG: Readonly<Record<string, Rule>> = {
  add_bos_token: optional(flag),
  add_eos_token: optional(flag),
  additional_special_tokens: optional(sequence),
  remove_space: optional(flag),
  do_lowercase_and_remove_accent: optional(flag),
  target_lang: optional(text),
};

/** Parts nest in sequences, never deep. */
const MAX_DEPTH = 8;
/** Far above any vocabulary: ids that leave larger gaps would cost as much as tokens. */
const MAX_ID = 2 ** 23;

/** Fills in what the engine needs to be there, and refuses what would make it fail later or silently. */
export function checkedTokenizer(tokenizerJson: unknown, source: string): Json {
  const fail = (problem: string) => new CheckpointError(source, problem);
  if (!isObject(tokenizerJson)) throw fail("a tokenizer is a JSON object");
  const { model, added_tokens = [] } = tokenizerJson;
  if (!isObject(model)) throw fail("the tokenizer has no model");
  checkVocabulary(model, source);
  // Files of the first versions name no type.
  if (!isAbsent(model.type)) checkPart("model", model, source);
  if (!Array.isArray(added_tokens)) throw fail("added_tokens is not a list");
  for (const token of added_tokens) {
    if (!isObject(token) || typeof token.content !== "string" || token.content === "" || !isId(token.id)) {
      throw fail("added_tokens has an entry without content or id");
    }
  }
  const parts = Object.fromEntries(
    ["normalizer", "pre_tokenizer", "post_processor", "decoder"].map((kind) => {
      const part = tokenizerJson[kind] ?? null;
      if (part !== null) checkPart(kind, part, source);
      return [kind, part];
    }),
  );
  // The engine would hand `null` out as an id.
  return { ...tokenizerJson, ...parts, model: { ...model, unk_id: model.unk_id ?? undefined }, added_tokens };
}

function checkVocabulary(model: Json, source: string): void {
  const { type, vocab, merges, unk_id } = model;
  const isScored = type === "Unigram" || (isAbsent(type) && Array.isArray(vocab));
  const isPair = (entry: unknown) => Array.isArray(entry) && typeof entry[0] === "string" && Number.isFinite(entry[1]);
  if (
    isScored ? !Array.isArray(vocab) || !vocab.every(isPair) : !isObject(vocab) || !Object.values(vocab).every(isId)
  ) {
    const entries = isScored ? "tokens with scores" : `token ids below ${MAX_ID}`;
    throw new CheckpointError(source, `the tokenizer's model has no vocabulary of ${entries}`);
  }
  if (isScored && !isAbsent(unk_id) && !((unk_id as number) < (vocab as unknown[]).length)) {
    throw new CheckpointError(source, "unk_id of the tokenizer's model is no token of its vocabulary");
  }
  if (type !== "BPE") return;
  if (!Array.isArray(merges)) throw new CheckpointError(source, "the tokenizer's BPE model has no merges");
  const isMerge = Array.isArray(merges[0])
    ? isTwoTexts
    : (merge: unknown) => typeof merge === "string" && merge.includes(" ");
  const odd = merges.findIndex((merge) => !isMerge(merge));
  if (odd >= 0) throw new CheckpointError(source, `entry ${odd} of the merges is not two tokens`);
}

function isTwoTexts(merge: unknown): boolean {
  return Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === "string");
}

/** Refuses a part of a kind that the engine does not have, or without what it reads. */
function checkPart(kind: string, part: unknown, source: string, depth = 0): void {
  const types = PARTS[kind]!;
  if (depth > MAX_DEPTH) throw new CheckpointError(source, `${kind} is nested more than ${MAX_DEPTH} deep`);
  if (!isObject(part)) throw new CheckpointError(source, `${kind} is ${show(part)}, not an object`);
  const { type } = part;
  if (typeof type !== "string" || !Object.hasOwn(types, type)) {
    const near = typeof type === "string" ? ` Nearest: "${nearest(type.slice(0, 60), Object.keys(types))}".` : "";
    throw new CheckpointError(
      source,
      isAbsent(type) ? `${kind} has no type` : `${kind} type ${show(type)} is not supported`,
      {
        hint: `Supported: ${Object.keys(types).join(", ")}.${near}`,
      },
    );
  }
  checkFields(types[type]!, part, `${kind} ${type}`, source);
  for (const [name, rule] of Object.entries(types[type]!)) {
    if (rule === sequence) for (const inner of part[name] as unknown[]) checkPart(kind, inner, source, depth + 1);
  }
}

function checkFields(rules: Readonly<Record<string, Rule>>, json: Json, where: string, source: string): void {
  for (const [name, { what, fits }] of Object.entries(rules)) {
    if (fits(json[name])) continue;
    const problem = isAbsent(json[name]) ? `has no ${name}` : `has the ${name} ${show(json[name])}`;
    throw new CheckpointError(source, `${where} ${problem}`, { hint: `Supported: ${what}.` });
  }
}

/** A copy of `tokenizer_config.json` with its tokens as texts. */
export function checkedConfig(configJson: unknown, source: string): Json {
  if (!isObject(configJson)) throw new CheckpointError(source, "the configuration of a tokenizer is a JSON object");
  checkFields(CONFIG, configJson, "tokenizer_config.json", source);
  const config: Json = { ...configJson };
  for (const name of ["bos_token", "eos_token", "unk_token", "pad_token"]) {
    config[name] = tokenText(config[name], name, source);
  }
  return config;
}

/** A token of `tokenizer_config.json`: a string, or an object with its `content`. */
function tokenText(value: unknown, name: string, source: string): string | undefined {
  const content = isObject(value) ? value.content : value;
  if (isAbsent(content)) return undefined;
  if (typeof content !== "string") throw new CheckpointError(source, `${name} is not a token`);
  return content;
}

function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  if (Array.isArray(value)) return "a list";
  return isObject(value) ? "an object" : String(value);
}

function hasId(value: unknown): boolean {
  return isObject(value) && typeof value.id === "string";
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isId(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < MAX_ID;
}
