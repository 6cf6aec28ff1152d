import { ArgumentError } from "fader/autograd";
import { defaultGrid, type Grid, nestedBootstrap, paretoFront, quickGrid, trialId, trialsOf } from "fader/steering";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("trials", () => {
  test("have ids that do not change and that differ", () => {
    const trials = trialsOf(defaultGrid);
    const ids = trials.map(trialId);
    expect(trials).toHaveLength(2 * 3 * 4 * 3 * 5);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids[0]).toBe("ccc-qa/scalars/attn_out+mlp_out/x1/400/s0");
    expect(ids.at(-1)).toBe("ioi-0/dynamic/resid_post/x1.5/400/s4");
    // Every seed sees the whole grid before the next begins.
    expect(trials.slice(0, 72).every(({ seed }) => seed === 0)).toBe(true);
  });

  test("are refused where the grid makes no sense", () => {
    const bad: [Partial<Grid>, string][] = [
      [{ seeds: [] }, "no seeds given"],
      [{ seeds: [1, 1] }, "seeds: 1 is given twice"],
      [{ seeds: [0.5] }, "seed 0.5"],
      [{ minimality: [-1] }, "minimality -1"],
      [{ sites: [["z", "z"]] }, "z+z names z twice"],
      [
        {
          sites: [
            ["z", "mlp_out"],
            ["mlp_out", "z"],
          ],
        },
        "is given twice",
      ],
      [{ sites: [[]] }, "a set of sites is empty"],
      [{ steps: 0 }, "steps is 0"],
      [{ tasks: [{ name: "ioi", template: 99 }] }, "no template 99"],
      [{ methods: ["x" as never] }, 'no method "x"'],
    ];
    for (const [part, problem] of bad) {
      const make = () => trialsOf({ ...quickGrid, ...part });
      expect(make).toThrow(ArgumentError);
      expect(make).toThrow(problem);
    }
  });
});

describe("the Pareto front", () => {
  test("is what no other item beats", () => {
    const item = fc.record({ gain: fc.integer({ min: 0, max: 5 }), cost: fc.integer({ min: 0, max: 5 }) });
    fc.assert(
      fc.property(fc.array(item), (items) => {
        const front = paretoFront(items, (x) => x);
        const beats = (a: (typeof items)[number], b: typeof a) =>
          a.gain >= b.gain && a.cost <= b.cost && (a.gain !== b.gain || a.cost !== b.cost);
        expect(new Set(front)).toEqual(new Set(items.filter((x) => !items.some((y) => beats(y, x)))));
        expect(front.map(({ cost }) => cost)).toEqual(front.map(({ cost }) => cost).sort((a, b) => a - b));
      }),
    );
  });
});

describe("the bootstrap", () => {
  const runs = [
    [1, 2, 3, 9],
    [4, 4, 5],
    [0, 7],
  ];
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const grand = (sample: readonly (readonly number[])[]) => [mean(sample.map(mean))];

  test("has the spread that theory gives for two stages", () => {
    // Variance of a mean of resampled run means: between runs, and within each by its own size.
    const means = runs.map(mean);
    const variance = (values: readonly number[]) => mean(values.map((x) => (x - mean(values)) ** 2));
    const expected = (variance(means) + mean(runs.map((run) => variance(run) / run.length))) / runs.length;
    const draws: number[] = [];
    nestedBootstrap(
      runs,
      (sample) => {
        draws.push(grand(sample)[0]!);
        return [0];
      },
      { samples: 4000 },
    );
    expect(variance(draws.slice(1)) / expected).toBeCloseTo(1, 1);
  });

  test("gives the quantiles of its draws, the same for the same seed", () => {
    const draws: number[] = [];
    const options = { samples: 401, seed: 5, level: 0.9 };
    const spy = (sample: readonly (readonly number[])[]) => {
      draws.push(grand(sample)[0]!);
      return [draws.at(-1)!];
    };
    const [interval] = nestedBootstrap(runs, spy, options);
    const sorted = draws.slice(1).sort((a, b) => a - b);
    expect(interval).toEqual({ value: grand(runs)[0], low: sorted[20], high: sorted[380] });
    expect(nestedBootstrap(runs, grand, options)).toEqual([interval]);
    expect(nestedBootstrap(runs, grand, { ...options, seed: 6 })).not.toEqual([interval]);
    expect(() => nestedBootstrap([[]], grand)).toThrow(ArgumentError);
  });
});
