import cliProgress from "cli-progress";
import { type Command, InvalidArgumentError, Option } from "commander";
import { ArgumentError } from "../autograd";
import { type CheckpointDType, type FileProgress, type Model, type Site, sites } from "../nn";
import { readBytes } from "../nn/files";
import { loadModel } from "../node/load";
import {
  acrossLengths,
  type ConflictForm,
  conflictForms,
  countryCapitals,
  indirectObjects,
  type LearnReport,
  type Lengths,
  type Positions,
  type PromptDraft,
  promptTask,
  type Sparsity,
  type Task,
} from "../steering";

/** Options that several commands share, each defined once. */
export interface ModelOptions extends SourceOptions {
  model?: string;
}
export interface SourceOptions {
  revision?: string;
  offline?: boolean;
  dtype?: CheckpointDType;
}
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

export function integer(text: string): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError(`"${text}" is not an integer.`);
  return value;
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError(`"${text}" is not a number.`);
  return value;
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

export function withModel(command: Command): Command {
  return withSource(
    command.option(
      "--model <source>",
      "checkpoint folder, URL, or name on the Hugging Face hub (default: the built-in model)",
    ),
  );
}

/** How a model is found and kept, whatever names it. */
export function withSource(command: Command): Command {
  return command
    .option("--revision <name>", "branch, tag or commit on the hub (default: main)")
    .option("--offline", "of the hub's models only those already downloaded")
    .addOption(
      new Option("--dtype <name>", "what matrices are kept as (auto: as stored; default: f32)").choices([
        "f32",
        "auto",
        "f16",
        "bf16",
      ]),
    );
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

export function withJson(command: Command): Command {
  return command.option("--json", "print the result as JSON");
}

/** The model that the options name, with a bar for each file that is downloaded. */
export async function open({ model, revision, offline, dtype }: ModelOptions): Promise<Model> {
  const { onProgress, stop } = downloadBars();
  try {
    return await loadModel(model, { revision, offline, dtype, onProgress });
  } finally {
    stop();
  }
}

function downloadBars(): { onProgress: (progress: FileProgress) => void; stop: () => void } {
  let bar: cliProgress.SingleBar | undefined;
  let current: string | undefined;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  return {
    onProgress({ file, loaded, total }) {
      const payload = { loaded: megabytes(loaded), size: megabytes(total) };
      if (file !== current) {
        bar?.stop();
        bar = newBar(`  ${file} {bar} {percentage}%  {loaded}/{size} MB`);
        bar.start(total, loaded, payload);
        current = file;
      } else bar!.update(loaded, payload);
    },
    stop: () => bar?.stop(),
  };
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

/** A progress bar for a learner, on standard error so that standard output stays a result. */
export function progressBar(label: string): { onProgress: (report: LearnReport) => void; stop: () => void } {
  const bar = newBar(`  ${label.padEnd(8)} {bar} {value}/{total}  loss {loss}  active {active}`);
  let isStarted = false;
  return {
    onProgress({ step, steps, loss, activeParameters }) {
      const payload = { loss: loss.toFixed(2), active: activeParameters };
      if (!isStarted) bar.start(steps, step, payload);
      else bar.update(step, payload);
      isStarted = true;
    },
    stop: () => bar.stop(),
  };
}

function newBar(format: string): cliProgress.SingleBar {
  const options = {
    format,
    hideCursor: true,
    clearOnComplete: false,
    barsize: 24,
    noTTYOutput: false,
    stream: process.stderr,
  };
  return new cliProgress.SingleBar(options, cliProgress.Presets.shades_grey);
}

/** On a command line `\n` is easier to type than a line break. */
export function lineBreaks(text: string): string {
  return text.replace(/\\n/g, "\n");
}

/** Token ids from `1,2,3`. */
export function idList(text: string): number[] {
  if (text.trim() === "") throw new InvalidArgumentError("no ids given.");
  return text.split(",").map(integer);
}

/** Prints an object as one JSON document. */
export function printJson(value: unknown): void {
  console.log(JSON.stringify(value, null, 2));
}
