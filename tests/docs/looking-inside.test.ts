import { describe, expect, test } from "vitest";
import { readDocument, testExamples } from "./examples";

const { examples } = readDocument("docs/looking-inside.md");

describe("docs/looking-inside.md", () => {
  test("has examples", () => expect(examples.length).toBe(3));

  testExamples(examples, "looking-inside");
});
