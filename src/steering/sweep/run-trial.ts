import { ArgumentError } from "../../autograd";
import type { Model, Site } from "../../nn";
import { agreementWithPatching, type PlaceAgreement } from "../causal/place-agreement";
import { kinds } from "../learn/kinds";
import { learn } from "../learn/learn";
import type { LearnedIntervention } from "../learn/learned";
import { type LearnOptions, settingsFor } from "../learn/options";
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
import { taskFamily, taskOf, wordingOf } from "../tasks/registry";
import { promptTask, type Task } from "../tasks/task";
import { type SweepTrial, type Trial, type TrialTask, trialId } from "./trials";

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

/** The prompts of a trial. */
export interface TrialTasks {
  /** The task at its own length; every method is measured on its held-out prompts. */
  readonly task: Task;
  /** The task at several lengths, for methods that are tied to no position: learned on, and tested on lengths never seen. */
  readonly across?: Task;
}

/** How a trial tells how far it is, and how it is ended. */
export type TrialOptions = Pick<LearnOptions, "onProgress" | "signal">;

/** Learns and measures a trial. Errors are those of `learnTrial`. */
export async function runTrial(model: Model, trial: SweepTrial, options: TrialOptions = {}): Promise<TrialResult> {
  return measureTrial(model, trial, await learnTrial(model, trial, options));
}

/**
 * Learns what a trial is about.
 *
 * @throws ArgumentError when the task does not fit the model, NumericsError when the loss is no longer finite, and the
 *   reason of an aborted `signal`.
 */
export async function learnTrial(
  model: Model,
  trial: Trial,
  options: TrialOptions = {},
): Promise<TrialTasks & { readonly learned: LearnedIntervention }> {
  const { method, sites, seed, steps, minimality, faithfulnessWeight } = trial;
  const tasks = trialTasks(model, trial);
  const usual = settingsFor(method);
  const learned = await learn(method, model, (tasks.across ?? tasks.task).train, {
    ...{ sites, seed, steps, faithfulnessWeight, task: trial.task.name, ...options },
    minimality: usual.minimality * minimality,
    groupMinimality: usual.groupMinimality * minimality,
  });
  return { ...tasks, learned };
}

/**
 * Builds the prompts of a trial. Where the task has no prompts of one length, or none of several, there is only the other.
 *
 * @throws ArgumentError when it has neither.
 */
export function trialTasks(model: Model, { task, method, seed }: Pick<Trial, "task" | "method" | "seed">): TrialTasks {
  const own = attempt(() => ownLength(model, task, seed));
  const isTied = kinds[method]?.hasPositions !== false;
  const across = isTied ? undefined : attempt(() => severalLengths(model, task, seed));
  if (own instanceof ArgumentError) {
    if (across === undefined || across instanceof ArgumentError) throw own;
    return { task: across };
  }
  return across === undefined || across instanceof ArgumentError ? { task: own } : { task: own, across };
}

/** Returns the error of a task that this model cannot do: it may be possible at other lengths. */
function attempt(build: () => Task): Task | ArgumentError {
  try {
    return build();
  } catch (error) {
    if (error instanceof ArgumentError) return error;
    throw error;
  }
}

function ownLength(model: Model, task: TrialTask, seed: number): Task {
  return "prompts" in task ? promptTask(model, task.prompts, { name: task.name, seed }) : taskOf(model, task, seed);
}

/** Learns on the half of a family's wordings that the task's own is in, and tests on the others, of other lengths. */
function severalLengths(model: Model, task: TrialTask, seed: number): Task {
  if ("prompts" in task) return promptTask(model, task.prompts, { name: task.name, seed, lengths: "any" });
  const family = taskFamily("trial", task.name);
  const { all, trainOn } = family.wording;
  const isUsual = trainOn.includes(wordingOf(task));
  const others = all.filter((wording) => !trainOn.includes(wording));
  return acrossWordings(model, family, { seed, trainOn: isUsual ? trainOn : others });
}

/** Measures what `learnTrial` gave. */
export function measureTrial(
  model: Model,
  trial: SweepTrial,
  { task, across, learned }: TrialTasks & { learned: LearnedIntervention },
): TrialResult {
  const { train, split } = across ?? task;
  const held = task.test;
  const newLengths = across?.test ?? [];
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

/** The weight of minimality that a trial learned with. */
export function minimalityOf({ method, minimality }: Pick<SweepTrial, "method" | "minimality">): number {
  const { minimality: l1, groupMinimality } = settingsFor(method);
  return Number((minimality * (l1 || groupMinimality)).toPrecision(6));
}
