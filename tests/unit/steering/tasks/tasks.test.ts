import { existsSync } from "node:fs";
import { indirectObjects, loadModel, type Model, promptTask } from "fader";
import { beforeAll, describe, expect, test } from "vitest";
import { message } from "../../../helpers/tiny";

let model: Model;
beforeAll(async () => {
  model = await loadModel();
});

const capital = (country: string) => `The capital of ${country} is`;
const prompts = [
  { text: capital("Poland"), correct: "Warsaw", wrong: "Rome" },
  { text: capital("France"), correct: "Paris", wrong: "Rome" },
  { text: capital("Italy"), correct: "Rome", wrong: "Paris" },
];

describe("a task of one's own prompts", () => {
  test("has no group on both sides, and the same seed gives the same split", () => {
    const task = promptTask(model, prompts);
    expect([...task.train, ...task.test].map(({ text }) => text).sort()).toEqual(
      prompts.map(({ text }) => text).sort(),
    );
    const groups = new Set(task.test.map(({ group }) => group));
    expect(task.train.some(({ group }) => groups.has(group))).toBe(false);
    expect(promptTask(model, prompts)).toEqual(task);
    expect(task.warnings).toEqual([]);
  });

  test("warns of answers that are no single token, and of other lengths", () => {
    const odd = [
      { text: capital("Spain"), correct: "Atlantis", wrong: "Rome" },
      { text: `In short: ${capital("Spain")}`, correct: "Madrid", wrong: "Rome" },
    ];
    const task = promptTask(model, [...prompts, ...odd]);
    expect(task.warnings).toMatchInlineSnapshot(`
      [
        "" Atlantis" is not in the vocabulary (1 prompt left out)",
        "8 tokens long, not 5 (1 prompt left out)",
      ]
    `);
    expect(task.skipped.map(({ text }) => text)).toEqual(odd.map(({ text }) => text));
  });

  test("that cannot be used is refused", () => {
    const refusals = [
      () => promptTask(model, prompts.slice(0, 1)),
      () => promptTask(model, [...prompts, { text: "", correct: "a", wrong: "b" }]),
      () => promptTask(model, [{ text: "a", correct: "Atlantis", wrong: "Rome" }, ...prompts.slice(0, 1)]),
    ];
    expect(refusals.map(message).join("\n\n")).toMatchInlineSnapshot(`
      "ArgumentError: prompts: 1 group of prompts cannot be split into training and test
        Give prompts of two groups or more: other answers, or other values of group.

      ArgumentError: prompts: prompt 3 has no text
        A prompt is { "text": "…", "correct": "Paris", "wrong": "Rome" }.

      ArgumentError: prompts: no prompt of this task fits "capitals"
        for example a
        because     " Atlantis" is not in the vocabulary"
    `);
  });
});

describe("indirect objects", () => {
  test("takes the names that are given", () => {
    const task = indirectObjects(model, { names: ["Mary", "John"] });
    const answers = new Set([...task.train, ...task.test].map(({ correct }) => model.tokenizer!.token(correct)));
    expect(answers).toEqual(new Set([" Mary", " John"]));
    expect(task.split).toContain("places");
    expect(message(() => indirectObjects(model, { names: ["Mary"] }))).toContain("1 name is not enough");
  });

  const stories = "../shared/models/stories260k";
  test.skipIf(!existsSync(stories))("finds names that a model of few words knows", async () => {
    const teller = await loadModel(stories);
    const task = indirectObjects(teller);
    const answers = new Set([...task.train, ...task.test].map(({ correct }) => teller.tokenizer!.token(correct)));
    expect(answers).toEqual(new Set([" Lily", " Tim", " Timmy"]));
    expect(new Set([...task.train, ...task.test].map(({ ids }) => ids.length)).size).toBe(1);
    expect(Math.min(task.train.length, task.test.length)).toBeGreaterThan(20);
  });
});
