import { NumericsError, Random } from "fader/autograd";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { argmax, mostLikely, penalised, pickToken, type Sampling } from "../../../../src/nn/generate/sampling";

const none: Sampling = { repetitionPenalty: 1, temperature: 1, topK: Number.POSITIVE_INFINITY, topP: 1 };

/** Every token's probability, step by step as the definitions say, with plain lists. */
function probabilities(logits: number[], seen: number[], sampling: Sampling): number[] {
  const { repetitionPenalty, temperature, topK, topP } = sampling;
  const scores = logits.map((x, id) => {
    if (!seen.includes(id)) return x;
    return Math.fround(x > 0 ? x / repetitionPenalty : x * repetitionPenalty);
  });
  const softmax = (ids: number[]) => {
    const top = Math.max(...ids.map((id) => scores[id]!));
    const weights = ids.map((id) => Math.exp(scores[id]! / temperature - top / temperature));
    const total = weights.reduce((a, b) => a + b, 0);
    return weights.map((w) => w / total);
  };
  const order = scores.map((_, id) => id).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const likely = order.slice(0, topK);
  const p = softmax(likely);
  let kept = likely.length;
  if (topP < 1) {
    for (let n = likely.length; n >= 1; n--) if (p.slice(0, n).reduce((a, b) => a + b, 0) >= topP) kept = n;
  }
  const nucleus = likely.slice(0, kept);
  const q = softmax(nucleus);
  return scores.map((_, id) => (nucleus.includes(id) ? q[nucleus.indexOf(id)]! : 0));
}

const logit = fc.oneof(
  { arbitrary: fc.integer({ min: -400, max: 400 }).map((x) => Math.fround(x / 77)), weight: 6 },
  { arbitrary: fc.constantFrom(Number.NEGATIVE_INFINITY, 0, 1, -1), weight: 2 },
);
const rows = fc
  .array(logit, { minLength: 1, maxLength: 200 })
  .filter((row) => row.some((x) => x > Number.NEGATIVE_INFINITY));
const settings: fc.Arbitrary<Sampling> = fc.record({
  repetitionPenalty: fc.constantFrom(1, 1.31, 0.7),
  temperature: fc.constantFrom(0.3, 1, 2.5),
  topK: fc.constantFrom(1, 2, 5, 40, 1000, Number.POSITIVE_INFINITY),
  topP: fc.constantFrom(0.01234, 0.31234, 0.71234, 0.97654, 1),
});

