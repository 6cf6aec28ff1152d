import type { Command } from "commander";
import { compare, type LearnedIntervention, loadIntervention } from "../steering";
import { learnWithBar } from "./learn";
import { type LearnerOptions, withLearning } from "./learner-options";
import { open } from "./model-options";
import { integer, printJson, withJson } from "./shared";
import { hasWordings, taskFor, withWordings } from "./task-options";

interface Options extends LearnerOptions {
  seeds: number;
  json?: boolean;
}

/**
 * `fader compare`: scalars against vectors over seeds, or saved interventions against each other. Over several lengths
 * scalars for all positions against dynamic ones.
 */
export function addCompare(program: Command): void {
  const command = program.command("compare").description("compare scalars with vectors on held-out prompts");
  withJson(withWordings(withLearning(command)))
    .argument("[files...]", "saved interventions to compare instead of learning")
    .option("--seeds <n>", "seeds to learn with, counted from --seed", integer, 5)
    .addHelpText("after", "\nExample:\n  $ fader compare --task ioi --seeds 5")
    .action(run);
}

async function run(files: string[], options: Options): Promise<void> {
  const model = await open(options);
  const task = await taskFor(model, options);
  const isAcross = hasWordings(options);
  const kinds = isAcross ? (["scalars", "dynamic"] as const) : (["scalars", "vectors"] as const);
  const contestants: Record<string, LearnedIntervention[]> = {};
  if (files.length > 0) {
    for (const file of files) contestants[file] = [await loadIntervention(file, model)];
  } else {
    for (let i = 0; i < options.seeds; i++) {
      const seeded = { ...options, seed: options.seed + i, ...(isAcross && { positions: "all" as const }) };
      for (const kind of kinds) {
        const learned = await learnWithBar(kind, model, task, seeded, `${kind} ${i + 1}`);
        contestants[kind] = [...(contestants[kind] ?? []), learned];
      }
    }
  }
  const comparison = compare(model, task.test, contestants);
  if (options.json) printJson({ task: task.name, split: task.split, ...comparison.toJSON() });
  else console.log(`${task.description}\n${task.split}\n\n${comparison}`);
}
