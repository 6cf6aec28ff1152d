import { type Tensor, tensor } from "../../autograd";
import { count, fixed, percent, probability } from "../../text/numbers";
import type { LearnedIntervention } from "../learn/learned";
import { klOthers, logitDiff } from "../learn/objective";
import type { Prompt } from "../tasks/task";

/**
 * The table of measures. One entry here is all that a measure needs: `evaluate`, `compare`, the columns and the summary
 * of a sweep, its tables in the terminal and in the report, and the playground's comparison go through it.
 */

/** How a kind of number is written. */
export interface NumberFormat {
  /** For a text table. */
  text(value: number): string;
  /** For a text table of 80 columns with intervals. */
  narrow(value: number): string;
  /** For the report. */
  report(value: number): string;
}

/** Where measures stand side by side: `compare`, the summary of a sweep, its report, the playground. */
export type MeasureTable = "compare" | "sweep" | "report" | "playground";

interface Shown {
  /** Heading in text tables, and in those of 80 columns with intervals. */
  readonly label: string;
  readonly narrowLabel?: string;
  /** Heading in the report, where there is room. Default: the label with a capital. */
  readonly title?: string;
  /** In a sentence, for who asks. */
  readonly says?: string;
  /** In the playground, where there is little room: stands below the measure before it. */
  readonly isBelow?: true;
  readonly format: NumberFormat;
  /** Absent: neither. */
  readonly better?: "higher" | "lower";
  /** Default: every one. */
  readonly tables?: readonly MeasureTable[];
}

/** Logits of a batch at β = −1, 0 and +1, `[prompts, vocab_size]`, and log-probabilities of all but the two answers. */
export interface PromptPasses {
  readonly prompts: readonly Prompt[];
  readonly minus: Tensor;
  readonly clean: Tensor;
  readonly plus: Tensor;
  readonly others: { readonly minus: Tensor; readonly clean: Tensor; readonly plus: Tensor };
}

/** Over prompts, read off the logits: one number for each. Kept as a column of a sweep's results. */
interface ReadFromLogits extends Shown {
  readonly over: "prompt";
  readonly read: (passes: PromptPasses) => readonly number[];
}

/** Over prompts, from what was read; `undefined` where a prompt does not count. */
interface OfPrompt extends Shown {
  readonly over: "prompt";
  readonly of: (row: PromptRow) => number | undefined;
}

/** Over the tokens of texts off the task, in nats per token. */
interface OfText extends Shown {
  readonly over: "text";
  readonly of: (row: TextRow) => number;
}

/** Once for each learned intervention. */
interface OfRun extends Shown {
  readonly over: "run";
  readonly of: (learned: LearnedIntervention) => number;
}

const share: NumberFormat = {
  text: (value) => percent(value),
  narrow: (value) => percent(value),
  report: (value) => probability(value).replace(".0%", "%"),
};
const logits: NumberFormat = decimals(1);
const nats: NumberFormat = { ...decimals(3), narrow: (value) => fixed(value, 2) };
const smallNats: NumberFormat = decimals(3);
/** Of a difference of negative log-likelihoods: the ratio of perplexities. */
const factor: NumberFormat = same((value) => `× ${fixed(Math.exp(value), 3)}`);
const whole: NumberFormat = {
  text: (value) => value.toFixed(0),
  // Every digit up to a hundred thousand, then `1.2e+6`.
  narrow: (value) => (value < 99_999.5 ? value.toFixed(0) : value.toPrecision(2)),
  report: (value) => count(Math.round(value)),
};

