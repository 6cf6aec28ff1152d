import type { Command } from "commander";
import { step } from "../autograd";
import { nextTokens } from "../nn";
import { showToken } from "../text/tokens";
import { type ModelOptions, open, withModel } from "./model-options";
import { openMap } from "./open-intervention";
import { idList, number, printJson, withJson } from "./shared";

interface Options extends ModelOptions {
  ids?: number[];
  text?: string;
  all?: boolean;
  intervention?: string;
  beta: number;
  json?: boolean;
}

/** `fader forward`: logits, for scripts. */
export function addForward(program: Command): void {
  withJson(withModel(program.command("forward").description("run token ids through a model and print the logits")))
    .option("--ids <list>", "token ids, comma-separated", idList)
    .option("--text <text>", "a text instead of ids")
    .option("--all", "logits after every token, not only the last")
    .option("--intervention <file>", "a saved intervention, or a .gguf, .npz or .safetensors map")
    .option("--beta <x>", "how far to turn it", number, 1)
    .addHelpText("after", "\nExample:\n  $ fader forward --model checkpoints/gpt2 --ids 464,3139,286 --json")
    .action(run);
}

async function run(options: Options, command: Command): Promise<void> {
  const model = await open(options);
  if ((options.ids === undefined) === (options.text === undefined)) command.error("error: give either --ids or --text");
  const ids = options.ids ?? model.encode(options.text!);
  const interventions = options.intervention ? await openMap(options.intervention, model) : {};
  const { beta } = options;
  if (!options.json) {
    const top = nextTokens(model, ids, { interventions, beta, count: 10 });
    for (const { id, token, probability } of top) {
      console.log(
        `${String(id).padStart(7)}  ${showToken(token).padEnd(24)} ${(100 * probability).toFixed(2).padStart(6)}%`,
      );
    }
    return;
  }
  const positions = options.all ? "all" : "last";
  const logits = step(() => model.forward(ids, { interventions, beta, positions }).logits.squeeze(0).toArray());
  printJson({ ids, positions, logits });
}
