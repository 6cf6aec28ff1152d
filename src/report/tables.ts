import { ArgumentError, NumericsError } from "../autograd";
import type { Model } from "../nn";
import {
  type BaselineName,
  baselines,
  type Cell,
  columnOf,
  type LearnedIntervention,
  type MeasureColumn,
  measureHeldOut,
  measuresIn,
  type TaskSummary,
} from "../steering";
import { textMeasureNames } from "../steering/measure/measures";
import { percent, withInterval } from "../text/numbers";
import type { TableData } from "./data";
import type { SeedRun } from "./describe-task";

const baselineColumns = (
  ["flips", "flipsPlus", "flipsMinus", "klOthers", "activeParameters", "klOffTask"] as const
).map(columnOf);

/** Lists every cell of a task with its intervals. */
export function settingsTable({ cells, split }: TaskSummary): TableData {
  const shown = measuresIn("report");
  const rows = cells.flatMap((cell) => {
    const own = [...settingOf(cell), ...cellsOf(shown, cell.measures)];
    if (cell.newLengths === undefined) return [own];
    const { lengths, measures } = cell.newLengths;
    const fresh = [`${cell.method}, new lengths`, own[1]!, tokens(lengths), ...cellsOf(shown, measures)];
    return [own, fresh];
  });
  const seeds = Math.max(...cells.map((cell) => cell.seeds.length));
  const first = cells[0]!;
  return {
    id: "table",
    title: "All settings",
    columns: ["Method", "Sites", "Penalty", ...titles(shown)],
    rows,
    note:
      `${split}; ${first.prompts} held-out prompts of ${tokens(first.lengths)}. Mean over ${seeds} ` +
      `${seeds === 1 ? "seed" : "seeds"} [95% interval, bootstrap of seeds and of groups of prompts]. ` +
      "–: no prompt that could be flipped. Off task: texts that have nothing to do with the task, nats per token, and by " +
      "what factor perplexity grows.",
  };
}

/** Lists what every cell does off the task; undefined where no trial measured it. */
export function harmTable({ cells }: TaskSummary): TableData | undefined {
  const shown = textMeasureNames.map(columnOf);
  const rows = cells.flatMap((cell) => {
    const { coveredOffTask } = cell;
    if (coveredOffTask === undefined) return [];
    return [[...settingOf(cell), ...cellsOf(shown, cell.measures), percent(coveredOffTask, 1).replace(".0%", "%")]];
  });
  if (rows.length === 0) return undefined;
  return {
    id: "harm",
    title: "Harm off the task",
    columns: ["Method", "Sites", "Penalty", ...titles(shown), "Edits that meet a token"],
    rows,
    note:
      "On texts that have nothing to do with the task: KL(clean ‖ steered) of the next token in nats per token, and by " +
      "what factor perplexity grows (geometric mean of both directions). [95% interval, bootstrap of seeds and of texts]. " +
      "What is tied to positions edits whatever token stands there, where there is one.",
  };
}

/** Measures what was learned and every baseline on the same held-out prompts. A baseline that cannot be made says why. */
export async function baselinesTable(
  model: Model,
  { seed, task, learned }: SeedRun,
  steps: number,
  onStep: (what: string) => void,
): Promise<TableData> {
  const row = (name: string, one: LearnedIntervention) => [
    name,
    ...cellsOf(baselineColumns, measureHeldOut(model, task, one, { seed }), true),
  ];
  const rows = Object.entries(learned).map(([name, one]) => row(name, one));
  const failed: string[] = [];
  const { scalars, vectors } = learned;
  for (const name of Object.keys(baselines) as BaselineName[]) {
    onStep(`${task.name}: baseline ${name}`);
    try {
      rows.push(row(name, await baselines[name](model, task, { seed, scalars, vectors, learn: { steps } })));
    } catch (error) {
      if (!(error instanceof ArgumentError || error instanceof NumericsError)) throw error;
      failed.push(` ${name} cannot be made here: ${error.problem}.`);
    }
  }
  return {
    id: "baselines",
    title: "Baselines",
    columns: ["Intervention", ...titles(baselineColumns)],
    rows,
    note:
      `Made from the training prompts of seed ${seed}, learners with at most ${steps} updates; measured on its ` +
      `${task.test.length} held-out prompts [95% interval, bootstrap of groups of prompts, off the task of texts]. ` +
      "–: no prompt that could be flipped." +
      failed.join(""),
  };
}

function titles(columns: readonly MeasureColumn[]): string[] {
  return columns.map(({ title }) => title);
}

/** Means with their intervals; what is counted once for an intervention has none where there is but one. */
function cellsOf(columns: readonly MeasureColumn[], measures: Cell["measures"], isOne = false): string[] {
  return columns.map(({ name, over, format }) =>
    isOne && over === "run" ? format.report(measures[name].value) : withInterval(measures[name], format.report),
  );
}

function settingOf({ method, sites, weight }: Cell): string[] {
  return [method, sites.join("+"), `λ ${weight}`];
}

function tokens(lengths: readonly number[]): string {
  return `${lengths.length === 1 ? lengths[0] : `${lengths[0]}–${lengths.at(-1)}`} tokens`;
}
