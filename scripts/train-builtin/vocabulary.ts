import { capitals, countries } from "../../src/steering/tasks/country-facts";
import { conflictPatterns, factPatterns, ioiPatterns, names, objects, places } from "../../src/steering/tasks/words";
import { contextLength, distractorPatterns, endOfText, reversePatterns } from "./corpus";

/** Stands for every word that the vocabulary lacks. */
export const unknownToken = "<unk>";

/** Names that a plain word split would cut, longest first, so that `Papua New Guinea` comes before `Guinea`. */
const compoundNames = [...new Set([...countries, ...capitals])]
  .filter((name) => /[^\p{L}]/u.test(name))
  .sort((a, b) => b.length - a.length || (a < b ? -1 : 1));

const compound = `(?:${compoundNames.map(escapePattern).join("|")})(?![\\p{L}\\p{N}])`;

/**
 * One token: an optional leading space (kept, as in GPT-2) and then a compound name, `'s`, a word, a digit or any other
 * character. Only syntax that Rust's Oniguruma and JavaScript share.
 */
export const tokenPattern = ` ?(?:${compound}|'s|\\p{L}+|\\p{N}|[^\\s])|\\s`;

/** Cuts a text into the pieces that are looked up in the vocabulary. */
export function splitText(text: string): string[] {
  return text.match(new RegExp(tokenPattern, "gu")) ?? [];
}

/** All tokens in the order of their ids. */
export function vocabularyTokens(): string[] {
  const patterns = [
    ...factPatterns,
    ...reversePatterns,
    ...Object.values(conflictPatterns),
    ...distractorPatterns,
    ...ioiPatterns,
  ];
  const words = patterns.flatMap((pattern) => splitText(pattern.replace(/ ?\{\w+\}/g, "")));
  return [
    ...new Set([
      endOfText,
      unknownToken,
      ".",
      ...words,
      ...[...countries, ...capitals, ...names].flatMap((name) => [` ${name}`, name]),
      ...[...places, ...objects].map((word) => ` ${word}`),
    ]),
  ];
}

/** The `tokenizer.json` of the built-in model, in the format of Hugging Face tokenizers. */
export function buildTokenizer() {
  const tokens = vocabularyTokens();
  const special = (content: string) => ({
    id: tokens.indexOf(content),
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [special(endOfText), special(unknownToken)],
    normalizer: null,
    pre_tokenizer: { type: "Split", pattern: { Regex: tokenPattern }, behavior: "Isolated", invert: false },
    post_processor: null,
    decoder: { type: "Fuse" },
    model: {
      type: "WordLevel",
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      unk_token: unknownToken,
    },
  };
}

/** The `tokenizer_config.json` that goes with it; without it, decoding would tidy spaces away. */
export function buildTokenizerConfig() {
  return {
    tokenizer_class: "PreTrainedTokenizerFast",
    bos_token: endOfText,
    eos_token: endOfText,
    pad_token: endOfText,
    unk_token: unknownToken,
    clean_up_tokenization_spaces: false,
    model_max_length: contextLength,
  };
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
