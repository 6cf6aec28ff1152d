import { ArgumentError, Random } from "fader/autograd";
import { auroc, bootstrap, bootstrapOf, isAmongLargest, meanInterval, ranks, spearman } from "fader/steering";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

/** Few distinct values, so that ties are common. */
const tied = fc.integer({ min: -4, max: 4 });
const lists = fc.array(fc.tuple(tied, tied, fc.boolean()), { minLength: 2, maxLength: 30 });
const mean = (x: readonly number[]) => x.reduce((a, b) => a + b, 0) / x.length;
const rankByCounting = (x: number[]) =>
  x.map((v) => x.filter((w) => w < v).length + (x.filter((w) => w === v).length + 1) / 2);
const pearson = (x: number[], y: number[]) => {
  const covariance = (a: number[], b: number[]) => mean(a.map((v, i) => v * b[i]!)) - mean(a) * mean(b);
  return covariance(x, y) / Math.sqrt(covariance(x, x) * covariance(y, y));
};

describe("ranks", () => {
  test("share the mean where values are equal", () => {
    expect(ranks([0, 2, 3, 2])).toEqual([1, 2.5, 4, 2.5]);
    expect(ranks([])).toEqual([]);
    expect(() => ranks([1, Number.NaN])).toThrow(ArgumentError);
  });

  test("are what counting the smaller ones gives", () => {
    fc.assert(
      fc.property(fc.array(tied), (x) => {
        expect(ranks(x)).toEqual(rankByCounting(x));
      }),
    );
  });

  test("the largest are found, the first of equal ones", () => {
    expect(isAmongLargest([1, 3, 2, 3, 3], 2)).toEqual([false, true, false, true, false]);
    expect(isAmongLargest([1, 2], 0)).toEqual([false, false]);
    expect(isAmongLargest([1, 2], 5)).toEqual([true, true]);
    expect(() => isAmongLargest([1, 2], -1)).toThrow(ArgumentError);
  });
});

describe("Spearman's correlation", () => {
  test("of known lists", () => {
    // The example of scipy.stats.spearmanr.
    expect(spearman([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])).toBeCloseTo(0.8207826816681233, 14);
    expect(spearman([1, 2, 3], [10, 20, 1000])).toBe(1);
    expect(spearman([1, 2, 3], [3, 2, 1])).toBe(-1);
  });

  test("is Pearson's of the ranks; NaN where a side is constant", () => {
    fc.assert(
      fc.property(lists, (rows) => {
        const [x, y] = [rows.map((row) => row[0]), rows.map((row) => row[1])];
        const isConstant = [x, y].some((side) => new Set(side).size === 1);
        if (isConstant) expect(spearman(x, y)).toBeNaN();
        else expect(spearman(x, y)).toBeCloseTo(pearson(rankByCounting(x), rankByCounting(y)), 10);
      }),
    );
  });

  test("without ties is 1 − 6Σd²/(n³ − n)", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(), (n, seed) => {
        const x = Array.from({ length: n }, (_, i) => i);
        const y = new Random(seed).shuffle(x);
        const d2 = x.reduce((sum, v, i) => sum + (v - y[i]!) ** 2, 0);
        expect(spearman(x, y)).toBeCloseTo(1 - (6 * d2) / (n ** 3 - n), 12);
      }),
    );
  });

  test("refuses lists that do not pair, and numbers that cannot be ranked", () => {
    expect(() => spearman([1, 2], [1, 2, 3])).toThrow(ArgumentError);
    expect(() => spearman([1], [1])).toThrow(ArgumentError);
    expect(() => spearman([1, 2], [1, Number.POSITIVE_INFINITY])).toThrow(ArgumentError);
  });
});

describe("AUROC", () => {
  test("of known scores", () => {
    // The example of sklearn.metrics.roc_auc_score.
    expect(auroc([0.1, 0.4, 0.35, 0.8], [false, false, true, true])).toBe(0.75);
    expect(auroc([1, 1, 1, 1], [true, false, true, false])).toBe(0.5);
    expect(auroc([1, 2], [true, true])).toBeNaN();
    expect(auroc([1, 2], [false, false])).toBeNaN();
    expect(() => auroc([1], [true, false])).toThrow(ArgumentError);
    expect(() => auroc([Number.NaN, 1], [true, false])).toThrow(ArgumentError);
  });

  test("is the share of pairs in the right order", () => {
    fc.assert(
      fc.property(lists, (rows) => {
        const positives = rows.filter((row) => row[2]).map((row) => row[0]);
        const negatives = rows.filter((row) => !row[2]).map((row) => row[0]);
        fc.pre(positives.length > 0 && negatives.length > 0);
        const wins = positives.flatMap((p) => negatives.map((n) => (p > n ? 1 : p === n ? 0.5 : 0)));
        const got = auroc(
          rows.map((row) => row[0]),
          rows.map((row) => row[2]),
        );
        expect(got).toBeCloseTo(mean(wins), 12);
      }),
    );
  });
});

describe("the bootstrap", () => {
  const normal = (n: number, seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: n }, () => random.normal());
  };

  test("of a mean is as wide as theory says", () => {
    const x = normal(400, 1);
    const sd = Math.sqrt(mean(x.map((v) => (v - mean(x)) ** 2)));
    const { value, low, high } = meanInterval(x, { samples: 4000 });
    expect(value).toBe(mean(x));
    expect((high - low) / ((2 * 1.96 * sd) / 20)).toBeCloseTo(1, 1);
    const narrow = meanInterval(x, { samples: 4000, level: 0.5 });
    expect((narrow.high - narrow.low) / ((2 * 0.6745 * sd) / 20)).toBeCloseTo(1, 1);
  });

  test("covers the truth as often as promised", () => {
    const covered = Array.from({ length: 200 }, (_, seed) => {
      const { low, high } = meanInterval(normal(50, seed + 10), { samples: 200, seed });
      return Number(low <= 0 && 0 <= high);
    });
    expect(mean(covered)).toBeGreaterThan(0.9);
    expect(mean(covered)).toBeLessThan(0.99);
  });

  test("is the same for the same seed, and not for another", () => {
    const x = normal(20, 3);
    expect(meanInterval(x, { seed: 5 })).toEqual(meanInterval(x, { seed: 5 }));
    expect(meanInterval(x, { seed: 5 })).not.toEqual(meanInterval(x, { seed: 6 }));
  });

  test("of equal items has no width; undefined draws are left out", () => {
    expect(meanInterval([2, 2, 2])).toEqual({ value: 2, low: 2, high: 2 });
    const sometimes = bootstrap([0, 1], (drawn) => (drawn.includes(1) ? 7 : Number.NaN));
    expect(sometimes).toEqual({ value: 7, low: 7, high: 7 });
    expect(bootstrap([1], () => Number.NaN).low).toBeNaN();
  });

  test("over several lists draws from each on its own", () => {
    const seen: string[] = [];
    bootstrapOf(
      [3, 2],
      (a, b) => {
        seen.push(`${a!.join("")} ${b!.join("")}`);
        return 0;
      },
      { samples: 2000 },
    );
    // All 27 · 4 draws are met, and the last is of the items as they are.
    expect(new Set(seen).size).toBe(108);
    expect(seen.at(-1)).toBe("012 01");
  });

  test("refuses nothing to draw from and options out of range", () => {
    expect(() => meanInterval([])).toThrow(ArgumentError);
    expect(() => bootstrapOf([], () => 0)).toThrow(ArgumentError);
    expect(() => meanInterval([1], { samples: 0 })).toThrow(ArgumentError);
    expect(() => meanInterval([1], { level: 1 })).toThrow(ArgumentError);
  });
});
