import { readFileSync } from "node:fs";
import { loadModel } from "fader";
import { checkClaims, countryCapitals, defaultGrid, thresholds } from "fader/steering";
import { describe, expect, test } from "vitest";
import { learn } from "../../src/steering/learn/learn";
import { readDocument } from "./examples";

const { text } = readDocument("docs/method.md");

/** The cells of the table row that begins with `name`. */
function row(name: string): string[] {
  const line = text.split("\n").find((one) => one.startsWith(`| ${name}`));
  if (line === undefined) throw new Error(`no row "${name}"`);
  return line
    .split("|")
    .slice(2, -1)
    .map((cell) => cell.trim());
}

describe("docs/method.md", () => {
  test("prints the settings that learners use", async () => {
    const model = await loadModel();
    const { train } = countryCapitals(model);
    const used = [];
    for (const kind of ["scalars", "vectors", "dynamic"] as const) {
      const { provenance } = await learn(kind, model, train.slice(0, 2), { steps: 1 });
      used.push(provenance.settings);
    }
    const expected = {
      "`m`, logits": "margin",
      "`λ_F`": "faithfulnessWeight",
      "`λ_M`, ℓ1": "minimality",
      "`λ_M`, group lasso": "groupMinimality",
      "learning rate (Adam)": "lr",
      "prompts in one update": "batchSize",
      "stop without 1% in": "patience",
    };
    for (const [name, key] of Object.entries(expected)) {
      expect(row(name), name).toEqual(used.map((settings) => String(settings[key])));
    }
    expect(row("most updates")).toEqual(Array(3).fill(String(defaultGrid.steps)));
  });

  test("prints the thresholds of the claims", () => {
    expect(row("1 ").at(-1)).toBe(`above −${100 * thresholds.lessEffective} points`);
    expect(row("2 ").at(-1)).toBe(`below ${thresholds.lessFaithful}`);
    expect(row("3 ").at(-1)).toBe(`above ${thresholds.fewer}`);
    const { lostOnNewLengths, flipsWhatItLearned } = thresholds;
    expect(row("5 ").at(-1)).toBe(`above −${100 * lostOnNewLengths} points; above ${100 * flipsWhatItLearned}%`);
    expect(checkClaims(defaultGrid, [])).toHaveLength(6);
  });

  test("names files that are there", () => {
    const files = [...text.matchAll(/`(src\/[\w/.-]+\.ts)`/g)].map(([, file]) => file!);
    expect(files.length).toBeGreaterThan(4);
    for (const file of files) expect(() => readFileSync(new URL(`../../${file}`, import.meta.url))).not.toThrow();
  });
});