describe("the next token", () => {
  test("is the one whose share of the probabilities the random number falls on", () => {
    fc.assert(
      fc.property(rows, settings, fc.array(fc.nat({ max: 199 })), fc.nat(), (row, sampling, ids, seed) => {
        const seen = new Set(ids.map((id) => id % row.length));
        const p = probabilities(row, [...seen], sampling);
        const id = pickToken(Float32Array.from(row), seen, sampling, new Random(seed));
        const u = new Random(seed).uniform();
        const before = p.slice(0, id).reduce((a, b) => a + b, 0);
        expect(p[id]).toBeGreaterThan(0);
        expect(before).toBeLessThanOrEqual(u + 1e-9);
        expect(before + p[id]!).toBeGreaterThanOrEqual(u - 1e-9);
      }),
      { numRuns: 1000 },
    );
  });

  test("comes as often as its probability says", () => {
    const row = [2, 1, 0.5, 0, -1, -3, 1.5, Number.NEGATIVE_INFINITY];
    for (const sampling of [
      none,
      { ...none, temperature: 0.6, topK: 5 },
      { ...none, topP: 0.8, repetitionPenalty: 1.4 },
    ]) {
      const p = probabilities(row, [0, 4], sampling);
      const random = new Random(11);
      const draws = 20_000;
      const counts = row.map(() => 0);
      for (let i = 0; i < draws; i++) counts[pickToken(Float32Array.from(row), [0, 4], sampling, random)]!++;
      const chi2 = p.reduce((sum, share, id) => {
        if (share === 0) expect(counts[id]).toBe(0);
        return share === 0 ? sum : sum + (counts[id]! - draws * share) ** 2 / (draws * share);
      }, 0);
      // The 99.9% quantile for 6 degrees of freedom, more than any of these have.
      expect(chi2).toBeLessThan(22.5);
    }
  });

  test("at temperature 0 is the most likely after the penalty, and takes no random number", () => {
    const random = new Random(1);
    const greedy = { ...none, temperature: 0, topK: 3, topP: 0.5 };
    expect(pickToken(Float32Array.of(1, 3, 3, 2), [], greedy, random)).toBe(1);
    expect(pickToken(Float32Array.of(1, 3, 2.9, 2), [1], { ...greedy, repetitionPenalty: 1.2 }, random)).toBe(2);
    expect(pickToken(Float32Array.of(-1, -1.1), [0], { ...greedy, repetitionPenalty: 1.2 }, random)).toBe(1);
    expect(random.uniform()).toBe(new Random(1).uniform());
  });

  test("draws the same with limits that keep every token as without", () => {
    const row = Float32Array.from({ length: 50 }, (_, i) => Math.sin(i * i));
    for (let seed = 0; seed < 50; seed++) {
      const free = pickToken(row, [], none, new Random(seed));
      expect(pickToken(row, [], { ...none, topK: 50 }, new Random(seed))).toBe(free);
      expect(pickToken(row, [], { ...none, topK: 500, topP: 1 - 1e-12 }, new Random(seed))).toBe(free);
    }
  });

  test("takes one random number, whatever the settings", () => {
    for (const sampling of [none, { ...none, topK: 1 }, { ...none, topP: 0.1 }]) {
      const random = new Random(4);
      pickToken(Float32Array.of(0, 1, 2), [], sampling, random);
      const other = new Random(4);
      other.uniform();
      expect(random.uniform()).toBe(other.uniform());
    }
  });

  test("stands extreme logits and temperatures", () => {
    const row = Float32Array.of(3e38, -3e38, Number.NEGATIVE_INFINITY, 3e38);
    for (let seed = 0; seed < 20; seed++) {
      expect([0, 3]).toContain(pickToken(row, [], { ...none, temperature: 1e-300 }, new Random(seed)));
      expect([0, 1, 3]).toContain(pickToken(row, [], { ...none, temperature: 1e300 }, new Random(seed)));
    }
    expect(pickToken(Float32Array.of(Number.NEGATIVE_INFINITY, -5), [1], none, new Random(0))).toBe(1);
  });

  test("of logits that are no numbers is an error that says which", () => {
    const pick =
      (...row: number[]) =>
      () =>
        pickToken(Float32Array.from(row), [], none, new Random(0));
    expect(pick(0, Number.NaN)).toThrow(new NumericsError("generate", "the logit of token 1 is NaN"));
    expect(pick(Number.NaN, 0)).toThrow(NumericsError);
    expect(pick(0, 1, Number.POSITIVE_INFINITY)).toThrow("the logit of token 2 is Infinity");
    expect(pick(Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY)).toThrow("every logit is -Infinity");
  });
});

describe("selection", () => {
  test("finds what sorting finds, ties by index", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 300 }), fc.nat({ max: 320 }), (row, count) => {
        const sorted = row.map((_, i) => i).sort((a, b) => row[b]! - row[a]! || a - b);
        expect([...mostLikely(Float64Array.from(row), count)]).toEqual(sorted.slice(0, count));
        if (row.length > 0) expect(argmax(Float64Array.from(row))).toBe(sorted[0]);
      }),
      { numRuns: 500 },
    );
  });

  test("does not change the logits", () => {
    const row = Float32Array.of(1, -2, 3);
    pickToken(row, [0, 1, 2], { repetitionPenalty: 2, temperature: 1, topK: 2, topP: 0.9 }, new Random(0));
    expect([...row]).toEqual([1, -2, 3]);
    expect([...penalised(row, [0, 1, 0, 1], 2)]).toEqual([0.5, -4, 3]);
    expect([...penalised(row, [0, 1], 0.5)]).toEqual([2, -1, 3]);
  });
});
