import { ArgumentError, step } from "fader/autograd";
import { fingerprint } from "fader/nn";
import { compare, evaluate, type LearnedIntervention, type Prompt, pruningBand, pruningCurve } from "fader/steering";
import { describe, expect, test } from "vitest";
import { plainLogits, softmax } from "../../../helpers/plain";
import { fakePrompts, madeUp } from "../../../helpers/task";
import { plainOf, tinyModel } from "../../../helpers/tiny";

const model = tinyModel();
const learned = madeUp(model, fingerprint(model));
const prompts = fakePrompts(40, 2);
const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
const share = (list: boolean[]) => mean(list.map(Number));
const top = (x: number[]) => x.indexOf(Math.max(...x));

/** The last logits at β, by the plain model. */
function lastLogits(kind: "scalars" | "vectors", ids: readonly number[], beta: number): number[] {
  const tensors = learned[kind].parameters as Record<string, Record<string, { toArray(): unknown }>>;
  const edit = Object.fromEntries(Object.entries(tensors).map(([site, p]) => [site, Object.values(p)[0]!.toArray()]));
  return plainLogits(plainOf(model), ids, (site, layer, h) => {
    const at = edit[site] as number[][][] | undefined;
    if (at === undefined) return h;
    return h.map((x, t) => {
      const value = at[layer]![t]! as unknown;
      return x.map((a, i) =>
        kind === "scalars" ? a * (1 + beta * (value as number)) : a + beta * (value as number[])[i]!,
      );
    });
  }).at(-1)!;
}

/** The measures of METHOD for one prompt. */
function measure(kind: "scalars" | "vectors", { ids, correct, wrong }: Prompt) {
  const [minus, clean, plus] = [-1, 0, 1].map((beta) => lastLogits(kind, ids, beta)) as [number[], number[], number[]];
  const delta = (z: number[]) => z[correct]! - z[wrong]!;
  const others = (z: number[]) => z.filter((_, token) => token !== correct && token !== wrong);
  const p = softmax(others(clean));
  const sides = [minus, plus].map((z) => softmax(others(z)));
  return {
    delta: [delta(minus), delta(clean), delta(plus)] as [number, number, number],
    topPlus: top(plus) === correct,
    topMinus: top(minus) === wrong,
    kl: mean(sides.map((q) => p.reduce((sum, a, i) => sum + a * Math.log(a / q[i]!), 0))),
    tv: mean(sides.map((q) => p.reduce((sum, a, i) => sum + Math.abs(a - q[i]!) / 2, 0))),
    kept: mean(sides.map((q) => Number(top(q) === top(p)))),
    others: 1 - softmax(clean)[correct]! - softmax(clean)[wrong]!,
  };
}

describe("evaluation", () => {
  test.each(["scalars", "vectors"] as const)("of %s is what plain numbers give", (kind) => {
    const rows = prompts.map((prompt) => measure(kind, prompt));
    const losing = rows.filter(({ delta }) => delta[1] <= 0);
    const winning = rows.filter(({ delta }) => delta[1] >= 0);
    const want = {
      prompts: 40,
      flips: share(rows.map(({ delta }) => (delta[1] > 0 ? delta[0] < 0 : delta[2] > 0))),
      flipsPlus: share(losing.map(({ delta }) => delta[2] > 0)),
      flipsMinus: share(winning.map(({ delta }) => delta[0] < 0)),
      winsPlus: share(rows.map(({ delta }) => delta[2] > 0)),
      winsMinus: share(rows.map(({ delta }) => delta[0] < 0)),
      topPlus: share(rows.map((row) => row.topPlus)),
      topMinus: share(rows.map((row) => row.topMinus)),
      deltaMinus: mean(rows.map(({ delta }) => delta[0])),
      deltaClean: mean(rows.map(({ delta }) => delta[1])),
      deltaPlus: mean(rows.map(({ delta }) => delta[2])),
      klOthers: mean(rows.map((row) => row.kl)),
      totalVariation: mean(rows.map((row) => row.tv)),
      bestOtherKept: mean(rows.map((row) => row.kept)),
      others: mean(rows.map((row) => row.others)),
      activeParameters: learned[kind].activeParameters,
      activeLocations: learned[kind].activeLocations().length,
      l1: learned[kind].l1,
    };
    const got = evaluate(model, prompts, learned[kind]);
    expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
    for (const [name, value] of Object.entries(want)) {
      expect(Math.abs(got[name as keyof typeof got] - value), name).toBeLessThan(1e-4);
    }
    expect(got.flipsPlus).toBeGreaterThan(0);
  });

  test("of an intervention that does nothing finds nothing changed", () => {
    const none = evaluate(model, prompts, learned.vectors.keepLargest(0));
    expect(none).toMatchObject({
      flipsPlus: 0,
      flipsMinus: 0,
      klOthers: 0,
      totalVariation: 0,
      bestOtherKept: 1,
      l1: 0,
    });
    expect(none.deltaPlus).toBe(none.deltaClean);
  });

  test("refuses no prompts, and prompts of another length than it was learned on", () => {
    expect(() => evaluate(model, [], learned.scalars)).toThrow(ArgumentError);
    expect(() => evaluate(model, fakePrompts(3, 1, 4), learned.scalars)).toThrow(ArgumentError);
    expect(() => evaluate(model, fakePrompts(3, 1, 7), learned.scalars)).toThrow(ArgumentError);
  });

  test("of a dynamic intervention takes any length", () => {
    const some = step(() => evaluate(model, [...fakePrompts(3, 1, 4), ...fakePrompts(3, 1, 7)], learned.dynamic));
    expect(some.prompts).toBe(6);
  });

  test("over places kept ends at what all of them do", () => {
    const curve = pruningCurve(model, prompts, learned.vectors);
    expect(curve.map(({ k }) => k)).toEqual([0, 1, 3, 6]);
    const { winsPlus, winsMinus } = evaluate(model, prompts, learned.vectors);
    expect(curve.at(-1)!.effectiveness).toBeCloseTo((winsPlus + winsMinus) / 2, 10);
    expect(pruningCurve(model, prompts, learned.scalars, [3])).toHaveLength(1);
    // The mean of two runs is that of their curves.
    const other = fakePrompts(30, 5);
    const runs = [prompts, other].map((own) => ({ intervention: learned.vectors, prompts: own }));
    const band = pruningBand(model, runs, { samples: 200 });
    const counts = [0, 1, 3, 6];
    const curves = runs.map((run) => pruningCurve(model, run.prompts, run.intervention, counts));
    expect(band.map(({ k }) => k)).toEqual(counts);
    band.forEach(({ effectiveness }, i) => {
      expect(effectiveness.value).toBeCloseTo(mean(curves.map((points) => points[i]!.effectiveness)), 10);
      // With nothing kept, each prompt is won on one side.
      const spread = effectiveness.high - effectiveness.low;
      expect(counts[i] === 0 ? spread === 0 : spread > 0).toBe(true);
    });
    expect(() => pruningBand(model, [])).toThrow("no runs given");
    expect(pruningCurve(model, prompts, learned.scalars.keepLargest(0)).map(({ k }) => k)).toEqual([0]);
  });
});

