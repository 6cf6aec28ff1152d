import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fillQuotes } from "../../bench/quote/fill";

const root = new URL("../../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");
const documents = ["README.md", ...readdirSync(new URL("docs", root)).map((name) => `docs/${name}`)];

test.each(documents.filter((path) => path.endsWith(".md")))("%s quotes results as they were measured", (path) => {
  expect(fillQuotes(read(path)), "npm run bench:quote fills them in").toBe(read(path));
});

test("a quote that differs shows", () => {
  const document = "<!-- engine.txt: Generation -->\n```text\nfaster\n```\n";
  expect(fillQuotes(document)).toContain("Generation: GPT-2 small");
  const empty = document.replace("faster\n", "");
  expect(fillQuotes(`${empty}\n\`\`\`text\nprinted\n\`\`\`\n`)).toBe(
    `${fillQuotes(document)}\n\`\`\`text\nprinted\n\`\`\`\n`,
  );
  expect(() => fillQuotes(document.replace("Generation", "Nothing"))).toThrow('engine.txt has no section "Nothing"');
});
