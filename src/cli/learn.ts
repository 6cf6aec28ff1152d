import { type Command, Option } from "commander";
import { checkWritable } from "../io/disk";
import type { Model } from "../nn";
import { compare, type Kind, type LearnedIntervention, type Task } from "../steering";
import { learn } from "../steering/learn/learn";
import { type LearnerOptions, learnerOptions, withLearning } from "./learner-options";
import { open } from "./model-options";
import { printJson, progressBar, withJson } from "./shared";
import { taskFor, withWordings } from "./task-options";

interface Options extends LearnerOptions {
  method: Kind;
  out?: string;
  json?: boolean;
}

/** `fader learn`: one intervention, measured on held-out prompts and saved. */
export function addLearn(program: Command): void {
  const command = program.command("learn").description("learn one intervention and save it");
  withJson(withWordings(withLearning(command)))
    .addOption(
      new Option("--method <kind>", "what to learn").choices(["scalars", "vectors", "dynamic"]).default("scalars"),
    )
    .option("--out <file>", "where to save it (default: TASK.METHOD.fader.safetensors)")
    .addHelpText(
      "after",
      "\nExample:\n  $ fader learn --task ccc --method scalars --out capitals.fader.safetensors\n" +
        "  $ fader learn --task ccc --method dynamic --forms open,qa,news",
    )
    .action(run);
}

/** Learns with a progress bar and records the task. */
export async function learnWithBar(
  kind: Kind,
  model: Model,
  task: Task,
  options: LearnerOptions,
  label: string = kind,
): Promise<LearnedIntervention> {
  const { onProgress, stop } = progressBar(label);
  try {
    return await learn(kind, model, task.train, { ...learnerOptions(options), task: task.name, onProgress });
  } finally {
    stop();
  }
}

async function run(options: Options): Promise<void> {
  const path = options.out ?? `${options.prompts ? "prompts" : options.task}.${options.method}.fader.safetensors`;
  await checkWritable(path);
  const model = await open(options);
  const isTied = options.method !== "dynamic" && options.positions !== "all";
  const task = await taskFor(model, { ...options, lengths: isTied ? "one" : "any" });
  const learned = await learnWithBar(options.method, model, task, options);
  const comparison = compare(model, task.test, { [options.method]: learned });
  const metrics = comparison.results[options.method]![0]!;
  await learned.withMetrics({ ...metrics }).save(path);
  if (options.json)
    return printJson({ file: path, task: task.name, split: task.split, steps: learned.provenance.steps, metrics });
  console.log(`${task.description}\n${task.split}\n\n${comparison}\n\nSaved to ${path}`);
}