describe("a comparison", () => {
  test("is a table of the measures", () => {
    const { scalars, vectors } = learned;
    const comparison = compare(model, prompts, { faders: scalars, vectors: [vectors, vectors.keepLargest(2)] });
    expect(comparison.toString()).toMatchInlineSnapshot(`
      "                  faders         vectors
      ────────────────────────────────────────
      flips β=+1           16%         8% ± 4%
      flips β=−1           14%        19% ± 0%
      Δ at β=−1            0.0       0.2 ± 0.0
      Δ at β=0             0.1       0.1 ± 0.0
      Δ at β=+1            0.0       0.0 ± 0.0
      kl-others          0.380   0.245 ± 0.005
      TV                 0.327   0.266 ± 0.002
      best other kept      44%        40% ± 2%
      parameters             4         64 ± 45
      places                 4           4 ± 3
      ℓ1                   2.8     27.2 ± 12.9
      40 held-out prompts, mean ± deviation over 2 seeds"
    `);
    expect(
      comparison
        .toString()
        .split("\n")
        .every((line) => line.length <= 80),
    ).toBe(true);
    expect(comparison.parameterRatio("vectors", "faders")).toBeCloseTo((96 + 32) / 2 / 4, 10);
    expect(() => comparison.parameterRatio("vectors", "fader")).toThrow(ArgumentError);
    const { columns, rows } = comparison.table();
    expect(rows.every((row) => row.length === columns.length)).toBe(true);
    expect(JSON.parse(JSON.stringify(comparison)).results.faders[0].l1).toBeCloseTo(scalars.l1, 5);
  });

  test("shows the mean and deviation over seeds", () => {
    const list: LearnedIntervention[] = [1, 2, 3].map((k) => learned.scalars.keepLargest(k));
    const comparison = compare(model, prompts, { faders: list });
    expect(comparison.results.faders!.map((m) => m.activeParameters)).toEqual([1, 2, 3]);
    const { columns, rows } = comparison.table();
    expect(rows[0]![columns.indexOf("parameters")]).toBe("2 ± 1");
    expect(comparison.toString()).toContain("over 3 seeds");
  });

  test("never prints NaN, where no prompt could be flipped", () => {
    const { deltaClean: _, ...rest } = evaluate(model, prompts, learned.scalars);
    const winning = prompts.filter((prompt) => measure("scalars", prompt).delta[1] > 0);
    expect(compare(model, winning, { faders: learned.scalars }).toString()).not.toContain("NaN");
    expect(rest.prompts).toBe(40);
  });

  test("of nothing is refused", () => {
    expect(() => compare(model, prompts, {})).toThrow(ArgumentError);
    expect(() => compare(model, prompts, { faders: [] })).toThrow(ArgumentError);
  });
});
