import { describe, expect, test } from "vitest";
import { readDocument, testExamples } from "./examples";

const { examples } = readDocument("docs/bake.md");

describe("docs/bake.md", () => {
  test("has an example", () => expect(examples).toHaveLength(1));

  testExamples(examples, "bake");
});
