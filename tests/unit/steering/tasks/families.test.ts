import { Command } from "commander";
import { loadModel, type Model } from "fader";
import { Random } from "fader/autograd";
import {
  acrossLengths,
  quickGrid,
  runTrial,
  type Task,
  type TaskFamily,
  type TaskOptions,
  taskFamilies,
  taskId,
  trialId,
  trialsOf,
  unrelatedTexts,
  wordedTask,
} from "fader/steering";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { taskFor, withTask, withWordings } from "../../../../src/cli/task-options";
import { capitalOf, countries } from "../../../../src/steering/tasks/country-facts";
import { assemble } from "../../../../src/steering/tasks/task";
import { message } from "../../../helpers/tiny";

const patterns = { plain: "{capital} is the capital of", asked: "Q: {capital} is the capital of which country?\nA:" };
type Style = keyof typeof patterns;

/** A third task, as its file would declare it: which country has a capital. */
const whichCountry: TaskFamily<"which", "style", Style, TaskOptions & { style?: Style; only?: readonly string[] }> = {
  name: "which",
  summary: "countries of capitals",
  title: "Countries",
  question: "Which country?",
  wording: {
    ...{ option: "style", help: "how it asks", several: "styles" },
    ...{ all: ["plain", "asked"], usual: "asked", trainOn: ["plain"] },
  },
  lists: { only: "countries to ask for" },
  unrelated: [(random) => `${random.pick(countries)}'s capital is`],
  build(model, { seed = 0, testShare = 0.3, style = "asked", only = countries }) {
    const order = new Random(seed).shuffle(only);
    const drafts = order.map((country, i) => ({
      text: patterns[style].replace("{capital}", capitalOf(country)),
      ...{ correct: country, wrong: order[(i + 1) % order.length]!, group: country },
    }));
    const at = Math.round(drafts.length * testShare);
    const sides = { train: drafts.slice(at), test: drafts.slice(0, at) };
    return assemble(model, { name: "which", description: "Which country.", ...sides, splitBy: "countries" });
  },
};

let model: Model;
beforeAll(async () => {
  model = await loadModel();
  (taskFamilies as TaskFamily[]).push(whichCountry as unknown as TaskFamily);
});
afterAll(() => void (taskFamilies as TaskFamily[]).pop());

const lengths = (prompts: Task["train"]) => [...new Set(prompts.map(({ ids }) => ids.length))];

describe("a family that is declared once", () => {
  test("has a task of several lengths", () => {
    const task = acrossLengths(model, "which" as never);
    expect([lengths(task.train), lengths(task.test)]).toEqual([[5], [13]]);
    expect(task.split).toContain("training countries, in 1 wording of 5 tokens");
  });

  test("has texts that do not pose it", () => {
    const texts = unrelatedTexts(model, whichCountry.build(model, {}), { count: 5 });
    expect(texts).toHaveLength(5);
    for (const text of texts) expect(text).toMatch(/'s capital is$/);
  });

  test("is a trial of a sweep", async () => {
    const worded = wordedTask(taskFamilies.at(-1)!);
    expect(worded).toEqual({ name: "which", style: "asked" });
    expect(taskId(worded)).toBe("which-asked");
    const grid = { ...quickGrid, tasks: [worded], seeds: [0], steps: 2 };
    const [scalars, , dynamic] = trialsOf(grid);
    expect(trialId(scalars!)).toBe("which-asked/scalars/attn_out+mlp_out/x1/2/s0");
    const results = [await runTrial(model, scalars!), await runTrial(model, dynamic!)];
    expect(results.map(({ trained }) => trained.lengths)).toEqual([[13], [13]]);
    expect(new Set(results[1]!.newLengths!.length)).toEqual(new Set([5]));
    expect(results[0]!.offTask!.tokens).toHaveLength(64);
    const unknown = () => trialsOf({ ...grid, tasks: [wordedTask(taskFamilies.at(-1)!, "sung")] });
    expect(message(unknown)).toMatchInlineSnapshot(`
      "ArgumentError: sweep: no style "sung"
        Valid: plain, asked."
    `);
  });

  test("is an option of the command line", async () => {
    const command = withWordings(withTask(new Command().exitOverride()));
    command.configureOutput({ writeErr: () => {} });
    const parse = (...args: string[]) => command.parse(["--task", "which", ...args], { from: "user" }).opts() as never;
    const help = command.helpInformation();
    for (const part of ["which: countries of capitals", "--style <name>", "--styles <list>", "--only <list>"]) {
      expect(help.replace(/\s+/g, " ")).toContain(part);
    }
    const few = await taskFor(model, parse("--style", "plain", "--only", "Peru,Chile,Poland"));
    expect(lengths(few.train)).toEqual([5]);
    expect(few.train.length + few.test.length).toBe(3);
    expect(() => parse("--style", "sung")).toThrow('no style "sung". Valid: plain, asked.');
    const across = await taskFor(model, parse("--styles", "asked"));
    expect(lengths(across.train)).toEqual([13]);
  });
});
