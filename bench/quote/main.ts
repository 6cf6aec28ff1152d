import { readdirSync, readFileSync } from "node:fs";
import { writeFileAtomic } from "../../src/io/disk";
import { fillQuotes } from "./fill";

/** Fills the results that README and docs quote with those of `bench/results`: `npm run bench:quote`. */
const documents = ["README.md", ...readdirSync("docs").map((name) => `docs/${name}`)].filter((path) =>
  /\.md$/.test(path),
);
for (const path of documents) {
  const text = readFileSync(path, "utf8");
  const filled = fillQuotes(text);
  if (filled === text) continue;
  await writeFileAtomic(path, filled);
  console.log(`${path} updated`);
}
