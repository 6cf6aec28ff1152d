import { ArgumentError, type Random } from "../../autograd";
import type { Model } from "../../nn";
import type { Task, TaskOptions } from "./task";

/** One way to word the prompts of a family: a name, or a number that counts from 0. */
export type Wording = string | number;

/**
 * A family of tasks: everything that Fader knows about it, as data. Sweeps, the command line and the playground read it
 * from here, so that a new family is one file and its entry in the registry.
 */
export interface TaskFamily<
  Name extends string = string,
  Option extends string = string,
  Of extends Wording = Wording,
  Options extends TaskOptions = TaskOptions & Readonly<Record<string, unknown>>,
> {
  /** In ids of trials, on the command line, and as the name of its tasks: `ccc`. */
  readonly name: Name;
  /** A few words for a list of tasks. */
  readonly summary: string;
  /** One or two words for a button, and the question that its prompts ask. */
  readonly title: string;
  readonly question: string;
  readonly wording: {
    /** The option of `build` that chooses the wording: `form`. On the command line `--form`, and `--forms` for several. */
    readonly option: Option;
    /** What the command line says of one, and what it calls several. */
    readonly help: string;
    readonly several: string;
    readonly all: readonly Of[];
    readonly usual: Of;
    /** Those that are learned on when a task has several lengths; it is tested on the others. */
    readonly trainOn: readonly Of[];
  };
  /** Other options of `build` that are lists of words, with what the command line says of them. */
  readonly lists: Readonly<Record<string, string>>;
  /** Writers of random texts that do not pose the task, for `harm`. */
  readonly unrelated: readonly ((random: Random) => string)[];
  /** Builds the task for a model. */
  build(model: Model, options: Options): Task;
}

/** Builds the task of a family in one wording. */
export function buildTask(
  model: Model,
  family: TaskFamily,
  wording: Wording,
  options: TaskOptions & Readonly<Record<string, unknown>>,
): Task {
  return family.build(model, { ...options, [family.wording.option]: wording });
}

/** Throws `ArgumentError` for a wording that a family does not have. `where`: who was asked. */
export function checkWording(where: string, { option, all }: TaskFamily["wording"], wording: unknown): void {
  if (all.includes(wording as Wording)) return;
  const isCounted = typeof all[0] === "number";
  throw new ArgumentError(where, `no ${option} ${isCounted ? wording : `"${wording}"`}`, {
    hint: `Valid: ${isCounted ? `${all[0]}-${all.at(-1)}` : all.join(", ")}.`,
  });
}