const read = {
  /** Share of all prompts where the intended answer is the most likely token of the whole vocabulary, at β = +1. */
  topPlus: {
    over: "prompt",
    label: "top β=+1",
    format: share,
    better: "higher",
    tables: [],
    read: ({ plus, prompts }) => numbers(plus.argmax()).map((best, i) => Number(best === prompts[i]!.correct)),
  },
  /** Share of all prompts where `wrong` is the most likely token of the whole vocabulary, at β = −1. */
  topMinus: {
    over: "prompt",
    label: "top β=−1",
    format: share,
    better: "higher",
    tables: [],
    read: ({ minus, prompts }) => numbers(minus.argmax()).map((best, i) => Number(best === prompts[i]!.wrong)),
  },
  /** Mean Δ at β = −1. */
  deltaMinus: {
    over: "prompt",
    label: "Δ at β=−1",
    format: logits,
    better: "lower",
    tables: ["compare"],
    read: ({ minus, prompts }) => numbers(logitDiff(minus, prompts)),
  },
  /** Mean Δ at β = 0. */
  deltaClean: {
    over: "prompt",
    label: "Δ at β=0",
    format: logits,
    tables: ["compare"],
    read: ({ clean, prompts }) => numbers(logitDiff(clean, prompts)),
  },
  /** Mean Δ at β = +1. */
  deltaPlus: {
    over: "prompt",
    label: "Δ at β=+1",
    format: logits,
    better: "higher",
    tables: ["compare"],
    read: ({ plus, prompts }) => numbers(logitDiff(plus, prompts)),
  },
  /** Faithfulness: KL over the other tokens, renormalised, in nats; mean over β = ±1. */
  klOthers: {
    over: "prompt",
    label: "kl-others",
    says: "How much other tokens are disturbed: KL over all but the answers, nats",
    title: "KL, other tokens",
    format: nats,
    better: "lower",
    read: ({ prompts, clean, minus, plus }) =>
      meanOfBoth(numbers(klOthers(clean, minus, prompts)), numbers(klOthers(clean, plus, prompts))),
  },
  /** Total-variation distance over the other tokens, renormalised; mean over β = ±1. */
  totalVariation: {
    over: "prompt",
    label: "TV",
    title: "Total variation",
    format: nats,
    better: "lower",
    tables: ["compare", "report"],
    read: ({ others: { clean, minus, plus } }) => {
      const distance = (edited: Tensor) => numbers(clean.exp().sub(edited.exp()).abs().sum(1).mul(0.5));
      return meanOfBoth(distance(minus), distance(plus));
    },
  },
  /** Share of prompts whose most likely other token is unchanged; half where it is so in one direction. */
  bestOtherKept: {
    over: "prompt",
    label: "best other kept",
    says: "How often the likeliest other token stays the same",
    narrowLabel: "best kept",
    format: share,
    better: "higher",
    read: ({ others: { clean, minus, plus } }) => {
      const best = numbers(clean.argmax());
      const isKept = (edited: Tensor) => numbers(edited.argmax()).map((id, i) => Number(id === best[i]));
      return meanOfBoth(isKept(minus), isKept(plus));
    },
  },
  /** Probability of all tokens but the two answers, without intervention. */
  others: {
    over: "prompt",
    label: "others",
    title: "Other tokens",
    format: share,
    tables: [],
    read: ({ clean, prompts }) => {
      const answers = prompts.flatMap(({ correct, wrong }) => [correct, wrong]);
      const ids = tensor(answers, { dtype: "i32", shape: [prompts.length, 2] });
      return numbers(clean.softmax().gather(ids, 1).sum(1)).map((answered) => Math.max(0, 1 - answered));
    },
  },
} as const satisfies Record<string, ReadFromLogits>;

/** The readings of one prompt, taken from its logits. Shares are between 0 and 1, Δ in logits, KL in nats. */
export type PromptRow = { readonly [Name in keyof typeof read]: number };

const counted = {
  /** Share of all prompts whose answer the β against it turns: +1 where `wrong` led, −1 where `correct` did. */
  flips: {
    over: "prompt",
    label: "flips",
    format: share,
    better: "higher",
    tables: [],
    of: ({ deltaMinus, deltaClean, deltaPlus }) => Number(deltaClean > 0 ? deltaMinus < 0 : deltaPlus > 0),
  },
  /** Share of the prompts that answered `wrong` and answer `correct` at β = +1. */
  flipsPlus: {
    over: "prompt",
    label: "flips β=+1",
    says: "Share of the answers that flip at β = +1, and below at β = −1",
    format: share,
    better: "higher",
    of: ({ deltaClean, deltaPlus }) => (deltaClean <= 0 ? Number(deltaPlus > 0) : undefined),
  },
  /** Share of the prompts that answered `correct` and answer `wrong` at β = −1. */
  flipsMinus: {
    over: "prompt",
    label: "flips β=−1",
    isBelow: true,
    format: share,
    better: "higher",
    of: ({ deltaClean, deltaMinus }) => (deltaClean >= 0 ? Number(deltaMinus < 0) : undefined),
  },
  /** Share of all prompts with Δ > 0 at β = +1. */
  winsPlus: {
    over: "prompt",
    label: "wins β=+1",
    format: share,
    better: "higher",
    tables: [],
    of: ({ deltaPlus }) => Number(deltaPlus > 0),
  },
  /** Share of all prompts with Δ < 0 at β = −1. */
  winsMinus: {
    over: "prompt",
    label: "wins β=−1",
    format: share,
    better: "higher",
    tables: [],
    of: ({ deltaMinus }) => Number(deltaMinus < 0),
  },
} as const satisfies Record<string, OfPrompt>;

/** One text off the task: KL(clean ‖ steered) of the next token, and negative log-likelihoods; nats per token. */
export interface TextRow {
  readonly klMinus: number;
  readonly klPlus: number;
  readonly nllMinus: number;
  readonly nllClean: number;
  readonly nllPlus: number;
}

