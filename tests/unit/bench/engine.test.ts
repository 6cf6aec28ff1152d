import { describe, expect, test } from "vitest";
import { cases } from "../../../bench/engine/cases";
import { disagreement, references } from "../../../bench/engine/check";
import { dispatchCost, evaluateGoals } from "../../../bench/engine/goals";
import { parseOptions } from "../../../bench/engine/options";
import { parseAnswer } from "../../../bench/engine/protocol";
import { type EngineResult, gflops, type Results } from "../../../bench/engine/results";
import { quantile, spreadOf } from "../../../bench/engine/statistics";
import { formatResults, formatTable } from "../../../bench/engine/tables";

const engineResult = (times: Record<string, number>, values: Record<string, number> = {}): EngineResult => ({
  times: Object.fromEntries(
    Object.entries(times).map(([item, median]) => [item, { median, q1: median, q3: median, n: 1, values }]),
  ),
  notes: {},
  info: { threads: 1 },
});

const results = (parts: Results["cases"]): Results => ({
  date: "",
  machine: { cpu: "a processor", cores: 2 },
  quick: false,
  skipped: [],
  cases: parts,
});

const goal = (of: Results, text: string) => evaluateGoals(of).find((candidate) => candidate.text.startsWith(text));

describe("statistics of the benchmark", () => {
  test("quantiles lie between neighbours", () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ median: 3, q1: 2, q3: 4, n: 5 });
    expect(spreadOf([7])).toEqual({ median: 7, q1: 7, q3: 7, n: 1 });
  });
});

describe("protocol of the benchmark", () => {
  test("reads each kind of answer", () => {
    expect(parseAnswer('{"ready":true,"info":{"version":"1"}}')).toEqual({ kind: "ready", info: { version: "1" } });
    expect(parseAnswer('{"ms":[1,2]}')).toEqual({ kind: "timed", ms: [1, 2], values: {} });
    expect(parseAnswer('{"result":{"all":[1]}}')).toEqual({ kind: "checked", result: { all: [1] } });
    expect(parseAnswer('{"missing":"no kernel X"}')).toEqual({ kind: "missing", reason: "no kernel X" });
  });

  test("passes over what a library prints", () => {
    for (const line of ["", "Hi there", "{not json", '{"other":1}']) expect(parseAnswer(line)).toBeUndefined();
  });
});

describe("checks of the benchmark", () => {
  test("a result must agree within the tolerance, and be there", () => {
    expect(disagreement({ x: [1, 10.001] }, { x: [1, 10] }, 1e-3)).toBeUndefined();
    expect(disagreement({ x: [1, 10.1] }, { x: [1, 10] }, 1e-3)).toContain("x[1]");
    expect(disagreement({ x: [Number.NaN] }, { x: [1] }, 1e-3)).toContain("NaN");
    expect(disagreement({}, { x: [1] }, 1e-3)).toContain("0 numbers");
  });

  test("the chain's reference and its derivative", () => {
    const spec = { ...cases.find(({ kind }) => kind === "dispatch")!, ops: 4 };
    const { forward, gradient } = references(spec, { x: Float32Array.of(3), y: Float32Array.of(2) });
    expect(forward!.all).toEqual([(3 * 2 + 2) * 2 + 2]);
    expect(gradient!.all).toEqual([4]);
  });
});

describe("goals of the benchmark", () => {
  test("a ratio to a peer", () => {
    const measured = results({
      A: { title: "A", engines: { fader: engineResult({ step: 10 }), "jax-js": engineResult({ step: 70 }) } },
    });
    expect(goal(measured, "step A: 6 times jax-js")).toMatchObject({ measured: "7.00 times", reached: true });
    expect(goal(measured, "step A: at least 1/2")?.reached).toBeUndefined();
  });

  test("a share of the peak takes the worst size", () => {
    const times = { "512x512x512": 10, "16x768x3072": 10 };
    const own = engineResult(times);
    own.times.peak = { median: 1, q1: 1, q3: 1, n: 1, values: { gflops: 30 } };
    const found = goal(results({ gemm: { title: "", engines: { "fader-1": own } } }), "products, 1 thread");
    expect(gflops("512x512x512", 10)).toBeCloseTo(26.8, 1);
    expect(found).toMatchObject({ measured: "at least 25% (16x768x3072)", reached: false });
  });

  test("backward is what the gradient takes beyond forward", () => {
    const engines = { fader: engineResult({ forward: 0.1, gradient: 0.3 }) };
    const cost = dispatchCost(results({ dispatch: { title: "", engines } }), "fader")!;
    expect(cost.forward).toBeCloseTo(1);
    expect(cost.backward).toBeCloseTo(2);
  });
});

describe("tables of the benchmark", () => {
  test("columns line up", () => {
    const rows = [
      ["", "ms"],
      ["one", "1.5"],
      ["eleven", "11.0"],
    ];
    expect(formatTable(rows)).toBe(["          ms", "────────────", "one      1.5", "eleven  11.0"].join("\n"));
  });

  test("a case shows what was measured and why something was not", () => {
    const peer = { ...engineResult({}), notes: { step: "wrong result: losses[0] is 1, not 2" } };
    const engines = { fader: engineResult({ step: 12 }), "jax-js": peer };
    const text = formatResults(results({ A: { title: "Step A", engines } }), 32);
    expect(text).toContain("12.0 ms");
    expect(text).toContain("jax-js, step: wrong result");
  });
});

describe("options of the benchmark", () => {
  test("names are checked", () => {
    expect(parseOptions(["--only", "A,B", "--peers", "none"])).toMatchObject({ only: ["A", "B"], peers: [] });
    expect(() => parseOptions(["--only", "C"])).toThrow('no "C"');
    expect(() => parseOptions(["--only", "A", "--update", "--quick"])).toThrow("--update: only with full");
    expect(parseOptions(["--help"])).toBeUndefined();
  });
});
