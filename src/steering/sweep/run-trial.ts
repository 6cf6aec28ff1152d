import { ArgumentError } from "../../autograd";
import { conflictForms } from "../../builtin/corpus";
import { ioiPatterns } from "../../builtin/words";
import type { Model, Site } from "../../nn";
import { countryCapitals } from "../country-capitals";
import { measurePrompts } from "../evaluate";
import { indirectObjects } from "../indirect-objects";
import { learn } from "../learn";
import { perKind } from "../learn-options";
import type { LearnReport } from "../learn-settings";
import type { Kind, LearnedIntervention } from "../learned";
import type { Prompt, Task } from "../task";
import { type SweepTask, type Trial, taskId, trialId } from "./trials";

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
  readonly trial: Trial;
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
}

/** How a method learns in a trial, and on what it is measured besides held-out prompts of the trained lengths. */
interface SweepMethod {
  learn(
    model: Model,
    trial: Trial,
    task: Task,
    onProgress?: (report: LearnReport) => void,
  ): Promise<LearnedIntervention>;
  /** Prompts of lengths that it did not see. */
  newLengths?(model: Model, trial: Trial, task: Task): Prompt[];
}

const tiedToPositions: SweepMethod = { learn: learnOneLength };
const methods: Readonly<Record<Kind, SweepMethod>> = {
  scalars: tiedToPositions,
  vectors: tiedToPositions,
  dynamic: { learn: learnOneLength, newLengths: otherWordings },
};

/** Learns and measures. Throws `NumericsError` when the loss is not finite, `ArgumentError` when the task does not fit. */
export async function runTrial(
  model: Model,
  trial: Trial,
  onProgress?: (report: LearnReport) => void,
): Promise<TrialResult> {
  const { task, learned } = await learnTrial(model, trial, onProgress);
  const unseen = methods[trial.method].newLengths?.(model, trial, task) ?? [];
  return {
    id: trialId(trial),
    trial,
    split: task.split,
    trained: {
      prompts: task.train.length,
      lengths: lengthsOf(task.train),
      steps: learned.provenance.steps,
    },
    held: measureColumns(model, task.test, learned),
    ...(unseen.length > 0 && { newLengths: measureColumns(model, unseen, learned) }),
    activeParameters: learned.activeParameters,
    activeLocations: learned.activeLocations().length,
    l1: round(learned.l1),
    places: learned
      .activeLocations()
      .map(({ site, layer, position = -1, value }) => [site, layer, position, round(value)] as const),
  };
}

/** What a trial learns, and the task that it learns on: the same bits as in `runTrial`, and the same errors. */
export async function learnTrial(
  model: Model,
  trial: Trial,
  onProgress?: (report: LearnReport) => void,
): Promise<{ task: Task; learned: LearnedIntervention }> {
  const task = taskOf(model, trial.task, trial.seed);
  return { task, learned: await methods[trial.method].learn(model, trial, task, onProgress) };
}

/** The prompts of a trial. The seed draws the split. */
export function taskOf(model: Model, task: SweepTask, seed: number, perGroup?: number): Task {
  const options = { seed, ...(perGroup !== undefined && { perGroup }) };
  return task.name === "ccc"
    ? countryCapitals(model, { ...options, form: task.form })
    : indirectObjects(model, { ...options, template: task.template });
}

function learnOneLength(
  model: Model,
  { method, sites, seed, steps, minimality }: Trial,
  task: Task,
  onProgress?: (report: LearnReport) => void,
): Promise<LearnedIntervention> {
  const own = perKind[method];
  const penalties = {
    minimality: own.minimality * minimality,
    groupMinimality: own.groupMinimality * minimality,
  };
  return learn(method, model, task.train, { sites, seed, steps, ...penalties, task: task.name, onProgress });
}

/**
 * Held-out prompts of the task's other forms, where their length is another: one for each group and form. The same seed
 * holds out the same groups in every form.
 */
function otherWordings(model: Model, { task, seed }: Trial, { train }: Task): Prompt[] {
  const trained = new Set(lengthsOf(train));
  const all: SweepTask[] =
    task.name === "ccc"
      ? conflictForms.map((form) => ({ name: "ccc", form }))
      : ioiPatterns.map((_, template) => ({ name: "ioi", template }));
  return all
    .filter((other) => taskId(other) !== taskId(task))
    .flatMap((other) => testPromptsIfAny(model, other, seed))
    .filter((prompt) => !trained.has(prompt.ids.length));
}

/** No prompts where a wording does not fit the model: the trial's own has been checked. */
function testPromptsIfAny(model: Model, task: SweepTask, seed: number): readonly Prompt[] {
  try {
    return taskOf(model, task, seed, 1).test.filter(({ ids }) => ids.length <= model.config.n_ctx);
  } catch (error) {
    if (error instanceof ArgumentError) return [];
    throw error;
  }
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
export function minimalityOf({ method, minimality }: Pick<Trial, "method" | "minimality">): number {
  const { minimality: l1, groupMinimality } = perKind[method];
  return Number((minimality * (l1 || groupMinimality)).toPrecision(6));
}
