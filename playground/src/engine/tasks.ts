import {
  acrossLengths,
  countryCapitals,
  indirectObjects,
  type Kind,
  type Model,
  type Prompt,
  promptTask,
  type Task,
} from "fader";
import { taskFamily } from "fader/steering";
import type { Answers, TaskChoice } from "../protocol";
import { refusal } from "./engine-error";
import type { Session } from "./session";

/** What is learned on, and what is measured on. */
export interface Lesson {
  /** Name kept with the result. */
  name: string;
  train: readonly Prompt[];
  /** Held-out prompts that every method is compared on; the same for the same task and seed. */
  held: readonly Prompt[];
  /** Held-out prompts to show: those of new lengths as well, for what is tied to no position. */
  shown: readonly Prompt[];
  split: string;
  warnings: readonly string[];
}

/**
 * The prompts for one method. Dynamic scalars learn on several lengths, as in `learnTrial`, where the task has them; all
 * methods are compared on held-out prompts of the task's own length. Throws `ArgumentError` for a task without prompts.
 */
export function lessonOf(model: Model, choice: TaskChoice, method: Kind, seed: number): Lesson {
  const own = ownLength(model, choice, seed);
  const several = method === "dynamic" ? severalLengths(model, choice, seed) : own;
  const tasks = [several, own].filter((task): task is Task => !(task instanceof Error));
  if (tasks.length === 0) throw own;
  const { train, test, split, warnings } = tasks[0]!;
  const held = tasks.at(-1)!.test;
  return { name: choice.kind, train, held, shown: alternately(test, held), split, warnings };
}

/** Held-out prompts of a task: of its own length, or of several where it has no length of its own. */
export function heldOut(model: Model, choice: TaskChoice, seed: number): readonly Prompt[] {
  const own = ownLength(model, choice, seed);
  return own instanceof Error ? lessonOf(model, choice, "dynamic", seed).held : own.test;
}

/** Prompts as text. */
export function examplesOf(session: Session, prompts: readonly Prompt[]): ({ prompt: string } & Answers)[] {
  const word = (id: number) => session.token(id).text.trim();
  return prompts.slice(0, mostExamples).map(({ text, correct, wrong }) => {
    return { prompt: text, correct: word(correct), wrong: word(wrong) };
  });
}

const mostExamples = 24;

/** What the library says of a task that this model cannot do is kept: another kind of prompts may do. */
function attempt(build: () => Task): Task | Error {
  try {
    return build();
  } catch (error) {
    return error as Error;
  }
}

function ownLength(model: Model, choice: TaskChoice, seed: number): Task | Error {
  return attempt(() => {
    switch (choice.kind) {
      case "ccc":
        return countryCapitals(model, { seed });
      case "ioi":
        return indirectObjects(model, { seed });
      case "own":
        return promptTask(model, choice.prompts, { name: "own", seed });
      default:
        throw refusal(`There is no task "${(choice as { kind: string }).kind}".`, "Choose ccc, ioi or own.");
    }
  });
}

function severalLengths(model: Model, choice: TaskChoice, seed: number): Task | Error {
  return attempt(() => {
    if (choice.kind === "own") return promptTask(model, choice.prompts, { name: "own", seed, lengths: "any" });
    if (choice.kind === "ccc") return acrossLengths(model, "ccc", { seed });
    // The half of the wordings that the comparison's own, template 0, is in.
    const { all, trainOn } = taskFamily("learn", "ioi").wording;
    return acrossLengths(model, "ioi", {
      seed,
      trainOn: all.filter((template) => !trainOn.includes(template)) as number[],
    });
  });
}

/** Prompts of both lists by turns, each text once. */
function alternately(a: readonly Prompt[], b: readonly Prompt[]): Prompt[] {
  const both = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => [a[i], b[i]]).flat();
  return [...new Map(both.flatMap((prompt) => (prompt ? [[prompt.text, prompt]] : []))).values()];
}
