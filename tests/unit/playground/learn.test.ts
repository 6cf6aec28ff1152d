import type { PlaceStrength } from "fader";
import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import {
  formatList,
  type OwnPrompt,
  parseList,
  readPromptFile,
  withPrompt,
} from "../../../playground/src/desk/own-list";
import { defaults, minimalityOf, requestOf } from "../../../playground/src/desk/request";
import type {
  ComparisonRow,
  EngineStatus,
  FaderValue,
  Learned,
  LearnProgress,
  LearnRequest,
  ModelInfo,
} from "../../../playground/src/protocol";
import * as rows from "../../../playground/src/view/learned";
import {
  axisTo,
  decadeOf,
  decadesTo,
  leastShown,
  pathOf,
  percentAlong,
  thinned,
  valueAt,
} from "../../../playground/src/view/scales";

const engine = vi.hoisted(() => ({
  examples: vi.fn(),
  tokens: vi.fn(),
  steer: vi.fn(),
  learn: vi.fn(),
  cancelLearning: vi.fn(),
}));
vi.mock("../../../playground/src/state/compute", () => ({ engine }));

const cell = (name: string, value: number, isBelow = false) => ({
  ...{ name, label: name, says: name, isBelow, value, text: String(value) },
});
const rowWith = (flipsPlus: number, flipsMinus: number, activeParameters: number): ComparisonRow => ({
  ...{ handle: "m-1", method: "scalars", sites: ["attn_out", "mlp_out"] },
  cells: [
    cell("flipsPlus", flipsPlus),
    cell("flipsMinus", flipsMinus, true),
    cell("klOthers", 0.111),
    cell("activeParameters", activeParameters),
  ],
});
const row = rowWith(0.976, 1, 1234);
const fader: FaderValue = { site: "attn_out", layer: 1, position: 2, alpha: 0.5 };
const place: PlaceStrength = { site: "attn_out", layer: 1, position: 2, value: 0.5 };
const progress: LearnProgress = {
  ...{ step: 1, steps: 20, effectiveness: 6, faithfulness: 0.25, minimality: 1, activeParameters: 3 },
  places: [place],
};
const learned: Learned = {
  ...{ handle: "m-1", method: "scalars", steps: 20, split: "2 training groups, 1 held-out groups", warnings: [] },
  example: { prompt: "one", correct: "A", wrong: "B" },
  examples: [
    { prompt: "one", correct: "A", wrong: "B" },
    { prompt: "two", correct: "C", wrong: "D" },
  ],
  faders: [fader],
  places: [place],
  dial: {
    betas: [-1, 0, 1],
    correct: [0.1, 0.5, 0.9],
    wrong: [0.8, 0.4, 0.05],
    others: [0.1, 0.1, 0.05],
    delta: [-2, 0, 3],
  },
  comparison: [row],
};

