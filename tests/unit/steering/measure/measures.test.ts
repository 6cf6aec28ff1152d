import { fingerprint } from "fader/nn";
import {
  checkClaims,
  columnOf,
  compare,
  evaluate,
  type MeasureName,
  measuresIn,
  printSummary,
  quickGrid,
  summarize,
  trialsOf,
} from "fader/steering";
import { describe, expect, test } from "vitest";
import { settingsTable } from "../../../../src/report/tables";
import { measureColumns } from "../../../../src/steering/measure/columns";
import { measures, readNames } from "../../../../src/steering/measure/measures";
import { promptGroups } from "../../../../src/steering/sweep/groups";
import { measureIntervals } from "../../../../src/steering/sweep/intervals";
import { made } from "../../../helpers/sweep";
import { fakePrompts, madeUp } from "../../../helpers/task";
import { tinyModel } from "../../../helpers/tiny";

const model = tinyModel();
const { scalars } = madeUp(model, fingerprint(model));
const prompts = fakePrompts(40, 2);
const names = Object.keys(measures) as MeasureName[];
const over = (...kinds: string[]) => names.filter((name) => kinds.includes(measures[name].over));
const labels = (table: Parameters<typeof measuresIn>[0]) => measuresIn(table).map(({ label }) => label);

describe("the table of measures", () => {
  test("is what evaluate measures, but for texts off the task", () => {
    const metrics = evaluate(model, prompts, scalars);
    expect(Object.keys(metrics).sort()).toEqual(["prompts", ...over("prompt", "run")].sort());
  });

  test("is what compare prints, but for what says that it stands elsewhere", () => {
    const { columns, rows } = compare(model, prompts, { scalars }).table();
    const shown = over("prompt", "run").map(columnOf);
    const own = shown.filter(({ tables }) => tables === undefined || tables.includes("compare"));
    expect(columns).toEqual(["", ...own.map(({ label }) => label)]);
    const metrics = evaluate(model, prompts, scalars);
    expect(rows[0]!.slice(1)).toEqual(
      own.map(({ name, format }) => format.text(metrics[name as keyof typeof metrics])),
    );
  });

  test("is read into the columns of a sweep, which have the means of evaluate", () => {
    const held = measureColumns(model, prompts, scalars);
    expect(Object.keys(held)).toEqual(["group", "length", ...readNames]);
    const metrics = evaluate(model, prompts, scalars);
    const { activeParameters, activeLocations, l1 } = metrics;
    const intervals = measureIntervals([promptGroups({ activeParameters, activeLocations, l1, held })]);
    expect(Object.keys(intervals).sort()).toEqual([...names].sort());
    for (const name of over("prompt", "run")) {
      expect(intervals[name].value, name).toBeCloseTo(metrics[name as keyof typeof metrics], 4);
    }
  });

  test("is in the summary of a sweep, its text and its report", () => {
    const results = trialsOf(quickGrid).map((trial) => made(trial, { klOffTask: 0.1 }));
    const summary = summarize(quickGrid, results);
    const [task] = summary.tasks;
    for (const { measures: intervals } of task!.cells) {
      for (const name of names) expect(intervals[name], name).toBeDefined();
    }
    const text = printSummary(summary, checkClaims(quickGrid, results));
    for (const { label, narrowLabel = label } of measuresIn("sweep")) expect(text).toContain(narrowLabel);
    const { columns } = settingsTable(task!)!;
    expect(columns.slice(3)).toEqual(measuresIn("report").map(({ title }) => title));
  });

  test("has one heading for each measure", () => {
    for (const table of ["compare", "sweep", "report", "playground"] as const) {
      expect(new Set(labels(table)).size, table).toBe(labels(table).length);
      expect(labels(table).length, table).toBeGreaterThan(5);
    }
  });

  test("may have measures that saved results are older than: they are not a number there, the others are as before", () => {
    const results = trialsOf(quickGrid).map((trial) => made(trial));
    const older = results.map((result) => {
      const { topPlus: _, ...held } = result.held;
      return { ...result, held } as typeof result;
    });
    const [now, before] = [results, older].map((list) => summarize(quickGrid, list).tasks[0]!.cells[0]!.measures);
    expect(before!.topPlus.value).toBeNaN();
    expect({ ...before!, topPlus: 0 }).toEqual({ ...now!, topPlus: 0 });
  });
});
