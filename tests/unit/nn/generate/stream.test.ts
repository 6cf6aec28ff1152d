import { ArgumentError } from "fader/autograd";
import { type GenerateOptions, generate, generateIds, Model, stream, TokenError } from "fader/nn";
import { describe, expect, test } from "vitest";
import { tinyModel } from "../../../helpers/tiny";
import { byteLevelTokenizer } from "../../../helpers/tokenizers";

const tokenizer = byteLevelTokenizer();
const sizes = { vocab_size: tokenizer.vocabSize, n_positions: 64, eos_token_id: 0 };
const { config, weights } = tinyModel(sizes);
const model = new Model(config, weights, tokenizer);
/** Draws nearly all tokens alike, so that most bytes are parts of characters that never come to be. */
const wild: GenerateOptions = { temperature: 50, maxTokens: 30 };
const prompts = ["a", "ab ab\n", "é€ and so on"];

async function collect(prompt: string | string[], options: GenerateOptions) {
  const ids: number[][] = [];
  const texts: string[] = [];
  for await (const { row, id, text } of stream(model, prompt, options)) {
    ids[row] = [...(ids[row] ?? []), id];
    texts[row] = (texts[row] ?? "") + text;
  }
  return { ids, texts };
}

describe("a stream", () => {
  test("gives the tokens and the text that generate gives, bytes of characters and all", async () => {
    for (let seed = 0; seed < 12; seed++) {
      const options = { ...wild, seed };
      const { ids, texts } = await collect(prompts, options);
      expect(texts).toEqual(generate(model, prompts, options));
      expect(ids).toEqual(
        generateIds(
          model,
          prompts.map((text) => model.encode(text)),
          options,
        ),
      );
      ids.forEach((added, row) => {
        const said = added.filter((id) => !config.eos_token_ids.includes(id));
        expect(texts[row]).toBe(tokenizer.decode(said, { continuation: true }));
      });
      const alone = await collect(prompts[0]!, options);
      expect(alone.texts[0]).toBe(texts[0]);
      expect(alone.texts[0]).toBe(generate(model, prompts[0]!, options));
    }
  });

  test("ends where a stop text comes", async () => {
    const options = { ...wild, seed: 3 };
    const whole = generate(model, "a", options);
    for (let at = 0; at < whole.length - 1; at++) {
      const stop = [whole.slice(at, at + 2)];
      const { ids, texts } = await collect("a", { ...options, stop });
      expect(texts[0]).toBe(generate(model, "a", { ...options, stop }));
      expect(texts[0]).not.toContain(stop[0]);
      expect(ids[0]).toEqual(generateIds(model, model.encode("a"), { ...options, stop }));
      expect(tokenizer.decode(ids[0]!, { continuation: true })).toContain(stop[0]);
      expect(tokenizer.decode(ids[0]!.slice(0, -1), { continuation: true })).not.toContain(stop[0]);
    }
  });

  test("lets other work run between tokens", async () => {
    let turns = 0;
    let isOpen = true;
    const count = () => {
      turns++;
      if (isOpen) setImmediate(count);
    };
    setImmediate(count);
    const seen: number[] = [];
    for await (const _ of stream(model, "a", { ...wild, stopTokens: [], maxTokens: 5 })) seen.push(turns);
    isOpen = false;
    expect(new Set(seen).size).toBe(5);
  });

  test("gives a token before the next is computed", async () => {
    let passes = 0;
    class Counting extends Model {
      override forward(...args: Parameters<Model["forward"]>) {
        passes++;
        return super.forward(...args);
      }
    }
    const counting = new Counting(config, weights, tokenizer);
    const seen: number[] = [];
    for await (const _ of stream(counting, "a", { ...wild, stopTokens: [] })) {
      seen.push(passes);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([1, 2, 3]);
    expect(passes).toBe(3);
  });

  test("ends with the reason of an aborted signal", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const run = async () => {
      for await (const { id } of stream(model, "a", { ...wild, stopTokens: [], signal: controller.signal })) {
        seen.push(id);
        if (seen.length === 4) controller.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ name: "AbortError" });
    expect(seen).toHaveLength(4);
    const reason = new Error("enough");
    const never = stream(model, "a", { signal: AbortSignal.abort(reason) });
    await expect(never.next()).rejects.toBe(reason);
  });

  test("refuses what is wrong at once", () => {
    expect(() => stream(model, "a", { topP: 2 })).toThrow(ArgumentError);
    expect(() => stream(model, "")).toThrow(TokenError);
    expect(() => stream(new Model(config, weights), "a")).toThrow("was loaded without a tokenizer");
  });
});