describe("a list of one's own", () => {
  test("is a line for each prompt, with escapes", () => {
    const { prompts, errors } = parseList("A\\nQ: | x | y\n\n  a \\| b \\\\ | x | z | first\r\n");
    expect(errors).toEqual([]);
    expect(prompts).toEqual([
      { text: "A\nQ:", correct: "x", wrong: "y" },
      { text: "a | b \\", correct: "x", wrong: "z", group: "first" },
    ]);
  });

  test("says at each line what is wrong with it", () => {
    const { prompts, errors } = parseList(
      "good | a | b\nno bar\n| a | b\na | b | b\na \\x | b | c\na | b | c | d | e\nend | a | b\\",
    );
    expect(prompts).toHaveLength(1);
    expect(errors.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(errors.map(({ problem }) => problem)).toEqual([
      "1 part, not 3: write prompt | answer | other answer",
      "the prompt is empty",
      'both answers are "b"',
      expect.stringContaining('"\\x" stands for nothing'),
      "5 parts, not 3: write prompt | answer | other answer",
      expect.stringContaining('"\\" stands for nothing'),
    ]);
  });

  test("needs prompts, and answers that can be held out", () => {
    expect(parseList(" \n").errors[0]!.problem).toContain("empty");
    expect(parseList("one | a | b\ntwo | a | b").errors[0]!.problem).toContain("same answers");
    expect(parseList("one | a | b\ntwo | b | a").errors).toEqual([]);
    expect(parseList("one | a | b | g\ntwo | a | b | h").errors).toEqual([]);
  });

  test("reads what it writes", () => {
    const text = fc.string({
      unit: fc.oneof(fc.constantFrom("|", "\\", "\n", "\r", "\t", " "), fc.string()),
      minLength: 1,
    });
    const prompt = fc
      .record({ text, correct: text, wrong: text, group: fc.option(text, { nil: undefined }) })
      .filter(
        ({ correct, wrong, ...rest }) => correct !== wrong && ![correct, wrong, ...Object.values(rest)].includes(""),
      )
      .map(({ group, ...rest }): OwnPrompt => ({ ...rest, ...(group !== undefined && { group }) }));
    fc.assert(
      fc.property(fc.array(prompt), (prompts) => {
        expect(parseList(formatList(prompts)).prompts).toEqual(prompts);
      }),
    );
  });

  test("grows at its end", () => {
    const prompt = { text: "two", correct: "c", wrong: "d" };
    expect(withPrompt(" \n", prompt)).toBe("two | c | d");
    expect(withPrompt("one | a | b\n\n", prompt)).toBe("one | a | b\ntwo | c | d");
  });

  test("comes from the files of the command line, as a list or as lines", () => {
    const prompts = [
      { text: "one", correct: "a", wrong: "b" },
      { text: "two", correct: "c", wrong: "d", group: "g" },
    ];
    expect(readPromptFile("p.json", `\uFEFF${JSON.stringify(prompts, undefined, 1)}`)).toEqual(prompts);
    expect(readPromptFile("p.json", `${prompts.map((prompt) => JSON.stringify(prompt)).join("\n")}\n`)).toEqual(
      prompts,
    );
  });

  test.each([
    ["[", "p.json is not JSON"],
    ['{"text":"a","correct":"b","wrong":"c"}\nnot', "p.json, line 2 is not JSON"],
    ["[]", "p.json holds no prompts"],
    ['[{"text":"a","correct":"b","wrong":"c"},{"text":"a","correct":"b"}]', 'p.json, entry 2 has no "wrong"'],
    ["[7]", "p.json, entry 1 is no prompt"],
    ['[{"text":"a","correct":"b","wrong":"c","group":1}]', '"group" is no text'],
  ])("%s is refused in words", (content, words) => {
    expect(() => readPromptFile("p.json", content)).toThrow(words);
  });
});

describe("the form", () => {
  const sites = ["attn_out", "mlp_out", "resid_post"] as const;

  test("becomes a request", () => {
    expect(requestOf({ ...defaults, minimalityStep: -4 }, sites)).toEqual({
      ...{ task: { kind: "ccc" }, method: "scalars", sites: ["attn_out", "mlp_out"] },
      ...{ faithfulness: 0.5, minimality: 0.25, steps: 200, seed: 0 },
    });
    const own = requestOf({ ...defaults, task: "own", own: "one | a | b\ntwo | c | d" }, sites) as LearnRequest;
    expect(own.task).toMatchObject({ kind: "own", prompts: [{ text: "one" }, { text: "two" }] });
    expect([-4, -1, 0, 1, 4].map(minimalityOf)).toEqual([0.25, 0.71, 1, 1.4, 4]);
  });

  test("says all that is wrong with it, and leaves out sites that the model lacks", () => {
    const wrong = requestOf({ ...defaults, sites: ["z"], steps: Number.NaN, seed: -1, task: "own" }, sites);
    expect((wrong as { problem: string }[]).map(({ problem }) => problem.split(/[ :]/).slice(0, 2).join(" "))).toEqual([
      "The list",
      "No site",
      "The steps",
      "The seed",
    ]);
  });
});

describe("curves", () => {
  test.each([
    [6.6, [0, 2.5, 5, 7.5]],
    [0.3, [0, 0.1, 0.2, 0.3]],
    [0, [0, 0.5, 1]],
    [Number.NaN, [0, 0.5, 1]],
  ])("of up to %s have round ticks", (most, ticks) => {
    const axis = axisTo(most);
    expect(axis.ticks.slice(0, ticks.length)).toEqual(ticks);
    expect(axis.max).toBe(axis.ticks.at(-1));
    if (most > 0) expect(axis.max).toBeGreaterThanOrEqual(most);
  });

  test("of losses go by decades, from a ground where 0 lies too", () => {
    expect(decadesTo(249)).toEqual({ min: -2, max: 3, ticks: [-2, -1, 0, 1, 2, 3] });
    for (const most of [0, 10, Number.NaN]) expect(decadesTo(most).max).toBe(1);
    expect([0, leastShown / 2, 1, 100].map(decadeOf)).toEqual([-2, -2, 0, 2]);
    expect(decadeOf(Number.NaN)).toBeNaN();
  });

  test("never end below what they show", () => {
    const most = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(most, fc.integer({ min: 1, max: 6 }), (value, count) => {
        const { max, ticks } = axisTo(value, count);
        expect(max).toBeGreaterThanOrEqual(value * (1 - 1e-8));
        expect(ticks.length).toBeLessThanOrEqual(count + 2);
      }),
    );
  });

  test("go down where values rise, stay inside, and have gaps", () => {
    const axis = { min: 0, max: 10, ticks: [] };
    expect(pathOf([0, 5, 10], [0, 10, 20], axis, axis)).toBe("M0 100L50 0L100 0");
    expect(pathOf([0, 5, 10], [1, Number.NaN, 2], axis, axis)).toBe("M0 90M100 80");
    expect(percentAlong({ min: -1.5, max: 1.5, ticks: [] }, 0)).toBe(50);
  });

  test("are read between their points, and thinned with both ends", () => {
    expect([-9, 0, 0.25, 1, 9].map((x) => valueAt([0, 1], [2, 4], x))).toEqual([2, 2, 2.5, 4, 4]);
    const many = Array.from({ length: 1001 }, (_, i) => i);
    const few = thinned(many, 100);
    expect(few.length).toBeLessThanOrEqual(100);
    expect([few[0], few.at(-1)]).toEqual([0, 1000]);
    expect(thinned([1, 2], 2)).toEqual([1, 2]);
  });
});

