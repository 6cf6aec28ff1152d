import type { ReportData } from "../report";
import { type Cell, columnOf, measuresIn, type TaskSummary, textMeasureNames } from "../steering";
import { percent, withInterval } from "../text/numbers";

const settingColumns = ["Method", "Sites", "Penalty"];

/** Every cell of a task with its intervals, for the report. */
export function settingsTable({ cells, split }: TaskSummary): ReportData["table"] {
  const shown = measuresIn("report");
  const show = (measures: Cell["measures"]) =>
    shown.map(({ name, format }) => withInterval(measures[name], format.report));
  const rows = cells.flatMap((cell) => {
    const sites = cell.sites.join("+");
    const own = [cell.method, sites, `λ ${cell.weight}`, ...show(cell.measures)];
    if (cell.newLengths === undefined) return [own];
    const { lengths, measures } = cell.newLengths;
    return [own, [`${cell.method}, new lengths`, sites, tokens(lengths), ...show(measures)]];
  });
  const seeds = Math.max(...cells.map((cell) => cell.seeds.length));
  const first = cells[0]!;
  return {
    columns: [...settingColumns, ...shown.map(({ title }) => title)],
    rows,
    note:
      `${split}; ${first.prompts} held-out prompts of ${tokens(first.lengths)}. Mean over ${seeds} ` +
      `${seeds === 1 ? "seed" : "seeds"} [95% interval, bootstrap of seeds and of groups of prompts]. ` +
      "–: no prompt that could be flipped. Off task: texts that have nothing to do with the task, nats per token, and by " +
      "what factor perplexity grows.",
  };
}

/** What every cell does off the task, for the report; undefined where no trial measured it. */
export function harmTable({ cells }: TaskSummary): ReportData["table"] | undefined {
  const shown = textMeasureNames.map(columnOf);
  const rows = cells.flatMap(({ method, sites, weight, measures, coveredOffTask }) => {
    if (coveredOffTask === undefined) return [];
    const values = shown.map(({ name, format }) => withInterval(measures[name], format.report));
    return [[method, sites.join("+"), `λ ${weight}`, ...values, percent(coveredOffTask, 1).replace(".0%", "%")]];
  });
  if (rows.length === 0) return undefined;
  return {
    columns: [...settingColumns, ...shown.map(({ title }) => title), "Edits that meet a token"],
    rows,
    note:
      "On texts that have nothing to do with the task: KL(clean ‖ steered) of the next token in nats per token, and by " +
      "what factor perplexity grows (geometric mean of both directions). [95% interval, bootstrap of seeds and of texts]. " +
      "What is tied to positions edits whatever token stands there, where there is one.",
  };
}

function tokens(lengths: readonly number[]): string {
  return `${lengths.length === 1 ? lengths[0] : `${lengths[0]}–${lengths.at(-1)}`} tokens`;
}
