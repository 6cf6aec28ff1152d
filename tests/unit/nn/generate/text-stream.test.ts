import type { Tokenizer } from "fader/nn";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TextStream } from "../../../../src/nn/generate/text-stream";
import { byteFallbackTokenizer, byteLevelForm, byteLevelTokenizer, wordTokenizer } from "../../../helpers/tokenizers";

const tokenizers: Record<string, Tokenizer> = {
  "byte level": byteLevelTokenizer(),
  "byte fallback": byteFallbackTokenizer(),
  words: wordTokenizer(30),
};

/** The pieces of some tokens, with what is held back at the end. */
function pieces(tokenizer: Tokenizer, ids: readonly number[], stop: readonly string[] = []): string[] {
  const stream = new TextStream(tokenizer, stop);
  const result: string[] = [];
  for (const id of ids) {
    const { text, isStopped } = stream.push(id);
    result.push(text);
    if (isStopped) return result;
  }
  return [...result, stream.end()];
}

/** What comes out when the whole text is looked at again after every token. */
function naive(tokenizer: Tokenizer, ids: readonly number[], stop: readonly string[]): string {
  for (let n = 1; n <= ids.length; n++) {
    const text = tokenizer.decode(ids.slice(0, n), { continuation: true });
    const ends = stop.map((part) => text.indexOf(part)).filter((at) => at >= 0);
    if (ends.length > 0) return text.slice(0, Math.min(...ends));
  }
  return tokenizer.decode(ids, { continuation: true });
}

describe.each(Object.entries(tokenizers))("the pieces of a text, %s", (_, tokenizer) => {
  const id = fc.oneof(
    fc.nat({ max: tokenizer.vocabSize - 1 }),
    // Bytes that begin and continue characters, so that some are complete.
    fc.constantFrom(...tokenizer.encode("é€🙂a b\n", { special: false })),
  );
  const ids = fc.array(id, { maxLength: 24 });

  test("add up to the text of the tokens", () => {
    fc.assert(
      fc.property(ids, (tokens) => {
        expect(pieces(tokenizer, tokens).join("")).toBe(tokenizer.decode(tokens, { continuation: true }));
      }),
      { numRuns: 400 },
    );
  });

  test("end before the first stop text, wherever it is", () => {
    const cases = fc.tuple(ids, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 5 })), { maxLength: 3 }));
    fc.assert(
      fc.property(cases, ([tokens, parts]) => {
        const whole = tokenizer.decode(tokens, { continuation: true });
        const stop = parts
          .map(([at, length]) => whole.slice(at % (whole.length + 1)).slice(0, length))
          .filter((text) => text !== "");
        expect(pieces(tokenizer, tokens, ["never there", ...stop]).join("")).toBe(naive(tokenizer, tokens, stop));
      }),
      { numRuns: 400 },
    );
  });
});

describe("text is held back", () => {
  const tokenizer = tokenizers["byte level"]!;
  const ids = (text: string) => tokenizer.encode(text);

  test("while a character is not complete", () => {
    expect(byteLevelForm("é")).toBe("Ã©");
    expect(ids("a🙂b")).toHaveLength(5);
    expect(pieces(tokenizer, ids("a🙂b"))).toEqual(["a", "", "", "🙂", "b", ""]);
    expect(pieces(tokenizer, ids("a🙂").slice(0, 3))).toEqual(["a", "", "", "\uFFFD"]);
    const fallback = tokenizers["byte fallback"]!;
    expect(pieces(fallback, fallback.encode("€a", { special: false }).slice(1))).toEqual(["", "", "€", "a", ""]);
  });

  test("while a stop text may be beginning", () => {
    expect(pieces(tokenizer, ids("x.y."), ["..", ".z"])).toEqual(["x", "", ".y", "", "."]);
    expect(pieces(tokenizer, ids("xyxyz"), ["xyz"])).toEqual(["", "", "xy", "", ""]);
  });
});
