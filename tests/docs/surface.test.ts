import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { exports: entries } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as {
  exports: Record<string, { "fader-source": string }>;
};
const files = Object.fromEntries(
  Object.entries(entries).map(([name, { "fader-source": path }]) => [name.replace(/^\./, "fader"), root + path]),
);
const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile).config,
  ts.sys,
  root,
);
const program = ts.createProgram(Object.values(files), options);
const checker = program.getTypeChecker();

/** What an entry exports, each name as it is declared. */
function exportsOf(entry: string): ts.Symbol[] {
  const module = checker.getSymbolAtLocation(program.getSourceFile(files[entry]!)!)!;
  return checker
    .getExportsOfModule(module)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));
}

const isDocumented = (symbol: ts.Symbol) => symbol.getDocumentationComment(checker).length > 0;
const guides = ["README.md", ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)]
  .filter((path) => path.endsWith(".md"))
  .map((path) => readFileSync(root + path, "utf8"))
  .join("\n");
const isInGuide = (name: string) => new RegExp(`\\b${name}\\b`).test(guides);

describe.each(Object.keys(files))("%s", (entry) => {
  const symbols = exportsOf(entry);

  test("says of every exported name what it is", () => {
    expect(symbols.filter((symbol) => !isDocumented(symbol)).map(({ name }) => name)).toEqual([]);
  });

  test("says of every option what it does, there or in a guide", () => {
    const silent = symbols
      .filter(({ name }) => /(Options|Settings|Where|Grid)$/.test(name))
      .flatMap((symbol) =>
        checker
          .getDeclaredTypeOfSymbol(symbol)
          .getProperties()
          .filter((option) => !isDocumented(option) && !isInGuide(option.name))
          .map((option) => `${symbol.name}.${option.name}`),
      );
    expect(silent).toEqual([]);
  });
});

test("fader exports what a program needs, about a hundred names, and no more", () => {
  expect(exportsOf("fader").length).toBeLessThanOrEqual(110);
});
