import { ArgumentError } from "../../autograd";
import type { Model, Site } from "../../nn";
import { agreementWithPatching, type PlaceAgreement } from "../causal/place-agreement";
import type { Kind } from "../learn/kinds";
import { learn } from "../learn/learn";
import type { LearnedIntervention } from "../learn/learned";
import { type LearnReport, settingsFor } from "../learn/options";
import {
  lengthsOf,
  measureColumns,
  measureTexts,
  type PromptColumns,
  round,
  roundAll,
  type TextColumns,
} from "../measure/columns";
import { measureRun, type RunMeasureName } from "../measure/measures";
import { acrossWordings } from "../tasks/across-lengths";
import { taskFamily, taskOf, type WordedTask, wordingOf } from "../tasks/registry";
import type { Prompt, Task } from "../tasks/task";
import { type SweepTrial, trialId } from "./trials";

/** What came out of a trial: the same bits on every machine with the same arithmetic, and no times. */
export interface TrialResult extends Readonly<Record<RunMeasureName, number>> {
  readonly id: string;
  readonly trial: SweepTrial;
  /** How train and held-out prompts differ, in words. */
  readonly split: string;
  readonly trained: { readonly prompts: number; readonly lengths: readonly number[]; readonly steps: number };
  /** Held-out prompts of the lengths that it was learned on. */
  readonly held: PromptColumns;
  /** Held-out prompts of other lengths and wordings, for methods that are not tied to positions. */
  readonly newLengths?: PromptColumns;
  /** Texts that have nothing to do with the task; missing where none fits the model's context. */
  readonly offTask?: TextColumns;
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
  return measureTrial(model, trial, task, learned);
}

/** What `runTrial` says about what `learnTrial` gave. */
export function measureTrial(model: Model, trial: SweepTrial, task: Task, learned: LearnedIntervention): TrialResult {
  const { train, held, newLengths, split } = promptsOf[trial.method](task, model, trial);
  const agreement = trial.method === "scalars" ? agreementWithPatching(model, held, learned, trial.seed) : undefined;
  const offTask = measureTexts(model, task, learned, trial.seed);
  return {
    id: trialId(trial),
    trial,
    split,
    trained: { prompts: train.length, lengths: lengthsOf(train), steps: learned.provenance.steps },
    held: measureColumns(model, held, learned),
    ...(newLengths.length > 0 && { newLengths: measureColumns(model, newLengths, learned) }),
    ...(offTask && { offTask }),
    ...roundAll(measureRun(learned)),
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
  const own = settingsFor(method);
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

function acrossOwn(model: Model, task: WordedTask, seed: number): Task {
  const family = taskFamily("sweep", task.name);
  const { all, trainOn } = family.wording;
  const isUsual = trainOn.includes(wordingOf(task));
  const own = isUsual ? trainOn : all.filter((wording) => !trainOn.includes(wording));
  return acrossWordings(model, family, { seed, trainOn: own });
}

/** The weight of minimality that a trial learned with. */
export function minimalityOf({ method, minimality }: Pick<SweepTrial, "method" | "minimality">): number {
  const { minimality: l1, groupMinimality } = settingsFor(method);
  return Number((minimality * (l1 || groupMinimality)).toPrecision(6));
}
