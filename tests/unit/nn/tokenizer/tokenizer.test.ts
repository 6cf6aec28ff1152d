import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { CheckpointError, TokenError } from "../../../../src/nn/errors";
import { Tokenizer } from "../../../../src/nn/tokenizer/tokenizer";

const special = (id: number, content: string) => ({ id, content, special: true, normalized: false });

/** Byte-level, as in GPT-2: "Ġ" stands for a space, "Ċ" for a newline. */
const byteLevel = {
  added_tokens: [special(9, "<|end|>")],
  pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
  decoder: { type: "ByteLevel" },
  model: {
    type: "BPE",
    vocab: { a: 0, b: 1, Ġ: 2, ".": 3, ab: 4, Ġa: 5, Ġab: 6, Ċ: 7, Ã: 8 },
    merges: ["a b", "Ġ ab"],
  },
};

/** One token per word, and a template that puts a token in front. */
const wordLevel = {
  added_tokens: [special(0, "[UNK]"), special(1, "[BOS]")],
  pre_tokenizer: { type: "Whitespace" },
  post_processor: {
    type: "TemplateProcessing",
    single: [{ SpecialToken: { id: "[BOS]", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
    pair: [],
    special_tokens: { "[BOS]": { id: "[BOS]", ids: [1], tokens: ["[BOS]"] } },
  },
  model: { type: "WordLevel", unk_token: "[UNK]", vocab: { "[UNK]": 0, "[BOS]": 1, Paris: 2, is: 3, big: 4 } },
};

function message(call: () => unknown, type: new (...args: never[]) => Error): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(type);
    return (error as Error).message;
  }
  throw new Error("did not throw");
}

describe("byte level", () => {
  const tokenizer = Tokenizer.fromJSON(byteLevel, { eos_token: { content: "<|end|>" } });

  test("encodes, decodes, and tidies nothing up", () => {
    expect(tokenizer.encode("ab ab .")).toEqual([4, 6, 2, 3]);
    expect(tokenizer.decode([4, 6, 2, 3])).toBe("ab ab .");
    expect(tokenizer.decode([4, 9])).toBe("ab<|end|>");
    expect(tokenizer.tokens("ab ab\n<|end|>")).toEqual(["ab", " ab", "\n", "<|end|>"]);
    expect(tokenizer.encode("")).toEqual([]);
    expect(tokenizer.decode([])).toBe("");
    expect(tokenizer.token(8)).toBe("\uFFFD");
    expect(tokenizer).toMatchObject({ vocabSize: 10, bosId: undefined, eosId: 9, unknownId: undefined });
  });

  test("single", () => {
    expect(tokenizer.single(" ab")).toBe(6);
    expect(tokenizer.single("\n")).toBe(7);
    expect(tokenizer.single("<|end|>")).toBe(9);
    expect(message(() => tokenizer.single(" abb"), TokenError)).toMatchInlineSnapshot(`
      "tokenizer.json: " abb" is 2 tokens, not one
        pieces " ab" "b""
    `);
    expect(message(() => tokenizer.single(""), TokenError)).toContain("no token at all");
  });

  test.each([-1, 10, 1.5, Number.NaN])("the id %s is refused", (id) => {
    expect(message(() => tokenizer.decode([id]), TokenError)).toContain(`no token has the id ${id}`);
    expect(message(() => tokenizer.token(id), TokenError)).toContain("The vocabulary has the ids 0 to 9.");
  });

  test("add_bos_token and add_eos_token are obeyed without a post-processor, and never twice", () => {
    const config = { bos_token: "<|end|>", eos_token: "<|end|>", add_bos_token: true };
    const withBos = Tokenizer.fromJSON(byteLevel, config);
    expect(withBos.encode("ab")).toEqual([9, 4]);
    expect(withBos.encode("<|end|>ab")).toEqual([9, 4]);
    expect(withBos.encode("ab", { special: false })).toEqual([4]);
    expect(withBos.tokens("ab")).toEqual(["<|end|>", "ab"]);
    expect(withBos.encode("")).toEqual([9]);
    const withBoth = Tokenizer.fromJSON(byteLevel, { ...config, add_eos_token: true });
    expect(withBoth.encode("ab")).toEqual([9, 4, 9]);
    expect(message(() => Tokenizer.fromJSON(byteLevel, { add_bos_token: true }), CheckpointError)).toContain(
      "add_bos_token is true, but bos_token is no token",
    );
  });
});

describe("word level", () => {
  const tokenizer = Tokenizer.fromJSON(wordLevel, { bos_token: "[BOS]" });

  test("the post-processor's token is added once", () => {
    expect(tokenizer.encode("Paris is big")).toEqual([1, 2, 3, 4]);
    expect(tokenizer.encode("[BOS] Paris")).toEqual([1, 2]);
    expect(Tokenizer.fromJSON(wordLevel, { bos_token: "[BOS]", add_bos_token: true }).encode("is")).toEqual([1, 3]);
    expect(Tokenizer.fromJSON(wordLevel, { bos_token: "[BOS]", add_bos_token: false }).encode("is")).toEqual([3]);
    expect(Tokenizer.fromJSON(wordLevel).encode("is")).toEqual([1, 3]);
  });

  test("unknown words", () => {
    expect(tokenizer.unknownId).toBe(0);
    expect(tokenizer.encode("Paris was big")).toEqual([1, 2, 0, 4]);
    expect(tokenizer.unknownWords("Paris was big, was it?")).toEqual(["was", ",", "it", "?"]);
    expect(tokenizer.unknownWords("Paris is big")).toEqual([]);
    expect(message(() => tokenizer.single("London"), TokenError)).toContain('"London" is not in the vocabulary');
    expect(tokenizer.single("Paris")).toBe(2);
    const strict = Tokenizer.fromJSON({ ...wordLevel, model: { ...wordLevel.model, unk_token: "absent" } });
    expect(message(() => strict.encode("Paris was"), TokenError)).toContain('no token for "was"');
    expect(strict.unknownWords("Paris was")).toEqual(["was"]);
  });
});

test.each([
  [{}, "the tokenizer has no model"],
  [[], "a tokenizer is a JSON object"],
  [{ model: { type: "BPE", merges: [] } }, "no vocabulary"],
  [{ model: { type: "BPE", vocab: { a: "0" }, merges: [] } }, "no vocabulary"],
  [{ model: { type: "BPE", vocab: { a: -1 }, merges: [] } }, "no vocabulary"],
  [{ model: { type: "BPE", vocab: { a: 0 } } }, "no merges"],
  [{ model: { type: "BPE", vocab: { a: 0 }, merges: [3] } }, "entry 0 of the merges is not two tokens"],
  [{ ...byteLevel, added_tokens: {} }, "added_tokens is not a list"],
  [{ ...byteLevel, added_tokens: [{ id: 3 }] }, "without content or id"],
  [{ ...byteLevel, decoder: { type: "Nope" } }, 'decoder type "Nope" is not supported'],
  [{ ...byteLevel, normalizer: { type: "Nope" } }, 'normalizer type "Nope" is not supported'],
  [{ ...byteLevel, post_processor: { type: "TemplateProcessing", single: [] } }, "drops the text"],
  [
    { ...byteLevel, post_processor: { type: "TemplateProcessing", single: [{ SpecialToken: { id: "<s>" } }] } },
    "the post-processor adds <s>, which is no token",
  ],
])("malformed tokenizer %#", (json, problem) => {
  const text = message(() => Tokenizer.fromJSON(json, {}, "m/tokenizer.json"), CheckpointError);
  expect(text).toContain("m/tokenizer.json: ");
  expect(text).toContain(problem);
});

const stories = fileURLToPath(new URL("../../../../../shared/models/stories260k/", import.meta.url));

describe.skipIf(!existsSync(stories))("stories260k, a LLaMA-style tokenizer with byte fallback", () => {
  const read = (name: string) => JSON.parse(readFileSync(stories + name, "utf8"));
  const load = (config: object) => Tokenizer.fromJSON(read("tokenizer.json"), config);
  const own = () => load(read("tokenizer_config.json"));

  test("one <s> is put in front, whoever asks for it", () => {
    const ids = own().encode("Once upon a time, Lily said hi.");
    expect(ids.filter((id) => id === 1)).toEqual([1]);
    expect(ids[0]).toBe(1);
    expect(load({}).encode("Once upon a time, Lily said hi.")).toEqual(ids);
    expect(load({ bos_token: "<s>", add_bos_token: false }).encode("Once")[0]).not.toBe(1);
    expect(
      own()
        .encode("<s>Once")
        .filter((id) => id === 1),
    ).toEqual([1]);
  });

  test("reproduces the reference prompts", () => {
    const tokenizer = own();
    const { prompts } = read("expected.json");
    for (const ids of [prompts.batch[0], prompts.batch[2], prompts.long]) {
      const text = tokenizer.decode(ids.slice(1));
      expect(tokenizer.encode(text)).toEqual(ids);
      expect(tokenizer.decode(ids)).toBe(`<s> ${text}`);
      expect(tokenizer.decode(ids.slice(1), { continuation: true })).toBe(` ${text}`);
    }
  });

  test("tokens keep their space, bytes and newlines, and answers are found with it", () => {
    const tokenizer = own();
    const lily = tokenizer.single(" Lily");
    expect(tokenizer.token(lily)).toBe(" Lily");
    expect(tokenizer.single("Lily")).toBe(lily);
    expect(tokenizer.tokens("Lily said\n", { special: false }).join("")).toBe(" Lily said\n");
    expect(tokenizer.token(tokenizer.single("\n"))).toBe("\n");
    expect(tokenizer.decode(tokenizer.encode("naïve 🙂", { special: false }))).toBe("naïve 🙂");
    expect(tokenizer.unknownWords("naïve 🙂")).toEqual([]);
    expect(tokenizer).toMatchObject({ vocabSize: 512, bosId: 1, eosId: 2, unknownId: 0 });
  });
});
