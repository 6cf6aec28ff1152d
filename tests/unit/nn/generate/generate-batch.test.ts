import { ArgumentError, NumericsError } from "fader/autograd";
import { add, type GenerateOptions, generate, generateIds, Model, nextTokens, TokenError } from "fader/nn";
import { describe, expect, test } from "vitest";
import { message, random, tinyModel } from "../../../helpers/tiny";
import { wordTokenizer } from "../../../helpers/tokenizers";

const model = tinyModel();
const prompts = [[3, 1, 4], [7], [20, 2, 8, 8, 1, 5, 9, 2], [28, 27]];
const sampled: GenerateOptions = { temperature: 1.3, topK: 9, topP: 0.93, repetitionPenalty: 1.1, seed: 40 };

/** What each prompt gives alone, row r with the seed after r others. */
function alone(options: GenerateOptions): number[][] {
  return prompts.map((ids, row) => generateIds(model, ids, { ...options, seed: (options.seed ?? 0) + row }));
}

describe("a batch", () => {
  test.each([
    ["greedy", {}],
    ["greedy with a penalty", { repetitionPenalty: 1.5 }],
    ["sampled", sampled],
    ["with stop tokens", { ...sampled, stopTokens: [1, 2, 3, 4, 5, 6] }],
    ["with interventions", { ...sampled, interventions: { mlp_out: add(random([2, 16], 5), { positions: [-1] }) } }],
  ])("%s gives what each prompt gives alone, to its own end", (_, options) => {
    const together = generateIds(model, prompts, { ...options, maxTokens: 7 });
    expect(together).toEqual(alone({ ...options, maxTokens: 7 }));
    expect(new Set(together.map((ids) => ids.length)).size).toBeGreaterThan(1);
  });

  test("takes a beta for each prompt", () => {
    const interventions = { mlp_out: add(random([2, 16], 5, "f32", 2)) };
    const [off, on, back] = generateIds(
      model,
      [
        [3, 1],
        [3, 1],
        [3, 1],
      ],
      { interventions, beta: [0, 1, -1] },
    );
    expect(off).toEqual(generateIds(model, [3, 1]));
    expect(on).toEqual(generateIds(model, [3, 1], { interventions }));
    expect(back).toEqual(generateIds(model, [3, 1], { interventions, beta: -1 }));
    expect(on).not.toEqual(off);
  });

  test("of one prompt is a list of one", () => {
    expect(generateIds(model, [[3, 1, 4]])).toEqual([generateIds(model, [3, 1, 4])]);
    expect(generateIds(model, [[1], new Array(12).fill(1)], { maxTokens: 0 })).toEqual([[], []]);
  });

  test("of the same prompt differs by row when sampled", () => {
    const rows = generateIds(model, [[5], [5], [5], [5]], { temperature: 2, maxTokens: 8 });
    expect(new Set(rows.map(String)).size).toBe(4);
  });

  test("with a prompt that cannot be names it", () => {
    expect(() => generateIds(model, [[1], []])).toThrow("prompt 1 is empty");
    expect(() => generateIds(model, [[1], [29]])).toThrow(TokenError);
    expect(() => generateIds(model, [[1], [2]], { beta: [1], interventions: {} })).toThrow(ArgumentError);
  });
});

describe("options", () => {
  test.each<[GenerateOptions, string]>([
    [{ maxTokens: -1 }, "generate: maxTokens is -1\n  Use a whole number, 0 or more."],
    [{ maxTokens: 1.5 }, "generate: maxTokens is 1.5\n  Use a whole number, 0 or more."],
    [{ temperature: -0.1 }, "generate: temperature is -0.1\n  Use 0 or more."],
    [{ temperature: Number.POSITIVE_INFINITY }, "generate: temperature is Infinity\n  Use 0 or more."],
    [{ topK: 0 }, "generate: topK is 0\n  Use a whole number, 1 or more."],
    [{ topK: Number.POSITIVE_INFINITY }, "generate: topK is Infinity\n  Use a whole number, 1 or more."],
    [{ topP: 0 }, "generate: topP is 0\n  Use more than 0, up to 1."],
    [{ topP: 1.01 }, "generate: topP is 1.01\n  Use more than 0, up to 1."],
    [{ topP: Number.NaN }, "generate: topP is NaN\n  Use more than 0, up to 1."],
    [{ repetitionPenalty: 0 }, "generate: repetitionPenalty is 0\n  Use more than 0; 1 is no penalty."],
    [{ seed: 0.5 }, "generate: seed is 0.5\n  Use a whole number."],
    [{ stopTokens: [3, 29] }, "generate: stopTokens holds 29\n  Use token ids, 0 to 28."],
    [{ stop: ["a", ""] }, 'generate: stop holds ""\n  Use texts that are not empty.'],
    [{ stop: "a" as unknown as string[] }, 'generate: stop is "a"\n  Use a list of texts.'],
  ])("%o are refused", (options, text) => {
    expect(message(() => generateIds(model, [1], options))).toBe(`ArgumentError: ${text}`);
  });

  test("topK or topP alone sample", () => {
    const drawn = generateIds(model, [3], { topK: 29, maxTokens: 9, seed: 2 });
    expect(drawn).toEqual(generateIds(model, [3], { temperature: 1, maxTokens: 9, seed: 2 }));
    expect(generateIds(model, [3], { topP: 1, maxTokens: 9, seed: 2 })).toEqual(drawn);
    expect(drawn).not.toEqual(generateIds(model, [3], { maxTokens: 9 }));
  });

  test("stop texts need a tokenizer, and end token ids too", () => {
    expect(message(() => generateIds(model, [1], { stop: ["w"] }))).toContain("was loaded without a tokenizer");
    const talking = new Model(model.config, model.weights, wordTokenizer(29));
    const ids = generateIds(model, [3, 1, 4], { ...sampled, maxTokens: 9 });
    const third = ids.find((id, i) => i > 1 && !ids.slice(0, i).includes(id))!;
    const stop = [`${talking.tokenizer!.token(third).trim()}`];
    const ended = generateIds(talking, [3, 1, 4], { ...sampled, maxTokens: 9, stop });
    expect(ended).toEqual(ids.slice(0, ended.length));
    expect(ended.length).toBeLessThanOrEqual(ids.indexOf(third) + 1);
  });

  test("a stop token that was given is not a part of the text", () => {
    const talking = new Model(model.config, model.weights, wordTokenizer(29));
    const ids = generateIds(talking, [3], { maxTokens: 3 });
    const text = generate(talking, "w2", { maxTokens: 3, stopTokens: [ids[0]!] });
    expect(talking.encode("w2")).toEqual([3]);
    expect(text).toBe("");
  });
});

test("a model whose numbers broke down is an error, not a token", () => {
  const interventions = { mlp_out: add(Number.MAX_VALUE) };
  expect(() => generateIds(model, [1, 2], { interventions })).toThrow(NumericsError);
});

test("the most likely next tokens are sorted and as many as asked for", () => {
  const all = nextTokens(model, [3, 1, 4], { count: 29 });
  const shares = all.map(({ probability }) => probability);
  expect(shares).toEqual([...shares].sort((a, b) => b - a));
  expect(shares.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  expect(nextTokens(model, [3, 1, 4], { count: 3 })).toEqual(all.slice(0, 3));
  expect(() => nextTokens(model, [1], { count: -1 })).toThrow(ArgumentError);
});
