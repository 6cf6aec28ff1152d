import {
  acrossLengths,
  countryCapitals,
  indirectObjects,
  type Kind,
  type Model,
  type Prompt,
  promptTask,
  type Task,
  wordings,
} from "fader";
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
  if (method !== "dynamic" && own instanceof Error) throw own;
  const several = method === "dynamic" ? severalLengths(model, choice, seed) : own;
  if (several instanceof Error && own instanceof Error) throw own;
  const task = several instanceof Error ? (own as Task) : several;
  const held = own instanceof Error ? task.test : own.test;
  const shown = task.test === held ? held : alternately(task.test, held);
  const warnings = [
    ...new Set([...task.warnings, ...(method === "dynamic" || own instanceof Error ? [] : own.warnings)]),
  ];
  return {
    name: choice.kind === "own" ? "own" : choice.kind,
    train: task.train,
    held,
    shown,
    split: task.split,
    warnings,
  };
}

/** Held-out prompts of a task, as text. */
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
    const { all, trainOn } = wordings.ioi;
    return acrossLengths(model, "ioi", { seed, trainOn: all.filter((template) => !trainOn.includes(template)) });
  });
}

function alternately(a: readonly Prompt[], b: readonly Prompt[]): Prompt[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, i) => [a[i], b[i]])
    .flat()
    .filter((p) => p !== undefined);
}
