import type { ReportData } from "../report";
import { count, fixed, percent } from "../report/text";
import type { Cell, Interval, TaskSummary } from "../steering";

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

/** What every cell does off the task, for the report; undefined where no trial measured it. */
export function harmTable({ cells }: TaskSummary): ReportData["table"] | undefined {
  const rows = cells.flatMap(({ method, sites, weight, measures, coveredOffTask }) => {
    if (coveredOffTask === undefined) return [];
    const { klOffTask, klOffTaskMinus, klOffTaskPlus, nllOffTask } = measures;
    return [
      [
        ...[method, sites.join("+"), `λ ${weight}`],
        ...[klOffTask, klOffTaskMinus, klOffTaskPlus].map((interval) => show(interval, three)),
        show(nllOffTask, factor),
        share(coveredOffTask),
      ],
    ];
  });
  if (rows.length === 0) return undefined;
  return {
    columns: [
      ...[
        "Method",
        "Sites",
        "Penalty",
        "KL, both",
        "KL, β = −1",
        "KL, β = +1",
        "Perplexity",
        "Edits that meet a token",
      ],
    ],
    rows,
    note:
      "On texts that have nothing to do with the task: KL(clean ‖ steered) of the next token in nats per token, and by " +
      "what factor perplexity grows (geometric mean of both directions). [95% interval, bootstrap of seeds and of texts]. " +
      "What is tied to positions edits whatever token stands there, where there is one.",
  };
}

/** A mean with its interval; a dash where nothing was measured. */
export function show({ value, low, high }: Interval, one: (value: number) => string): string {
  return Number.isNaN(value) ? "–" : `${one(value)} [${one(low)}, ${one(high)}]`;
}

export const share = (value: number) => percent(value).replace(".0%", "%");
export const three = (value: number) => fixed(value, 3);
export const whole = (value: number) => count(Math.round(value));
/** Of a difference of negative log-likelihoods: the ratio of perplexities. */
const factor = (value: number) => `× ${fixed(Math.exp(value), 3)}`;

function measureCells(measures: Cell["measures"]): string[] {
  const { flipsPlus, flipsMinus, klOthers, totalVariation, bestOtherKept, activeParameters, activeLocations } =
    measures;
  const { klOffTask, nllOffTask } = measures;
  return [
    ...[flipsPlus, flipsMinus].map((interval) => show(interval, share)),
    ...[klOthers, totalVariation].map((interval) => show(interval, three)),
    show(bestOtherKept, share),
    ...[activeParameters, activeLocations].map((interval) => show(interval, whole)),
    show(klOffTask, three),
    show(nllOffTask, factor),
  ];
}

function tokens(lengths: readonly number[]): string {
  return `${lengths.length === 1 ? lengths[0] : `${lengths[0]}–${lengths.at(-1)}`} tokens`;
}
