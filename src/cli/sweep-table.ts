import type { Cell, Interval, TaskSummary } from "../steering";
import type { ReportData } from "./report";
import { count, fixed, percent } from "./report/text";

/** Every cell of a task with its intervals, for the report. */
export function settingsTable({ cells, split }: TaskSummary): ReportData["table"] {
  const rows = cells.flatMap((cell) => {
    const setting = [cell.method, cell.sites.join("+"), `λ ${cell.weight}`];
    const own = [...setting, ...measureCells(cell.measures)];
    if (cell.newLengths === undefined) return [own];
    const { lengths, measures } = cell.newLengths;
    return [own, [`${cell.method}, new lengths`, setting[1]!, tokens(lengths), ...measureCells(measures)]];
  });
  const seeds = Math.max(...cells.map((cell) => cell.seeds.length));
  const first = cells[0]!;
  return {
    columns: [
      ...["Method", "Sites", "Penalty", "Flips β = +1", "Flips β = −1", "KL, other tokens", "Total variation"],
      ...["Best other kept", "Active parameters", "Active places", "KL off task", "Perplexity off task"],
    ],
    rows,
    note:
      `${split}; ${first.prompts} held-out prompts of ${tokens(first.lengths)}. Mean over ${seeds} ` +
      `${seeds === 1 ? "seed" : "seeds"} [95% interval, bootstrap of seeds and of groups of prompts]. ` +
      "–: no prompt that could be flipped. Off task: texts that have nothing to do with the task, nats per token, and by " +
      "what factor perplexity grows.",
  };
}

function measureCells(measures: Cell["measures"]): string[] {
  const share = (value: number) => percent(value).replace(".0%", "%");
  const show = ({ value, low, high }: Interval, one: (value: number) => string) =>
    Number.isNaN(value) ? "–" : `${one(value)} [${one(low)}, ${one(high)}]`;
  const { flipsPlus, flipsMinus, klOthers, totalVariation, bestOtherKept, activeParameters, activeLocations } =
    measures;
  const { klOffTask, nllOffTask } = measures;
  const three = (value: number) => fixed(value, 3);
  const whole = (value: number) => count(Math.round(value));
  return [
    ...[flipsPlus, flipsMinus].map((interval) => show(interval, share)),
    ...[klOthers, totalVariation].map((interval) => show(interval, three)),
    show(bestOtherKept, share),
    ...[activeParameters, activeLocations].map((interval) => show(interval, whole)),
    show(klOffTask, three),
    show(nllOffTask, (value) => `× ${fixed(Math.exp(value), 3)}`),
  ];
}

function tokens(lengths: readonly number[]): string {
  return `${lengths.length === 1 ? lengths[0] : `${lengths[0]}–${lengths.at(-1)}`} tokens`;
}
