import { type Command, InvalidArgumentError, Option } from "commander";
import { ArgumentError } from "../autograd";
import { readBytes } from "../io/files";
import type { Model } from "../nn";
import {
  type Lengths,
  type PromptDraft,
  promptTask,
  type Task,
  type TaskFamily,
  type TaskName,
  taskFamilies,
  type Wording,
} from "../steering";
import { acrossWordings } from "../steering/tasks/across-lengths";
import { buildTask } from "../steering/tasks/family";
import { taskFamily } from "../steering/tasks/registry";
import { type ModelOptions, withModel } from "./model-options";
import { integer } from "./shared";

/**
 * Which task: options that several commands share. Those that task families declare stand beside them, by their names:
 * one wording (`form`), several (`forms`), and lists of words (`names`).
 */
export interface TaskOptions extends ModelOptions {
  task: TaskName;
  prompts?: string;
  /** Of the prompts of a file. */
  lengths?: Lengths;
  seed: number;
}

function wordList(text: string): string[] {
  return text.split(",").map((word) => word.trim());
}

/** Adds `--task` and the options of every task family. */
export function withTask(command: Command): Command {
  const names = taskFamilies.map(({ name }) => name);
  const about = taskFamilies.map(({ name, summary }) => `${name}: ${summary}`).join("; ");
  withWording(withModel(command).addOption(new Option("--task <name>", about).choices(names).default(names[0])));
  for (const { lists } of taskFamilies) {
    for (const [name, help] of Object.entries(lists)) command.option(`--${name} <list>`, help, wordList);
  }
  return command
    .option("--prompts <file>", 'a task of your own: JSON list, or lines, of { "text", "correct", "wrong" }')
    .option("--seed <n>", "seed of the split and of the learners", integer, 0);
}

/** Adds an option for each task family that chooses its wording: `--form`, `--template`. */
export function withWording(command: Command): Command {
  for (const { wording } of taskFamilies) {
    const { option, help, all, usual } = wording;
    command.addOption(
      new Option(`--${option} <${typeof usual === "number" ? "n" : "name"}>`, help)
        .choices(all.map(String))
        .argParser((text) => readWording(wording, text))
        .default(usual),
    );
  }
  return command;
}

/** Adds an option for each task family that names several wordings, for what is tied to no position: `--forms`. */
export function withWordings(command: Command): Command {
  for (const { wording } of taskFamilies) {
    const help = `${wording.several} to learn on; tests on the others, of lengths never seen`;
    command.option(`--${several(wording)} <list>`, help, (text) =>
      wordList(text).map((word) => readWording(wording, word)),
    );
  }
  return command;
}

function readWording({ option, all }: TaskFamily["wording"], text: string): Wording {
  const found = all.find((wording) => String(wording) === text);
  if (found === undefined) throw new InvalidArgumentError(`no ${option} "${text}". Valid: ${all.join(", ")}.`);
  return found;
}

/** `forms` */
function several({ option }: TaskFamily["wording"]): string {
  return `${option}s`;
}

/** The wording of a family that the options name, or its usual one. */
export function wordingIn(options: object, { wording }: TaskFamily): Wording {
  return (options as Record<string, Wording>)[wording.option] ?? wording.usual;
}

/** The wordings of a family to learn on, where the options name several. */
function wordingsIn(options: object, { wording }: TaskFamily): readonly Wording[] | undefined {
  return (options as Record<string, readonly Wording[] | undefined>)[several(wording)];
}

/** Whether the options ask for prompts of several lengths. */
export function hasWordings(options: TaskOptions): boolean {
  return taskFamilies.some((family) => wordingsIn(options, family) !== undefined);
}

/** Builds the task that the options name, and says on standard error what had to be left out, a line for each reason. */
export async function taskFor(model: Model, options: TaskOptions): Promise<Task> {
  const task = await makeTask(model, options);
  warn(task.warnings);
  return task;
}

/** Writes the first few warnings to standard error, and how many more there are. */
export function warn(warnings: readonly string[]): void {
  const shown = 5;
  for (const warning of warnings.slice(0, shown)) console.error(`warning: ${warning}`);
  const more = warnings.length - shown;
  if (more > 0) console.error(`warning: ${more} more ${more === 1 ? "reason" : "reasons"}`);
}

async function makeTask(model: Model, options: TaskOptions): Promise<Task> {
  const { seed, prompts, lengths } = options;
  const other = taskFamilies.find(
    (family) => wordingsIn(options, family) !== undefined && (prompts !== undefined || options.task !== family.name),
  );
  if (other !== undefined) {
    throw new ArgumentError("task", `--${several(other.wording)} belongs to --task ${other.name}`);
  }
  if (prompts !== undefined) return promptTask(model, await readPrompts(prompts), { name: prompts, seed, lengths });
  const family = taskFamily("task", options.task);
  const given = Object.entries(options).filter(([name, value]) => name in family.lists && value !== undefined);
  const own = { seed, ...Object.fromEntries(given) };
  const trainOn = wordingsIn(options, family);
  if (trainOn !== undefined) return acrossWordings(model, family, { ...own, trainOn });
  return buildTask(model, family, wordingIn(options, family), own);
}

/** A JSON list, or one JSON object a line. */
async function readPrompts(path: string): Promise<PromptDraft[]> {
  const text = new TextDecoder().decode(await readBytes(path));
  try {
    if (text.trimStart().startsWith("[")) return JSON.parse(text);
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return lines.map((line) => JSON.parse(line));
  } catch (error) {
    throw new ArgumentError(path, `not JSON (${(error as Error).message})`);
  }
}
