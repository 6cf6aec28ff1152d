import { describe, expect, test } from "vitest";
import { readDocument, testExamples } from "./examples";

const { examples } = readDocument("docs/localisation.md");

describe("docs/localisation.md", () => {
  test("has an example", () => expect(examples).toHaveLength(1));

  testExamples(examples, "localisation");
});