describe("words and rows", () => {
  test("of the comparison stand in columns, some below others", () => {
    const names = rows.columnsOf(row).map((column) => column.map(({ name }) => name));
    expect(names).toEqual([["flipsPlus", "flipsMinus"], ["klOthers"], ["activeParameters"]]);
  });

  test("come from the newest comparison that has them", () => {
    const older = { ...learned, comparison: [row] };
    const newer = { ...learned, comparison: [row, { ...row, handle: "m-2" }] };
    const other = { ...learned, comparison: [{ ...row, handle: "m-3" }] };
    const of = (handle: string) => rows.comparisonWith(handle, [older, newer, other]).map((one) => one.handle);
    expect([of("m-1"), of("m-3"), of("m-9")]).toEqual([["m-1", "m-2"], ["m-3"], []]);
  });

  test("say what to try when nothing flips", () => {
    expect(rows.idleHint(rowWith(0, 1, 1234))).toBeUndefined();
    expect(rows.idleHint(rowWith(Number.NaN, 0, 1234))).toContain("more steps");
    expect(rows.idleHint(rowWith(0, 0, 0))).toBe("Try “Use few numbers” further to the left.");
  });

  test("describe the curves, and speak at every tenth only", () => {
    expect(rows.describeDial(learned.dial)).toContain("at β +1: first answer 90%, second 5%, all others 5%");
    expect(rows.describeLosses([progress, { ...progress, step: 9, effectiveness: 1 }])).toContain(
      "step 1 to 9: effectiveness from 6.00 to 1.00",
    );
    const spoken = Array.from({ length: 20 }, (_, i) => {
      return rows.spokenProgress(
        Array.from({ length: i + 1 }, (_, step) => ({ ...progress, step, activeParameters: step })),
      );
    });
    expect(new Set(spoken).size).toBe(10);
  });

  test("strengths without a sign go up, and stay on the desk", () => {
    const places = [
      { ...place, value: 12 },
      { ...place, layer: 0, position: undefined, value: 6 },
    ];
    expect(rows.stripsWhile("dynamic", places, 2)).toEqual({
      "attn_out/1/2": { alpha: 3 },
      "attn_out/0/0": { alpha: 1.5 },
      "attn_out/0/1": { alpha: 1.5 },
    });
    expect(rows.stripsWhile("scalars", [{ ...place, value: -7 }], 2)).toEqual({ "attn_out/1/2": { alpha: -7 } });
  });
});

