import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { readDocument, testExamples } from "./examples";

const root = fileURLToPath(new URL("../..", import.meta.url));
const guides = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
const pages = ["README.md", "CONTRIBUTING.md", "src/README.md", ...guides.map((name) => `docs/${name}`)];

describe.each(pages)("%s", (page) => {
  const { text, examples } = readDocument(page);

  test("links to what is there", () => {
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!.split("#")[0]!);
    const missing = links.filter(
      (link) => link !== "" && !link.includes("://") && !existsSync(join(root, dirname(page), link)),
    );
    expect(missing).toEqual([]);
  });

  if (examples.length > 0) testExamples(examples, page.replace(/\W+/g, "-"));
});

test("the index names every guide", () => {
  const { text } = readDocument("docs/README.md");
  expect(guides.filter((name) => name !== "README.md" && !text.includes(`(${name})`))).toEqual([]);
});

test("the README is short", () => {
  expect(readDocument("README.md").text.split("\n").length).toBeLessThanOrEqual(200);
});

test("the plan of the source names every layer and room", () => {
  const { text } = readDocument("src/README.md");
  const folders = (path: string) =>
    readdirSync(join(root, path), { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? [entry.name] : [],
    );
  const rooms = ["src", "src/tensor", "src/nn", "src/steering", "playground/src"].flatMap(folders);
  expect(rooms.filter((room) => !text.includes(`\`${room}\``))).toEqual([]);
});
