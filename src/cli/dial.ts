import type { Command } from "commander";
import { ArgumentError } from "../autograd";
import { betaDial, type DialPoint } from "../steering";
import { fixed, percent } from "../text/numbers";
import { open } from "./model-options";
import { openIntervention } from "./open-intervention";
import { integer, number, printJson, withJson } from "./shared";
import { type TaskOptions, taskFor, withTask } from "./task-options";

interface Options extends TaskOptions {
  from: number;
  to: number;
  points: number;
  json?: boolean;
}

/** `fader dial`: what held-out prompts answer as β goes from one end to the other. */
export function addDial(program: Command): void {
  withJson(withTask(program.command("dial").description("show how answers change as an intervention is turned")))
    .argument("<intervention>", "a saved intervention, or a .gguf, .npz or .safetensors map")
    .option("--from <x>", "first beta", number, -1.5)
    .option("--to <x>", "last beta", number, 1.5)
    .option("--points <n>", "how many values of beta", integer, 25)
    .addHelpText("after", "\nExample:\n  $ fader dial capitals.fader.safetensors --task ccc")
    .action(run);
}

async function run(file: string, options: Options): Promise<void> {
  const { from, to, points: count } = options;
  if (count < 2) throw new ArgumentError("dial", `--points is ${count}`, { hint: "Use 2 or more." });
  const model = await open(options);
  const intervention = await openIntervention(file, model);
  const task = await taskFor(model, options);
  const betas = Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
  const points = betaDial(model, task.test, intervention, { betas });
  if (options.json) printJson({ task: task.name, split: task.split, points });
  else console.log(`${task.description}\n${task.split}\n\n${dialTable(points)}`);
}

/** Cells of the bar. */
const width = 30;

/** A line for each β, with a bar of the probabilities; fits 80 columns. */
export function dialTable(points: readonly DialPoint[]): string {
  const row = (cells: readonly string[]) => cells.map((cell, i) => cell.padStart([6, 7, 8, 6, 7, 5][i]!)).join("");
  const head = `${row(["β", "Δ", "correct", "wrong", "others", "won"])}   █ correct ░ wrong · others`;
  const lines = points.map(({ beta, delta, correct, wrong, others, won }) => {
    const filled = Math.round(width * correct);
    const light = Math.min(width - filled, Math.round(width * wrong));
    const bar = "█".repeat(filled) + "░".repeat(light) + "·".repeat(width - filled - light);
    const cells = [fixed(beta, 2), fixed(delta, 2), ...[correct, wrong, others, won].map((share) => percent(share))];
    return `${row(cells)}   ${bar}`;
  });
  const note = `${points[0]!.prompts.length} held-out prompts; won: share with Δ > 0`;
  return [head, "─".repeat(72), ...lines, note].join("\n");
}
