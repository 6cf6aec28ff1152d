import { type Command, InvalidArgumentError, Option } from "commander";
import { ArgumentError } from "../autograd";
import { readBytes } from "../io/files";
import { type Model, type Site, sites } from "../nn";
import {
  acrossLengths,
  type ConflictForm,
  conflictForms,
  countryCapitals,
  indirectObjects,
  type Lengths,
  type Positions,
  type PromptDraft,
  promptTask,
  type Sparsity,
  type Task,
} from "../steering";
import { type ModelOptions, withModel } from "./model-options";
import { idList, integer, number } from "./shared";

/** Which task, and how to learn on it: options that several commands share. */
export interface TaskOptions extends ModelOptions {
  task: "ccc" | "ioi";
  form: ConflictForm;
  forms?: ConflictForm[];
  template: number;
  templates?: number[];
  names?: string[];
  prompts?: string;
  /** Of the prompts of a file. */
  lengths?: Lengths;
  seed: number;
}
export interface LearnOptions extends TaskOptions {
  sites: Site[];
  positions?: Positions;
  sparsity?: Sparsity;
  gateMinimality?: number;
  debias?: boolean;
  steps?: number;
  batchSize?: number;
  lr?: number;
  margin?: number;
  minimality?: number;
  groupMinimality?: number;
  faithfulnessWeight?: number;
}

function siteList(text: string): Site[] {
  return text.split(",").map((name) => {
    const site = sites.find((known) => known === name.trim());
    if (site === undefined) throw new InvalidArgumentError(`no site "${name}". Sites: ${sites.join(", ")}.`);
    return site;
  });
}

function formList(text: string): ConflictForm[] {
  return wordList(text).map((name) => {
    const form = conflictForms.find((known) => known === name);
    if (form === undefined) throw new InvalidArgumentError(`no form "${name}". Forms: ${conflictForms.join(", ")}.`);
    return form;
  });
}

function wordList(text: string): string[] {
  return text.split(",").map((word) => word.trim());
}

export function withTask(command: Command): Command {
  return withForms(
    withModel(command).addOption(
      new Option("--task <name>", "ccc: country-capital conflicts; ioi: indirect objects")
        .choices(["ccc", "ioi"])
        .default("ccc"),
    ),
  )
    .option("--names <list>", "first names for ioi, comma-separated (default: those that are one token)", wordList)
    .option("--prompts <file>", 'a task of your own: JSON list, or lines, of { "text", "correct", "wrong" }')
    .option("--seed <n>", "seed of the split and of the learners", integer, 0);
}

/** Which wording of a task. */
export function withForms(command: Command): Command {
  return command
    .addOption(new Option("--form <name>", "how a ccc prompt asks").choices(conflictForms).default("qa"))
    .option("--template <n>", "which ioi sentence", integer, 0);
}

export function withLearning(command: Command): Command {
  return withTask(command)
    .addOption(
      new Option("--sites <list>", "where to learn, comma-separated")
        .argParser(siteList)
        .default(["attn_out", "mlp_out"] as Site[], "attn_out,mlp_out"),
    )
    .option("--steps <n>", "most updates", integer)
    .option("--batch-size <n>", "prompts in one update", integer)
    .option("--lr <x>", "learning rate", number)
    .option("--margin <x>", "by how many logits the intended answer should lead", number)
    .option("--minimality <x>", "weight of the l1 norm", number)
    .option("--group-minimality <x>", "weight of the group lasso, one group for each place", number)
    .option("--faithfulness-weight <x>", "weight of keeping other tokens as they are", number);
}

/** Prompts of several lengths, for what is tied to no position. */
export function withWordings(command: Command): Command {
  return command
    .option("--forms <list>", "ccc forms to learn on; tests on the others, of lengths never seen", formList)
    .option("--templates <list>", "ioi sentences to learn on; tests on the others, of lengths never seen", idList);
}

/** The task that the options name; what had to be left out is said on standard error, a line for each reason. */
export async function taskFor(model: Model, options: TaskOptions): Promise<Task> {
  const task = await makeTask(model, options);
  warn(task.warnings);
  return task;
}

/** The first few on standard error, and how many more there are. */
export function warn(warnings: readonly string[]): void {
  const shown = 5;
  for (const warning of warnings.slice(0, shown)) console.error(`warning: ${warning}`);
  const more = warnings.length - shown;
  if (more > 0) console.error(`warning: ${more} more ${more === 1 ? "reason" : "reasons"}`);
}

async function makeTask(model: Model, options: TaskOptions): Promise<Task> {
  const { task, seed, prompts, lengths, names, template, templates, form, forms } = options;
  for (const [flag, given, owner] of [
    ["--forms", forms, "ccc"],
    ["--templates", templates, "ioi"],
  ] as const) {
    if (given === undefined || (prompts === undefined && task === owner)) continue;
    throw new ArgumentError("task", `${flag} belongs to --task ${owner}`);
  }
  if (prompts !== undefined) return promptTask(model, await readPrompts(prompts), { name: prompts, seed, lengths });
  if (forms) return acrossLengths(model, "ccc", { seed, trainOn: forms });
  if (templates) return acrossLengths(model, "ioi", { seed, trainOn: templates, ...(names && { names }) });
  if (task === "ioi") return indirectObjects(model, { seed, template, ...(names && { names }) });
  return countryCapitals(model, { seed, form });
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

/** What a learner takes from the command line. */
export function learnerOptions(options: LearnOptions) {
  const { sites, positions, steps, batchSize, lr, margin, seed } = options;
  const { minimality, groupMinimality, faithfulnessWeight, sparsity, gateMinimality, debias } = options;
  const weights = { minimality, groupMinimality, faithfulnessWeight, gateMinimality };
  return { sites, positions, steps, batchSize, lr, margin, ...weights, sparsity, debias, seed };
}
