import type { Site } from "../../nn";
import type { Kind } from "../learn/kinds";
import type { MeasureName } from "../measure/measures";
import { paretoFront } from "../statistics";
import { taskId, type WordedTask } from "../tasks/registry";
import { promptGroups, textGroups } from "./groups";
import { type MeasureIntervals, measureIntervals } from "./intervals";
import { minimalityOf, type TrialResult } from "./run-trial";
import { cellId, type Grid, trialsOf } from "./trials";

/** A trial that could not be learned, and why: it stays out of all means. */
export interface FailedTrial {
  readonly id: string;
  readonly problem: string;
}

/** All seeds of one method with one setting. */
export interface Cell {
  readonly id: string;
  readonly task: WordedTask;
  readonly method: Kind;
  readonly sites: readonly Site[];
  /** λ_M as a multiple of the method's default, and itself. */
  readonly minimality: number;
  readonly weight: number;
  readonly seeds: readonly number[];
  readonly prompts: number;
  /** Tokens of the held-out prompts. */
  readonly lengths: readonly number[];
  /** NaN where nothing was measured. */
  readonly measures: MeasureIntervals;
  /** Share of the edited places that lie within the texts off the task: below 1 some edits meet no token there. */
  readonly coveredOffTask?: number;
  /** On prompts of lengths that it was not learned on; its measures off the task are NaN. */
  readonly newLengths?: { readonly lengths: readonly number[]; readonly measures: MeasureIntervals };
}

/** The results of a sweep on one task. */
export interface TaskSummary {
  readonly task: WordedTask;
  readonly id: string;
  /** How train and held-out prompts of the first seed differ. */
  readonly split: string;
  readonly cells: readonly Cell[];
  /** Ids of cells that no other beats in both: flips and few active parameters; flips and little kl-others. */
  readonly pareto: { readonly parameters: readonly string[]; readonly klOthers: readonly string[] };
}

/** The summary of a sweep: `summary.json`. */
export interface Summary {
  readonly tasks: readonly TaskSummary[];
  readonly failed: readonly FailedTrial[];
}

/** Means and 95% intervals of every cell of the grid, from whatever trials have results. */
export function summarize(grid: Grid, results: readonly TrialResult[], failed: readonly FailedTrial[] = []): Summary {
  const ids = [...new Set(trialsOf(grid).map(cellId))];
  const cells = ids.flatMap((id) => {
    const own = results.filter(({ trial }) => cellId(trial) === id);
    return own.length > 0 ? [cellOf(own)] : [];
  });
  const tasks = grid.tasks.flatMap((task) => {
    const own = cells.filter((cell) => taskId(cell.task) === taskId(task));
    if (own.length === 0) return [];
    const { split } = results.find(
      ({ trial }) => trial.method === own[0]!.method && taskId(trial.task) === taskId(task),
    )!;
    const front = (cost: MeasureName) =>
      paretoFront(own, ({ measures }) => ({ gain: measures.flips.value, cost: measures[cost].value })).map(
        ({ id }) => id,
      );
    return [
      {
        task,
        id: taskId(task),
        split,
        cells: own,
        pareto: { parameters: front("activeParameters"), klOthers: front("klOthers") },
      },
    ];
  });
  return { tasks, failed };
}

function cellOf(results: readonly TrialResult[]): Cell {
  const { task, method, sites, minimality } = results[0]!.trial;
  const fresh = results.flatMap((result) => (result.newLengths ? [promptGroups(result, result.newLengths)] : []));
  const texts = results.map(textGroups).filter((groups) => groups.length > 0);
  const covered = results.flatMap(({ offTask }) => (offTask ? [offTask.covered] : []));
  return {
    id: cellId(results[0]!.trial),
    task,
    method,
    sites,
    minimality,
    weight: minimalityOf({ method, minimality }),
    seeds: results.map(({ trial }) => trial.seed),
    prompts: results[0]!.held.group.length,
    lengths: distinct(results.flatMap(({ held }) => held.length)),
    measures: measureIntervals(
      results.map((result) => promptGroups(result)),
      texts,
    ),
    ...(covered.length > 0 && { coveredOffTask: covered.reduce((a, b) => a + b) / covered.length }),
    ...(fresh.length > 0 && {
      newLengths: {
        lengths: distinct(results.flatMap(({ newLengths }) => newLengths?.length ?? [])),
        measures: measureIntervals(fresh),
      },
    }),
  };
}

function distinct(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
