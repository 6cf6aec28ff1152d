import type { Prompt } from "fader";
import { type TrialTask, type TrialTasks, taskFamilies, wordedTask } from "fader/steering";
import type { Answers, TaskChoice } from "../protocol";
import { refusal } from "./engine-error";
import type { Session } from "./session";

/** Examples at most. */
const most = 24;

/** Returns the task of a trial that the page chose: a family in its usual wording, or the page's own prompts. */
export function trialTaskOf(choice: TaskChoice): TrialTask {
  if (choice.kind === "own") return { name: "own", prompts: choice.prompts };
  const family = taskFamilies.find(({ name }) => name === choice.kind);
  if (family !== undefined) return wordedTask(family);
  const names = taskFamilies.map(({ name }) => name).join(", ");
  throw refusal(`There is no task "${choice.kind}".`, `Choose ${names} or own.`);
}

/** Held-out prompts as text; those of lengths never seen by turns with those of the task's own length. */
export function examplesOf(session: Session, { task, across }: TrialTasks): ({ prompt: string } & Answers)[] {
  const word = (id: number) => session.token(id).text.trim();
  return alternately(across?.test ?? [], task.test)
    .slice(0, most)
    .map(({ text, correct, wrong }) => ({ prompt: text, correct: word(correct), wrong: word(wrong) }));
}

/** Prompts of both lists by turns, each text once. */
function alternately(a: readonly Prompt[], b: readonly Prompt[]): Prompt[] {
  const both = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => [a[i], b[i]]).flat();
  return [...new Map(both.flatMap((prompt) => (prompt ? [[prompt.text, prompt]] : []))).values()];
}
