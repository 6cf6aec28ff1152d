import {
  checkClaims,
  type Grid,
  type Kind,
  printSummary,
  quickGrid,
  summarize,
  type TrialResult,
  trialsOf,
} from "fader/steering";
import { describe, expect, test } from "vitest";
import { columns, type Made, made } from "../../../helpers/sweep";

const grid: Grid = { ...quickGrid, minimality: [1] };
const scalars: Made = { activeParameters: 30, agreement: { spearman: 0.4, auroc: 0.8 } };
const good: Record<Kind, Made> = {
  scalars,
  vectors: { activeParameters: 3000, klOthers: 0.3 },
  dynamic: { activeParameters: 390 },
};
const results = (of: Record<Kind, Made>, fresh = columns({ length: 14 }), on = grid): TrialResult[] =>
  trialsOf(on).map((trial) => made(trial, of[trial.method], trial.method === "dynamic" ? fresh : undefined));
const verdicts = (list: TrialResult[], on = grid) => checkClaims(on, list).map(({ verdict }) => verdict);
const none = "NOT MEASURED";

describe("claims", () => {
  test("pass where every number is on the right side", () => {
    expect(verdicts(results(good))).toEqual(["PASS", "PASS", "PASS", "PASS", "PASS", "PASS"]);
  });

  test("fail one by one, and with any of the first three the last", () => {
    const weak = results({ ...good, scalars: { ...scalars, flips: 0.8 } });
    expect(verdicts(weak)).toEqual(["FAIL", "PASS", "PASS", "PASS", "PASS", "FAIL"]);
    const [first] = checkClaims(grid, weak);
    const gap = first!.findings[0]!.numbers["scalars − vectors"]!;
    expect(gap.value).toBeCloseTo(-0.2, 10);
    expect(gap.low).toBeLessThan(-0.2);
    expect(first!.findings[0]!.why).toContain("Scalars flip 80%, vectors 100%");
    expect(checkClaims(grid, weak)[1]!.findings[0]!.why).toContain("doing less disturbs less");
    const unfaithful = results({ ...good, scalars: { ...scalars, klOthers: 0.5 } });
    expect(verdicts(unfaithful)).toEqual(["PASS", "FAIL", "PASS", "PASS", "PASS", "FAIL"]);
    const dense = results({ ...good, vectors: { activeParameters: 200 } });
    expect(verdicts(dense)).toEqual(["PASS", "PASS", "FAIL", "PASS", "PASS", "FAIL"]);
    const tied = results(good, columns({ flips: 0.6, length: 14 }));
    expect(verdicts(tied)).toEqual(["PASS", "PASS", "PASS", "PASS", "FAIL", "PASS"]);
    const useless = results({ ...good, dynamic: { flips: 0.2 } }, columns({ flips: 0.2, length: 14 }));
    expect(verdicts(useless)[4]).toBe("FAIL");
    for (const agreement of [
      { spearman: 0, auroc: 0.8 },
      { spearman: 0.4, auroc: 0.5 },
    ]) {
      const [, , , claim] = checkClaims(grid, results({ ...good, scalars: { ...scalars, agreement } }));
      expect(claim!.verdict).toBe("FAIL");
      expect(claim!.findings[0]!.why).toContain("is not shown to");
    }
  });

  test("that fail say whether the interval leaves it open", () => {
    const why = (flips: number) =>
      checkClaims(grid, results({ ...good, scalars: { ...scalars, flips } }))[0]!.findings[0]!.why;
    expect(why(0.5)).toContain("all of the interval misses it");
    expect(why(0.9)).toContain("both sides of the threshold");
  });

  test("say what was not measured", () => {
    const scalarsOnly = results(good).filter(({ trial }) => trial.method === "scalars");
    expect(verdicts(scalarsOnly)).toEqual([none, none, none, "PASS", none, none]);
    const one: Grid = { ...grid, tasks: [grid.tasks[0]!] };
    expect(verdicts(results(good, undefined, one), one)).toEqual(["PASS", "PASS", "PASS", "PASS", "PASS", none]);
    const oneSeed = results(good).filter(({ trial }) => trial.seed === 0);
    expect(verdicts(oneSeed)).toEqual(["PASS", "PASS", none, none, "PASS", none]);
    expect(checkClaims(grid, oneSeed)[2]!.findings[0]!.why).toContain("run more seeds");
    const otherSeeds = results(good).filter(({ trial }) => (trial.method === "scalars") === (trial.seed === 0));
    expect(verdicts(otherSeeds)[0]).toBe(none);
  });

  test("fail on one task alone too, and name it", () => {
    const list = results(good).map((result) =>
      result.trial.task.name === "ioi" && result.trial.method === "scalars"
        ? made(result.trial, { flips: 0.5 })
        : result,
    );
    const claims = checkClaims(grid, list);
    expect(claims[0]!.findings.map(({ verdict }) => verdict)).toEqual(["PASS", "FAIL"]);
    expect([claims[0]!.verdict, claims[5]!.verdict]).toEqual(["FAIL", "FAIL"]);
    expect(claims[5]!.findings[1]!.why).toBe("Fails: claim 1.");
  });
});

