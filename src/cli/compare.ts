import type { Command } from "commander";
import { compare, type LearnedIntervention, loadIntervention } from "../steering";
import { learnWithBar } from "./learn";
import { integer, type LearnOptions, open, printJson, taskFor, withJson, withLearning } from "./shared";

interface Options extends LearnOptions {
  seeds: number;
  json?: boolean;
}

/** `fader compare`: scalars against vectors over seeds, or saved interventions against each other. */
export function addCompare(program: Command): void {
  withJson(withLearning(program.command("compare").description("compare scalars with vectors on held-out prompts")))
    .argument("[files...]", "saved interventions to compare instead of learning")
    .option("--seeds <n>", "seeds to learn with, counted from --seed", integer, 5)
    .addHelpText("after", "\nExample:\n  $ fader compare --task ioi --seeds 5")
    .action(run);
}

async function run(files: string[], options: Options): Promise<void> {
  const model = await open(options);
  const task = await taskFor(model, options);
  const contestants: Record<string, LearnedIntervention[]> = {};
  if (files.length > 0) {
    for (const file of files) contestants[file] = [await loadIntervention(file, model)];
  } else {
    for (let i = 0; i < options.seeds; i++) {
      const seeded = { ...options, seed: options.seed + i };
      for (const kind of ["scalars", "vectors"] as const) {
        const learned = await learnWithBar(kind, model, task, seeded, `${kind} ${i + 1}`);
        contestants[kind] = [...(contestants[kind] ?? []), learned];
      }
    }
  }
  const comparison = compare(model, task.test, contestants);
  if (options.json) printJson({ task: task.name, split: task.split, ...comparison.toJSON() });
  else console.log(`${task.description}\n${task.split}\n\n${comparison}`);
}
