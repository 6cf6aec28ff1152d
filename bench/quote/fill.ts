import { readFileSync } from "node:fs";

/**
 * A document with the results that it quotes filled in: the code block after a line `<!-- engine.txt: Generation, Goal -->`
 * holds the sections of `bench/results/engine.txt` whose first lines begin so, in that order; `*` stands for all, `first`
 * for the first one. Throws for a section that is not there.
 */
export function fillQuotes(document: string): string {
  return document.replace(
    // An empty block first, or it would reach into the next one.
    /(<!-- ([\w.-]+\.txt): ([^\n]*?) -->\n```(?:text)?\n)(?:[\s\S]*?\n)??```/g,
    (_, head: string, file: string, names: string) => `${head}${quote(file, names.split(", "))}\n\`\`\``,
  );
}

function quote(file: string, names: readonly string[]): string {
  const text = readFileSync(new URL(`../results/${file}`, import.meta.url), "utf8").trim();
  if (names[0] === "*") return text;
  const sections = text.split("\n\n");
  const pick = (name: string) => {
    const found = name === "first" ? sections[0] : sections.find((section) => section.startsWith(name));
    if (found === undefined) throw new Error(`${file} has no section "${name}"`);
    return found;
  };
  return names.map(pick).join("\n\n");
}
