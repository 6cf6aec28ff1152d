import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Comparison } from "fader";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

import { cases } from "../../bench/engine/cases";
import type { Results } from "../../bench/engine/results";
import { formatResults } from "../../bench/engine/tables";

/** The `ts` examples of the README run as they stand; the `text` block after one is what it prints. */
const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const blocks = [...readme.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, code]) => ({
  language,
  code: code!,
}));
const examples = blocks.flatMap(({ language, code }, i) => {
  if (language !== "ts") return [];
  const next = blocks[i + 1];
  return [{ code, printed: next?.language === "text" ? next.code : undefined }];
});
const folder = new URL("./.examples/", import.meta.url);

const start = process.cwd();
beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  // What the examples save is to go with them.
  process.chdir(fileURLToPath(folder));
});
afterAll(() => {
  process.chdir(start);
  rmSync(folder, { recursive: true, force: true });
});

/** What a learned intervention looks like in detail shifts with the rounding of the engine: processors, SIMD variants. */
const ofOneRun = /^(kl-others|TV|best other kept|parameters|places|ℓ1)/;

/** Words and signs must be equal; numbers may differ in the last digits between platforms. */
function expectAlike(printed: string, stated: string): void {
  const linesOf = (text: string) => text.trim().split("\n");
  const [got, want] = [linesOf(printed), linesOf(stated)];
  expect(got.length, printed).toBe(want.length);
  got.forEach((line, i) => {
    const tokens = (text: string) => text.trim().split(/\s+/);
    const share = ofOneRun.test(line) ? 0.4 : 0.1;
    expect(tokens(line).length, printed).toBe(tokens(want[i]!).length);
    tokens(line).forEach((token, j) => {
      const stated = tokens(want[i]!)[j]!;
      const [a, b] = [token, stated].map((text) => Number.parseFloat(text.replace("−", "-")));
      if (Number.isNaN(b)) expect(token).toBe(stated);
      else {
        expect(Math.abs(a! - b!), `${token} is not close to ${stated}`).toBeLessThanOrEqual(0.1 + share * Math.abs(b!));
      }
    });
  });
}

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
    const sections = read("engine.txt").trim().split("\n\n");
    const quoted = sections.filter((text) => readme.includes(text));
    const wanted = /^(Matrix products|Training step A|Training step B|Intervention step I|Generation|Goal)/;
    expect(quoted.filter((text) => wanted.test(text))).toHaveLength(6);
    expect(quoted).toContain(sections[0]);
  });

  test("has examples", () => expect(examples.length).toBeGreaterThan(2));

  examples.forEach(({ code, printed }, i) => {
    test(`example ${i + 1} runs and prints what it says: ${code.split("\n")[0]}`, async () => {
      const file = new URL(`example-${i + 1}.ts`, folder);
      writeFileSync(file, code);
      const lines: string[] = [];
      const log = vi.spyOn(console, "log").mockImplementation((...values) => {
        lines.push(values.map(String).join(" "));
      });
      try {
        await import(/* @vite-ignore */ file.href);
      } finally {
        log.mockRestore();
      }
      if (printed !== undefined) expectAlike(lines.join("\n"), printed);
    });
  });
});
