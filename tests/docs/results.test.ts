import { readFileSync } from "node:fs";
import { Comparison } from "fader";
import { describe, expect, test } from "vitest";

import { cases } from "../../bench/engine/cases";
import type { Results } from "../../bench/engine/results";
import { formatResults } from "../../bench/engine/tables";
import { readDocument } from "./examples";

describe("results that documents quote", () => {
  test("are the comparisons of bench/results", () => {
    const file = new URL("../../bench/results/compare.json", import.meta.url);
    // JSON has no NaN, the share of no prompts.
    const revive = (_: string, value: unknown) => (value === null ? Number.NaN : value);
    const text = readFileSync(file, "utf8");
    const results = JSON.parse(text, revive) as Record<string, Pick<Comparison, "results" | "prompts">>;
    expect(Object.keys(results)).toEqual(["ccc", "ioi"]);
    for (const { results: measured, prompts } of Object.values(results)) {
      expect(readDocument("docs/results.md").text).toContain(new Comparison(measured, prompts).toString());
    }
  });

  test("are the benchmark of the engine", () => {
    const read = (name: string) => readFileSync(new URL(`../../bench/results/${name}`, import.meta.url), "utf8");
    const results = JSON.parse(read("engine.json")) as Results;
    const tokens = cases.find(({ name }) => name === "generate")!.newTokens!;
    expect(read("engine.txt")).toBe(`${formatResults(results, tokens)}\n`);
    expect(readDocument("docs/performance.md").text).toContain("<!-- engine.txt: ");
  });
});
