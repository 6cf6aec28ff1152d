import { describe, expect, test } from "vitest";
import { readDocument, testExamples } from "./examples";

const { examples } = readDocument("docs/dynamic.md");

describe("docs/dynamic.md", () => {
  test("has an example", () => expect(examples).toHaveLength(1));

  testExamples(examples, "dynamic");
});
