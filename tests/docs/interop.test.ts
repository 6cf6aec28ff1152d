import { hookName, sites } from "fader/nn";
import { describe, expect, test } from "vitest";
import { parts } from "../../src/steering/exchange/names";
import { readDocument } from "./examples";

const { text } = readDocument("docs/interop.md");

describe("docs/interop.md", () => {
  test("lists every part of a name and every place", () => {
    const [, section] = text.split("## Names");
    const listed = section!.split("## Control vectors")[0]!;
    for (const part of parts.filter((part) => part !== "")) expect(listed).toContain(`\`${part}`);
    for (const site of sites) expect(listed).toContain(`\`${hookName(site, 0).replace("blocks.0.", "")}\``);
  });
});
