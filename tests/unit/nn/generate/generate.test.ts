import { ArgumentError, zeros } from "fader/autograd";
import {
  add,
  generate,
  generateIds,
  type Interventions,
  Model,
  SiteError,
  scale,
  TokenError,
  Tokenizer,
} from "fader/nn";
import { describe, expect, test } from "vitest";
import { plainLogits, softmax } from "../../../helpers/plain";
import { plainOf, random, tinyModel, values } from "../../../helpers/tiny";

const model = tinyModel();
const prompt = [3, 1, 4];

/** What a loop over whole prefixes gives. */
function greedy(ids: number[], count: number): number[] {
  const all = [...ids];
  for (let i = 0; i < count; i++) {
    const logits = plainLogits(plainOf(model), all).at(-1)!;
    all.push(logits.indexOf(Math.max(...logits)));
  }
  return all.slice(ids.length);
}

/** A prompt that is not continued by the same token again and again. */
const pairs = Array.from({ length: 28 * 28 }, (_, i) => [1 + (i % 28), 1 + Math.floor(i / 28)]);
const lively = pairs.find((ids) => new Set(greedy(ids, 4)).size > 2)!;
const free = greedy(lively, 9);
/** A token that the continuation comes to after some others. */
const end = free.find((id, i) => i > 1 && !free.slice(0, i).includes(id))!;

describe("greedy generation", () => {
  test("takes the most likely token each time", () => {
    for (const ids of [prompt, [7], [20, 2]]) expect(generateIds(model, ids, { maxTokens: 6 })).toEqual(greedy(ids, 6));
  });

  test("does not depend on the seed", () => {
    expect(generateIds(model, prompt, { seed: 1 })).toEqual(generateIds(model, prompt, { seed: 2 }));
  });

  test("ends at the context length", () => {
    expect(generateIds(model, prompt, { maxTokens: 100 })).toHaveLength(12 - 3);
    expect(generateIds(model, new Array(12).fill(1))).toEqual([]);
  });

  test("ends after the end-of-text token, or after those given", () => {
    const ending = tinyModel({ eos_token_id: end });
    const short = free.slice(0, free.indexOf(end) + 1);
    expect(short.length).toBeGreaterThan(2);
    expect(generateIds(ending, lively)).toEqual(short);
    expect(generateIds(model, lively, { stopTokens: [end] })).toEqual(short);
    expect(generateIds(ending, lively, { stopTokens: [], maxTokens: 9 })).toEqual(free);
  });

  test("of no tokens is nothing", () => {
    expect(generateIds(model, prompt, { maxTokens: 0 })).toEqual([]);
  });

  test("leaves the prompt as it was", () => {
    const ids = [...prompt];
    generateIds(model, ids);
    expect(ids).toEqual(prompt);
  });
});

