import { ArgumentError } from "../../autograd";
import type { Model, Site } from "../../nn";
import { acrossLengths, wordings } from "../across-lengths";
import { countryCapitals } from "../country-capitals";
import { measurePrompts } from "../evaluate";
import { indirectObjects } from "../indirect-objects";
import { learn } from "../learn";
import { settingsFor } from "../learn-options";
import type { LearnReport } from "../learn-settings";
import type { Kind, LearnedIntervention } from "../learned";
import type { Prompt, Task } from "../task";
import { agreementWithPatching, type PlaceAgreement } from "./agreement";
import { type SweepTask, type SweepTrial, trialId } from "./trials";

/** Measures of prompts as columns, one entry for each prompt. Δ in logits, KL in nats; six significant digits. */
export interface PromptColumns {
  /** The country, name or place that the split is made by. */
  readonly group: readonly string[];
  /** Tokens. */
  readonly length: readonly number[];
  readonly deltaMinus: readonly number[];
  readonly deltaClean: readonly number[];
  readonly deltaPlus: readonly number[];
  readonly klOthers: readonly number[];
  readonly totalVariation: readonly number[];
  readonly bestOtherKept: readonly number[];
  /** Probability of all tokens but the two answers, without intervention. */
  readonly others: readonly number[];
}

/** What came out of a trial: the same bits on every machine with the same arithmetic, and no times. */
export interface TrialResult {
  readonly id: string;
  readonly trial: SweepTrial;
  /** How train and held-out prompts differ, in words. */
  readonly split: string;
  readonly trained: { readonly prompts: number; readonly lengths: readonly number[]; readonly steps: number };
  /** Held-out prompts of the lengths that it was learned on. */
  readonly held: PromptColumns;
  /** Held-out prompts of other lengths and wordings, for methods that are not tied to positions. */
  readonly newLengths?: PromptColumns;
  readonly activeParameters: number;
  readonly activeLocations: number;
  readonly l1: number;
  /** Places that are not zero, the largest first: site, layer, position (−1: all), value. */
  readonly places: readonly (readonly [Site, number, number, number])[];
  /** Of scalars that are not all zero: how well |α| finds what activation patching finds. */
  readonly agreement?: PlaceAgreement;
}

/** What a trial learns on and is measured on. */
interface TrialPrompts {
  readonly train: readonly Prompt[];
  /** Of a length that is trained on. */
  readonly held: readonly Prompt[];
  /** Of lengths that are not. */
  readonly newLengths: readonly Prompt[];
  readonly split: string;
}

const ownLength = (task: Task): TrialPrompts => ({
  train: task.train,
  held: task.test,
  newLengths: [],
  split: task.split,
});

/** Which prompts each method takes, given those of the trial's own wording. */
const promptsOf: Readonly<Record<Kind, (task: Task, model: Model, trial: SweepTrial) => TrialPrompts>> = {
  scalars: ownLength,
  vectors: ownLength,
  dynamic: severalLengths,
};

/** Learns and measures. Throws `NumericsError` when the loss is not finite, `ArgumentError` when the task does not fit. */
export async function runTrial(
  model: Model,
  trial: SweepTrial,
  onProgress?: (report: LearnReport) => void,
): Promise<TrialResult> {
  const { task, learned } = await learnTrial(model, trial, onProgress);
  const { train, held, newLengths, split } = promptsOf[trial.method](task, model, trial);
  const agreement = trial.method === "scalars" ? agreementWithPatching(model, held, learned, trial.seed) : undefined;
  return {
    id: trialId(trial),
    trial,
    split,
    trained: { prompts: train.length, lengths: lengthsOf(train), steps: learned.provenance.steps },
    held: measureColumns(model, held, learned),
    ...(newLengths.length > 0 && { newLengths: measureColumns(model, newLengths, learned) }),
    activeParameters: learned.activeParameters,
    activeLocations: learned.activeLocations().length,
    l1: round(learned.l1),
    places: learned
      .activeLocations()
      .map(({ site, layer, position = -1, value }) => [site, layer, position, round(value)] as const),
    ...(agreement && { agreement }),
  };
}

