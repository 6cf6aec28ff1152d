import type { Command } from "commander";
import { generateIds } from "../nn";
import { openIntervention } from "./open-intervention";
import { integer, type ModelOptions, number, open, printJson, withJson, withModel } from "./shared";

interface Options extends ModelOptions {
  intervention?: string;
  beta: number;
  maxTokens: number;
  temperature: number;
  topK?: number;
  seed: number;
  json?: boolean;
}

/** `fader generate`: text, with or without an intervention. */
export function addGenerate(program: Command): void {
  withJson(withModel(program.command("generate").description("continue a text, with or without an intervention")))
    .argument("<prompt>", "the text to continue; \\n stands for a line break")
    .option("--intervention <file>", "a saved intervention, or a .gguf, .npz or .safetensors map")
    .option("--beta <x>", "how far to turn it: 1 as learned, -1 reversed", number, 1)
    .option("--max-tokens <n>", "most tokens to add", integer, 20)
    .option("--temperature <x>", "0 takes the most likely token", number, 0)
    .option("--top-k <n>", "sample among the k most likely", integer)
    .option("--seed <n>", "seed of the sampling", integer, 0)
    .addHelpText(
      "after",
      "\nExample:\n  $ fader generate 'The capital of Poland is London.\\nQ: What is the capital of Poland?\\nA:' \\\n" +
        "      --intervention capitals.fader.safetensors --beta -1",
    )
    .action(run);
}

async function run(given: string, options: Options): Promise<void> {
  const model = await open(options);
  const prompt = given.replace(/\\n/g, "\n");
  const { maxTokens, temperature, topK, seed, beta } = options;
  const interventions = options.intervention && (await openIntervention(options.intervention, model));
  const ids = model.encode(prompt);
  const added = generateIds(model, ids, {
    maxTokens,
    temperature,
    seed,
    ...(topK !== undefined && { topK }),
    ...(interventions && { interventions, beta }),
  });
  const { eos_token_ids } = model.config;
  const text = model.needTokenizer("generate").decode(
    added.filter((id) => !eos_token_ids.includes(id)),
    { continuation: true },
  );
  if (options.json) printJson({ prompt, text, ids: added, beta: interventions ? beta : 0, seed });
  else console.log(prompt + text);
}