describe("sampling", () => {
  test("is the same for the same seed, and differs for others", () => {
    const run = (seed: number) => generateIds(model, prompt, { temperature: 1.5, seed }).join();
    expect(run(5)).toBe(run(5));
    expect(new Set([1, 2, 3, 4, 5, 6].map(run)).size).toBeGreaterThan(4);
  });

  test("among one token is greedy", () => {
    expect(generateIds(model, prompt, { temperature: 2, topK: 1, maxTokens: 6 })).toEqual(greedy(prompt, 6));
  });

  test("draws each of the k most likely tokens as often as it should", () => {
    const p = softmax(
      plainLogits(plainOf(model), prompt)
        .at(-1)!
        .map((x) => x / 2),
    );
    const order = [...p.keys()].sort((a, b) => p[b]! - p[a]!).slice(0, 3);
    const total = order.reduce((sum, id) => sum + p[id]!, 0);
    const counts = new Map<number, number>();
    for (let seed = 0; seed < 600; seed++) {
      const [id] = generateIds(model, prompt, { temperature: 2, topK: 3, seed, maxTokens: 1 });
      counts.set(id!, (counts.get(id!) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([...order].sort());
    for (const id of order) expect(Math.abs(counts.get(id)! / 600 - p[id]! / total)).toBeLessThan(0.08);
  });

  test("refuses impossible settings", () => {
    for (const options of [{ temperature: -1 }, { temperature: Number.NaN }, { topK: 0 }, { topK: 1.5 }]) {
      expect(() => generateIds(model, prompt, options)).toThrow(ArgumentError);
    }
  });
});

describe("generation with interventions", () => {
  /** What a loop gives that edits given positions of the prompt, however long the text has grown. */
  function expected(positions: number[], v: number[], count: number): number[] {
    const all = [...prompt];
    for (let i = 0; i < count; i++) {
      const logits = plainLogits(plainOf(model), all, (site, layer, h) =>
        site !== "mlp_out" ? h : h.map((x, t) => (positions.includes(t) ? x.map((a, j) => a + v[layer * 16 + j]!) : x)),
      ).at(-1)!;
      all.push(logits.indexOf(Math.max(...logits)));
    }
    return all.slice(prompt.length);
  }
  const v = random([2, 16], 5, "f32", 2);
  const run = (interventions: Interventions, beta = 1) =>
    generateIds(model, prompt, { interventions, beta, maxTokens: 6 });

  test("stays at the prompt's positions", () => {
    const last = expected([2], values(v), 6);
    expect(run({ mlp_out: add(v, { positions: [2] }) })).toEqual(last);
    expect(run({ mlp_out: add(v, { positions: [-1] }) })).toEqual(last);
    expect(run({ mlp_out: add(v, { positions: [-2] }) })).toEqual(expected([1], values(v), 6));
    const three = v.unsqueeze(1).expand([2, 3, 16]);
    expect(run({ mlp_out: add(three) })).toEqual(expected([0, 1, 2], values(v), 6));
    expect(last).not.toEqual(greedy(prompt, 6));
  });

  test("without positions edits the generated tokens too", () => {
    const all = Array.from({ length: 12 }, (_, t) => t);
    expect(run({ mlp_out: add(v) })).toEqual(expected(all, values(v), 6));
  });

  test("at beta 0 is generation without", () => {
    expect(run({ mlp_out: add(v) }, 0)).toEqual(greedy(prompt, 6));
    expect(run({ mlp_out: add(v) }, -1)).toEqual(run({ mlp_out: add(v.neg()) }));
  });

  test("at a listed position edits the token that is generated there", () => {
    const generated = expected([4], values(v), 6);
    expect(run({ mlp_out: add(v, { positions: [4] }) })).toEqual(generated);
    expect(generated).not.toEqual(greedy(prompt, 6));
  });

  test("refuses places and positions that are none", () => {
    expect(() => run({ mlp: scale(1) })).toThrow(SiteError);
    expect(() => run({ mlp_out: scale(1, { positions: [9] }) })).toThrow("would never fire");
    expect(() => run({ mlp_out: scale(1, { positions: [-4] }) })).toThrow("would never fire");
    expect(() => run({ mlp_out: scale(zeros([2, 4])) })).toThrow(
      '"mlp_out" is tied to positions 0-3 of a prompt, the longest prompt has 3 tokens',
    );
  });
});

describe("a prompt that cannot be", () => {
  test("is refused, also one longer than the context", () => {
    for (const ids of [[], [29], [0.5], new Array(13).fill(1)]) {
      expect(() => generateIds(model, ids), ids.join()).toThrow(TokenError);
    }
  });
});

describe("generation of text", () => {
  const words = ["<eos>", ...Array.from({ length: 28 }, (_, i) => `w${i}`)];
  const tokenizer = Tokenizer.fromJSON({
    version: "1.0",
    added_tokens: [],
    pre_tokenizer: { type: "Split", pattern: { Regex: "\\w+|<eos>" }, behavior: "Removed", invert: true },
    model: { type: "WordLevel", vocab: Object.fromEntries(words.map((word, id) => [word, id])), unk_token: "<eos>" },
  });

  test("is the tokens' text without the end-of-text token", () => {
    const talking = new Model({ ...model.config, eos_token_ids: [end] }, model.weights, tokenizer);
    const given = lively.map((id) => words[id]).join(" ");
    expect(talking.encode(given)).toEqual(lively);
    const text = generate(talking, given);
    const kept = free.slice(0, free.indexOf(end));
    expect(text).toBe(tokenizer.decode(kept, { continuation: true }));
    expect(text.match(/w\d+/g)).toEqual(kept.map((id) => words[id]));
  });

  test("needs a tokenizer", () => {
    expect(() => generate(model, "a")).toThrow(ArgumentError);
  });
});