/** What a trial learns, and the task that it learns on: the same bits as in `runTrial`, and the same errors. */
export async function learnTrial(
  model: Model,
  trial: SweepTrial,
  onProgress?: (report: LearnReport) => void,
): Promise<{ task: Task; learned: LearnedIntervention }> {
  const { method, sites, seed, steps, minimality } = trial;
  const task = taskOf(model, trial.task, seed);
  const own = settingsFor(method, {});
  const learned = await learn(method, model, promptsOf[method](task, model, trial).train, {
    sites,
    seed,
    steps,
    minimality: own.minimality * minimality,
    groupMinimality: own.groupMinimality * minimality,
    task: task.name,
    onProgress,
  });
  return { task, learned };
}

/** The prompts of a trial. The seed draws the split. */
export function taskOf(model: Model, task: SweepTask, seed: number): Task {
  return task.name === "ccc"
    ? countryCapitals(model, { seed, form: task.form })
    : indirectObjects(model, { seed, template: task.template });
}

/**
 * Half of the task's wordings to learn on, its own among them, and the others, of other lengths, to be measured on. Only
 * its own length where no other wording has prompts of another length.
 */
function severalLengths(own: Task, model: Model, { task, seed }: SweepTrial): TrialPrompts {
  try {
    const { train, test, split } = acrossOwn(model, task, seed);
    return { train, held: own.test, newLengths: test, split };
  } catch (error) {
    if (error instanceof ArgumentError) return ownLength(own);
    throw error;
  }
}

function acrossOwn(model: Model, task: SweepTask, seed: number): Task {
  const side = <W>(all: readonly W[], usual: readonly W[], wording: W) =>
    usual.includes(wording) ? usual : all.filter((other) => !usual.includes(other));
  if (task.name === "ccc") {
    return acrossLengths(model, "ccc", { seed, trainOn: side(wordings.ccc.all, wordings.ccc.trainOn, task.form) });
  }
  return acrossLengths(model, "ioi", { seed, trainOn: side(wordings.ioi.all, wordings.ioi.trainOn, task.template) });
}

function lengthsOf(prompts: readonly Prompt[]): number[] {
  return [...new Set(prompts.map(({ ids }) => ids.length))].sort((a, b) => a - b);
}

function measureColumns(model: Model, prompts: readonly Prompt[], learned: LearnedIntervention): PromptColumns {
  // A batch has one length.
  const ordered = lengthsOf(prompts).flatMap((length) => prompts.filter(({ ids }) => ids.length === length));
  const rows = lengthsOf(prompts).flatMap((length) =>
    measurePrompts(
      model,
      ordered.filter(({ ids }) => ids.length === length),
      learned,
    ),
  );
  const column = (value: (row: (typeof rows)[number]) => number) => rows.map((row) => round(value(row)));
  return {
    group: ordered.map(({ group }) => group),
    length: ordered.map(({ ids }) => ids.length),
    deltaMinus: column((row) => row.delta[0]),
    deltaClean: column((row) => row.delta[1]),
    deltaPlus: column((row) => row.delta[2]),
    klOthers: column((row) => row.kl),
    totalVariation: column((row) => row.tv),
    bestOtherKept: column((row) => row.kept),
    others: column((row) => row.others),
  };
}

/** Six digits: enough for any mean, and a third of the size. */
function round(value: number): number {
  return Number(value.toPrecision(6));
}

/** The weight of minimality that a trial learned with. */
export function minimalityOf({ method, minimality }: Pick<SweepTrial, "method" | "minimality">): number {
  const { minimality: l1, groupMinimality } = settingsFor(method, {});
  return Number((minimality * (l1 || groupMinimality)).toPrecision(6));
}