describe("a summary", () => {
  test("has means, intervals and fronts of every cell", () => {
    const list = results({ ...good, scalars: { ...scalars, flips: 0.8 } });
    const [ccc, ioi] = summarize(grid, list).tasks;
    expect([ccc!.id, ioi!.id]).toEqual(["ccc-qa", "ioi-0"]);
    const [own, vectors, dynamic] = ccc!.cells;
    expect(own!.measures.flips.value).toBeCloseTo(0.8, 10);
    expect(own!.measures.flips.low).toBeLessThan(0.8);
    expect(own!.measures.flipsPlus.value).toBeNaN();
    expect(own!.seeds).toEqual([0, 1, 2]);
    expect(vectors!.measures.activeParameters).toEqual({ value: 3000, low: 3000, high: 3000 });
    expect([own!.weight, vectors!.weight]).toEqual([0.6, 2]);
    expect(dynamic!.newLengths!.lengths).toEqual([14]);
    // Few flips with few numbers, all flips with more; vectors are beaten by dynamic.
    expect(ccc!.pareto.parameters).toEqual([own!.id, dynamic!.id]);
    expect(ccc!.pareto.klOthers).toEqual([dynamic!.id]);
  });

  test("has the harm off the task, weighted by tokens, drawn by text", () => {
    const list = results({ ...good, scalars: { ...scalars, klOffTask: 0.1 }, vectors: { klOffTask: 0.3 } });
    const summary = summarize(grid, list);
    const [own, vectors, dynamic] = summary.tasks[0]!.cells;
    const { klOffTask, nllOffTask } = own!.measures;
    // 0.15 on 20 tokens, 0.165 on 40.
    expect(klOffTask.value).toBeCloseTo(0.16, 10);
    expect(klOffTask.low).toBeGreaterThanOrEqual(0.15);
    expect(klOffTask.low).toBeLessThan(klOffTask.value);
    expect(klOffTask.high).toBeLessThanOrEqual(0.165 + 1e-12);
    expect(nllOffTask.value).toBeCloseTo(0.2, 10);
    expect(own!.coveredOffTask).toBeCloseTo(0.9, 10);
    expect(vectors!.measures.klOffTask.value).toBeCloseTo(0.48, 10);
    // Not measured, and not at all by the prompts of new lengths.
    expect(dynamic!.measures.klOffTask.value).toBeNaN();
    expect(dynamic!.newLengths!.measures.klOffTask.value).toBeNaN();
    const lines = printSummary(summary, []).split("\n");
    const at = lines.findIndex((line) => line.startsWith("scalars"));
    const [values, intervals] = lines.slice(at + 1);
    expect(values).toMatch(/ 0\.160 /);
    expect(intervals).toMatch(/\[0\.15\d,0\.16\d\]/);
  });

  test("prints within 80 columns and leaves nothing out", () => {
    const list = results({ ...good, scalars: { ...scalars, flips: 0.8, klOffTask: 0.1 } });
    const failed = [{ id: "ccc-qa/vectors/z/x1/9/s0", problem: "the loss is NaN at step 3" }];
    const text = printSummary(summarize(grid, list, failed), checkClaims(grid, list));
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    for (const part of ["1. FAIL", "4. PASS", "5. PASS", "the loss is NaN", "new lengths", "Pareto"]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain("NaN [");
  });
});