describe("learning", async () => {
  const store = await import("../../../playground/src/state/store");
  const { historyOf } = await import("../../../playground/src/desk/history");
  const { emptyDesk } = await import("../../../playground/src/desk/desk");
  const state = await import("../../../playground/src/state/learning");

  const before = {
    ...emptyDesk,
    prompt: "mine",
    answers: { correct: "x", wrong: "y" },
    strips: { "mlp_out/0/0": { alpha: 1 } },
  };

  beforeEach(() => {
    store.model.value = { sites: ["attn_out", "mlp_out"] } as ModelInfo;
    store.status.value = { tasks: [{ name: "ccc", title: "Capitals", question: "Which?" }] } as unknown as EngineStatus;
    store.history.value = historyOf(before);
    store.tokens.value = [{ id: 1, text: "mine" }];
    state.settings.value = defaults;
    engine.examples.mockResolvedValue(learned.examples);
    engine.tokens.mockResolvedValue([{ id: 2, text: "one" }]);
    engine.steer.mockResolvedValue({ outcomes: [] });
    engine.cancelLearning.mockResolvedValue(undefined);
    engine.learn.mockReset();
  });

  test("moves the faders meanwhile, and is one step of the desk in the end", async () => {
    engine.learn.mockImplementation(async (_: LearnRequest, onProgress: (now: LearnProgress) => void) => {
      expect([store.desk.value.prompt, store.tokens.value[0]!.text]).toEqual(["one", "one"]);
      onProgress(progress);
      expect(store.shownStrips.value).toEqual({ "attn_out/1/2": { alpha: 0.5 } });
      return learned;
    });
    await state.learn();
    expect(store.learning.value).toBeUndefined();
    expect(store.desk.value).toMatchObject({
      prompt: "one",
      answers: { correct: "A" },
      strips: { "attn_out/1/2": { alpha: 0.5 } },
    });
    expect([state.isOnDesk.value, state.exampleIndex.value]).toEqual([true, 0]);
    store.undoStep();
    expect(store.desk.value).toEqual(before);
    expect([store.history.value.past.length, state.isOnDesk.value]).toEqual([0, false]);
    state.show("m-1");
    state.showExample(-1);
    expect([store.desk.value.prompt, state.isOnDesk.value]).toEqual(["two", true]);
  });

  test("leaves the desk as it was when it is cancelled, also before it began", async () => {
    engine.learn.mockImplementation(async (_: LearnRequest, onProgress: (now: LearnProgress) => void) => {
      onProgress(progress);
      state.cancel();
      return undefined;
    });
    await state.learn();
    expect(engine.cancelLearning).toHaveBeenCalled();
    expect(store.history.value).toEqual(historyOf(before));
    expect(store.tokens.value).toEqual([{ id: 1, text: "mine" }]);
    const early = state.learn();
    state.cancel();
    await early;
    expect(engine.learn).toHaveBeenCalledTimes(1);
    expect([store.desk.value, store.learning.value]).toEqual([before, undefined]);
  });

  test("carries what faders cannot show", async () => {
    const places = [{ ...place, position: undefined }];
    engine.learn.mockResolvedValue({ ...learned, handle: "m-2", method: "dynamic", faders: [], places });
    state.change({ method: "dynamic" });
    await state.learn();
    const description = "dynamic learned on capitals at attn_out and mlp_out";
    expect(store.desk.value).toMatchObject({
      strips: {},
      carried: { handle: "m-2", method: "dynamic", places, description },
    });
    expect(state.isOnDesk.value).toBe(true);
  });

  test("shows what the engine refuses, and asks nothing for a form that is wrong", async () => {
    engine.examples.mockRejectedValueOnce({ name: "ArgumentError", problem: "ioi: no prompt fits", details: {} });
    await state.learn();
    expect(state.refused.value?.problem).toBe("ioi: no prompt fits");
    expect(store.desk.value).toEqual(before);
    state.change({ sites: [] });
    await state.learn();
    expect(state.formErrors.value).toHaveLength(1);
    state.change({ sites: ["mlp_out"] });
    expect(state.formErrors.value).toEqual([]);
    expect(engine.learn).not.toHaveBeenCalled();
  });

  test("forgets what belongs to another model", async () => {
    engine.learn.mockResolvedValue(learned);
    await state.learn();
    expect(state.lesson.value?.learned.handle).toBe("m-1");
    store.model.value = { sites: ["attn_out"] } as ModelInfo;
    expect([state.lesson.value, state.comparison.value]).toEqual([undefined, []]);
  });
});
