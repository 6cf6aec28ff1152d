import { readFileSync } from "node:fs";
import { Comparison } from "fader";
import { describe, expect, test } from "vitest";

import { cases } from "../../bench/engine/cases";
import type { Results } from "../../bench/engine/results";
import { formatResults } from "../../bench/engine/tables";
import { readDocument, testExamples } from "./examples";

/** The `ts` examples of the README run as they stand; the `text` block after one is what it prints. */
const { text: readme, examples } = readDocument("README.md");

describe("README", () => {
  test("quotes the tables of bench/results as they are", () => {
    const file = new URL("../../bench/results/compare.json", import.meta.url);
    // JSON has no NaN, the share of no prompts.
    const revive = (_: string, value: unknown) => (value === null ? Number.NaN : value);
    const text = readFileSync(file, "utf8");
    const results = JSON.parse(text, revive) as Record<string, Pick<Comparison, "results" | "prompts">>;
    expect(Object.keys(results)).toEqual(["ccc", "ioi"]);
    for (const { results: measured, prompts } of Object.values(results)) {
      expect(readme).toContain(new Comparison(measured, prompts).toString());
    }
  });

  test("quotes the benchmark of the engine as it was measured", () => {
    const read = (name: string) => readFileSync(new URL(`../../bench/results/${name}`, import.meta.url), "utf8");
    const results = JSON.parse(read("engine.json")) as Results;
    const tokens = cases.find(({ name }) => name === "generate")!.newTokens!;
    expect(read("engine.txt")).toBe(`${formatResults(results, tokens)}\n`);
    expect(readme).toContain("<!-- engine.txt: ");
  });

  test("has examples", () => expect(examples.length).toBeGreaterThan(2));

  testExamples(examples, "readme");
});
