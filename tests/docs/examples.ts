import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

/** A `ts` block of a document, and the `text` block after it: what it prints. */
export interface Example {
  code: string;
  printed: string | undefined;
}

/** The text of a document and its examples. */
export function readDocument(path: string): { text: string; examples: Example[] } {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  const blocks = [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language, code]) => ({
    language,
    code: code!,
  }));
  const examples = blocks.flatMap(({ language, code }, i) => {
    if (language !== "ts") return [];
    const next = blocks[i + 1];
    return [{ code, printed: next?.language === "text" ? next.code : undefined }];
  });
  return { text, examples };
}

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

/** Tests that run the examples as they stand, in a folder of their own that goes when they are done. */
export function testExamples(examples: readonly Example[], name: string): void {
  const folder = new URL(`./.examples-${name}/`, import.meta.url);
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
}
