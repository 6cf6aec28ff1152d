import { describe, expect, test } from "vitest";
import { readDocument } from "./examples";

const { text, examples } = readDocument("docs/tutorial.md");

describe("docs/tutorial.md", () => {
  test("has examples, and an answer to each exercise", () => {
    expect(examples).toHaveLength(7);
    const asked = [...text.matchAll(/✎ (\d)\./g)].map(([, number]) => number);
    const answered = [...text.split("## Answers")[1]!.matchAll(/^(\d)\. /gm)].map(([, number]) => number);
    expect(asked).toEqual(["1", "2", "3", "4", "5", "6"]);
    expect(answered).toEqual(asked);
  });
});
