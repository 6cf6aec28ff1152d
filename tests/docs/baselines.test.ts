import { baselines } from "fader";
import { describe, expect, test } from "vitest";
import { readDocument } from "./examples";

const { text } = readDocument("docs/baselines.md");

describe("docs/baselines.md", () => {
  test("says what every baseline is, in the order of the registry", () => {
    const described = [...text.matchAll(/^\*\*`([\w-]+)`\*\*: /gm)].map(([, name]) => name);
    expect(described).toEqual(Object.keys(baselines));
  });
});