const offTask = {
  /** KL on texts off the task, mean over β = ±1. */
  klOffTask: {
    over: "text",
    label: "off-task",
    title: "KL off task",
    format: smallNats,
    better: "lower",
    of: ({ klMinus, klPlus }) => (klMinus + klPlus) / 2,
  },
  /** KL on texts off the task at β = −1. */
  klOffTaskMinus: {
    over: "text",
    label: "off-task β=−1",
    title: "KL off task, β = −1",
    format: smallNats,
    better: "lower",
    tables: [],
    of: ({ klMinus }) => klMinus,
  },
  /** KL on texts off the task at β = +1. */
  klOffTaskPlus: {
    over: "text",
    label: "off-task β=+1",
    title: "KL off task, β = +1",
    format: smallNats,
    better: "lower",
    tables: [],
    of: ({ klPlus }) => klPlus,
  },
  /** How much less likely texts off the task become; e to it is by what factor perplexity grows. Mean over β = ±1. */
  nllOffTask: {
    over: "text",
    label: "perplexity",
    title: "Perplexity off task",
    format: factor,
    better: "lower",
    tables: ["report"],
    of: ({ nllMinus, nllClean, nllPlus }) => (nllMinus + nllPlus) / 2 - nllClean,
  },
} as const satisfies Record<string, OfText>;

const sizes = {
  /** Learned numbers that are not 0. */
  activeParameters: {
    over: "run",
    label: "parameters",
    says: "Numbers that are not 0, and below the places they act at",
    title: "Active parameters",
    format: whole,
    better: "lower",
    of: (learned) => learned.activeParameters,
  },
  /** Places with one of them. */
  activeLocations: {
    over: "run",
    label: "places",
    isBelow: true,
    title: "Active places",
    format: whole,
    better: "lower",
    of: (learned) => learned.activeLocations().length,
  },
  /** Sum of their sizes. */
  l1: {
    over: "run",
    label: "ℓ1",
    format: logits,
    better: "lower",
    tables: ["compare"],
    of: (learned) => learned.l1,
  },
} as const satisfies Record<string, OfRun>;

export const promptMeasures = { ...counted, ...read };
export const textMeasures = offTask;
export const runMeasures = sizes;
export const measures = { ...counted, ...read, ...offTask, ...sizes };

export type PromptMeasureName = keyof typeof promptMeasures;
export type TextMeasureName = keyof typeof textMeasures;
export type RunMeasureName = keyof typeof runMeasures;
/** The name of a measure. */
export type MeasureName = keyof typeof measures;

export const promptMeasureNames = namesOf(promptMeasures);
export const textMeasureNames = namesOf(textMeasures);
export const runMeasureNames = namesOf(runMeasures);
export const measureNames = namesOf(measures);
/** The names of the readings. */
export const readNames = namesOf(read);

/** A measure as tables show it. */
export interface MeasureColumn extends Shown {
  readonly name: MeasureName;
  readonly over: "prompt" | "text" | "run";
  readonly title: string;
}

/** Returns how tables show a measure. */
export function columnOf(name: MeasureName): MeasureColumn {
  const measure: Shown & Pick<MeasureColumn, "over"> = measures[name];
  const { label, title = label[0]!.toUpperCase() + label.slice(1).replace("=", " = ") } = measure;
  return { ...measure, name, title };
}

/** The measures that stand in a table, in its order. */
export function measuresIn(table: MeasureTable): MeasureColumn[] {
  // `compare` and the playground measure no texts off the task.
  const hasTexts = table === "sweep" || table === "report";
  return measureNames
    .map(columnOf)
    .filter(({ tables, over }) => (tables?.includes(table) ?? true) && (hasTexts || over !== "text"));
}

/** Reads every prompt of a batch. */
export function readRows(passes: PromptPasses): PromptRow[] {
  const columns = readNames.map((name) => [name, read[name].read(passes)] as const);
  return passes.prompts.map(
    (_, row) => Object.fromEntries(columns.map(([name, values]) => [name, values[row]])) as PromptRow,
  );
}

/** The value of a measure on one prompt; `undefined` where the prompt does not count, or the measure was never read. */
export function valueOnPrompt(name: PromptMeasureName, row: PromptRow): number | undefined {
  const measure: OfPrompt | ReadFromLogits = promptMeasures[name];
  return "of" in measure ? measure.of(row) : row[name as keyof PromptRow];
}

/** The measures of a learned intervention that need no prompts. */
export function measureRun(learned: LearnedIntervention): Record<RunMeasureName, number> {
  return Object.fromEntries(runMeasureNames.map((name) => [name, runMeasures[name].of(learned)])) as Record<
    RunMeasureName,
    number
  >;
}

function decimals(digits: number): NumberFormat {
  return same((value) => fixed(value, digits));
}

function same(text: (value: number) => string): NumberFormat {
  return { text, narrow: text, report: text };
}

function namesOf<Table extends object>(table: Table): readonly (keyof Table)[] {
  return Object.keys(table) as (keyof Table)[];
}

function numbers(x: Tensor): number[] {
  return [...x.toTypedArray()];
}

function meanOfBoth(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, i) => (value + b[i]!) / 2);
}
