import { ArgumentError } from "../../autograd";
import type { Model } from "../../nn";
import { countryCapitalsFamily } from "./country-capitals";
import { buildTask, type TaskFamily, type Wording } from "./family";
import { indirectObjectsFamily } from "./indirect-objects";
import type { Task } from "./task";

const known = [countryCapitalsFamily, indirectObjectsFamily] as const;

type Known = (typeof known)[number];
type Named<Name extends TaskName> = Extract<Known, { name: Name }>;
type OptionOf<Name extends TaskName> = Named<Name>["wording"]["option"];

/** The name of a task family. */
export type TaskName = Known["name"];

/** How the prompts of a family can be worded: a form of `ccc`, a template of `ioi`. */
export type WordingOf<Name extends TaskName> = Named<Name>["wording"]["usual"];

/** The options of a family's `build`, but for its wording. */
export type BuildOptionsOf<Name extends TaskName> = Omit<Parameters<Named<Name>["build"]>[1], OptionOf<Name>>;

/** A family in one wording, as plain data: `{ name: "ccc", form: "qa" }`, `{ name: "ioi", template: 0 }`. */
export type WordedTask = {
  [Name in TaskName]: { readonly name: Name } & { readonly [Option in OptionOf<Name>]: WordingOf<Name> };
}[TaskName];

/** The task families, in the order in which they are listed everywhere. A new one is one entry of `known`. */
export const taskFamilies: readonly TaskFamily[] = known;

/** Returns the family of a name. `where`: who asks. @throws `ArgumentError` for a name that is not known. */
export function taskFamily(where: string, name: string): TaskFamily {
  const found = taskFamilies.find((family) => family.name === name);
  if (found !== undefined) return found;
  throw new ArgumentError(where, `no task "${name}"`, {
    hint: `Valid: ${taskFamilies.map((family) => family.name).join(", ")}.`,
  });
}

/** Puts a family and one of its wordings into the form of a `WordedTask`. */
export function wordedTask({ name, wording }: TaskFamily, chosen: Wording = wording.usual): WordedTask {
  return { name, [wording.option]: chosen } as WordedTask;
}

/** The wording of a `WordedTask`. */
export function wordingOf(task: WordedTask): Wording {
  return (task as unknown as Record<string, Wording>)[taskFamily("task", task.name).wording.option]!;
}

/** `ccc-qa`, `ioi-0`: names the task in ids of trials, and stays the same over versions. */
export function taskId(task: WordedTask): string {
  return `${task.name}-${wordingOf(task)}`;
}

/** Builds the task. The seed draws the split. */
export function taskOf(model: Model, task: WordedTask, seed: number): Task {
  return buildTask(model, taskFamily("task", task.name), wordingOf(task), { seed });
}
