import { baselines } from "fader";
import { describe, expect, test } from "vitest";
import { readDocument, testExamples } from "./examples";

const { text, examples } = readDocument("docs/baselines.md");

describe("docs/baselines.md", () => {
  test("has an example", () => expect(examples.length).toBe(1));

  test("says what every baseline is, in the order of the registry", () => {
    const described = [...text.matchAll(/^\*\*`([\w-]+)`\*\*: /gm)].map(([, name]) => name);
    expect(described).toEqual(Object.keys(baselines));
  });

  testExamples(examples, "baselines");
});
