/** Small tokenizers of the kinds that checkpoints have: each a `tokenizer.json` and a `tokenizer_config.json`. */

const special = (id: number, content: string) => ({ id, content, special: true, normalized: false });
const bytes = Array.from({ length: 256 }, (_, i) => `<0x${i.toString(16).toUpperCase().padStart(2, "0")}>`);
const numbered = (tokens: readonly string[]) => Object.fromEntries(tokens.map((token, id) => [token, id]));

const template = (id: string) => ({
  type: "TemplateProcessing",
  single: [{ SpecialToken: { id, type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
  pair: [],
  special_tokens: { [id]: { id, ids: [1], tokens: [id] } },
});

/** As GPT-2's. */
const byteLevel = {
  version: "1.0",
  added_tokens: [special(9, "<|end|>"), { id: 10, content: "ab ab", normalized: true, lstrip: true, rstrip: true }],
  normalizer: { type: "NFC" },
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: { type: "ByteLevel", trim_offsets: false },
  decoder: { type: "ByteLevel", add_prefix_space: true },
  model: {
    type: "BPE",
    vocab: numbered(["a", "b", "Ġ", ".", "ab", "Ġa", "Ġab", "Ċ", "Ã"]),
    merges: ["a b", "Ġ ab"],
  },
};

/** As LLaMA 2's: spaces as a character, bytes as a fallback. */
const sentencePiece = {
  added_tokens: [special(0, "<unk>"), special(1, "<s>"), special(2, "</s>")],
  normalizer: {
    type: "Sequence",
    normalizers: [
      { type: "Prepend", prepend: "▁" },
      { type: "Replace", pattern: { String: " " }, content: "▁" },
    ],
  },
  pre_tokenizer: null,
  post_processor: template("<s>"),
  decoder: {
    type: "Sequence",
    decoders: [
      { type: "Replace", pattern: { String: "▁" }, content: " " },
      { type: "ByteFallback" },
      { type: "Fuse" },
      { type: "Strip", content: " ", start: 1, stop: 0 },
    ],
  },
  model: {
    type: "BPE",
    unk_token: "<unk>",
    fuse_unk: true,
    byte_fallback: true,
    vocab: numbered(["<unk>", "<s>", "</s>", ...bytes, "▁", "a", "b", "ab", "▁ab", ".", "▁a"]),
    merges: [
      ["a", "b"],
      ["▁", "ab"],
    ],
  },
};

/** As LLaMA 3's: a pattern cuts the text. */
const split = {
  added_tokens: [special(0, "<|begin|>"), special(1, "<|end|>")],
  normalizer: null,
  pre_tokenizer: {
    type: "Sequence",
    pretokenizers: [
      {
        type: "Split",
        pattern: {
          Regex: "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
        },
        behavior: "Isolated",
        invert: false,
      },
      { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  },
  post_processor: { type: "Sequence", processors: [{ type: "ByteLevel" }, template("<|begin|>")] },
  decoder: { type: "ByteLevel" },
  model: {
    type: "BPE",
    ignore_merges: true,
    vocab: numbered(["<|begin|>", "<|end|>", "a", "b", "Ġ", ".", "ab", "Ġa", "Ġab", "Ċ"]),
    merges: ["a b", "Ġ ab"],
  },
};

const wordLevel = {
  added_tokens: [special(0, "[UNK]"), special(1, "[BOS]")],
  normalizer: { type: "Lowercase" },
  pre_tokenizer: { type: "Whitespace" },
  post_processor: template("[BOS]"),
  decoder: null,
  model: { type: "WordLevel", unk_token: "[UNK]", vocab: numbered(["[UNK]", "[BOS]", "ab", "a", "b", "."]) },
};

const unigram = {
  added_tokens: [special(0, "<unk>")],
  normalizer: { type: "Strip", strip_left: false, strip_right: true },
  pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: false },
  post_processor: null,
  decoder: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: false },
  model: {
    type: "Unigram",
    unk_id: 0,
    vocab: [
      ["<unk>", 0],
      ["▁", -2],
      ["a", -3],
      ["b", -3.5],
      ["ab", -4],
      ["▁ab", -4.5],
      [".", -5],
    ],
  },
};

export const tokenizers = {
  byteLevel: [byteLevel, { bos_token: "<|end|>", eos_token: "<|end|>", add_bos_token: false }],
  sentencePiece: [
    sentencePiece,
    {
      bos_token: { content: "<s>", lstrip: false },
      eos_token: "</s>",
      unk_token: "<unk>",
      add_bos_token: true,
      add_eos_token: false,
    },
  ],
  split: [split, { bos_token: "<|begin|>", eos_token: "<|end|>", clean_up_tokenization_spaces: true }],
  wordLevel: [wordLevel, { bos_token: "[BOS]", unk_token: "[UNK]" }],
  unigram: [unigram, { unk_token: "<unk>", pad_token: null, additional_special_tokens: ["<unk>"] }],
} satisfies Record<string, readonly [object, object]>;

export type TokenizerKind = keyof typeof tokenizers;
export const tokenizerKinds = Object.keys(tokenizers) as TokenizerKind[];

/** What the oracle encodes and decodes. */
export const texts = ["", "ab ab.", " ab", "naïve 🙂\n", "ab ab<|end|></s> a", "\u0000 \ud800x", "a".repeat(40)];
