import { type Command, InvalidArgumentError } from "commander";
import { describePositions, type Interventions, type Model, stream } from "../nn";
import { type ModelOptions, open, withModel } from "./model-options";
import { openMap } from "./open-intervention";
import { integer, lineBreaks, number, printJson, withJson } from "./shared";

interface Options extends ModelOptions {
  intervention?: string;
  beta: number;
  maxTokens: number;
  temperature?: number;
  topK?: number;
  topP?: number;
  repetitionPenalty?: number;
  stop?: string[];
  seed: number;
  samples: number;
  cache: boolean;
  json?: boolean;
}

/** `fader generate`: text, with or without an intervention. */
export function addGenerate(program: Command): void {
  withJson(withModel(program.command("generate").description("continue a text, with or without an intervention")))
    .argument("<prompt>", "the text to continue; \\n stands for a line break")
    .option("--intervention <file>", "a saved intervention, or a .gguf, .npz or .safetensors map")
    .option("--beta <x>", "how far to turn it: 1 as learned, -1 reversed", number, 1)
    .option("--max-tokens <n>", "most tokens to add", integer, 20)
    .option("--temperature <x>", "0 takes the most likely token (default: 0, or 1 with --top-k or --top-p)", number)
    .option("--top-k <n>", "sample among the k most likely", integer)
    .option("--top-p <x>", "sample among the most likely that have this share of the probability", number)
    .option("--repetition-penalty <x>", "above 1 makes tokens that were there less likely", number)
    .option("--stop <text>", "end before this text; may be given several times", collect)
    .option("--seed <n>", "seed of the sampling", integer, 0)
    .option("--samples <n>", "how many continuations, with this seed and those after it", count, 1)
    .option("--no-cache", "compute past tokens again for every new one")
    .addHelpText(
      "after",
      "\nExample:\n  $ fader generate 'The capital of Poland is London.\\nQ: What is the capital of Poland?\\nA:' \\\n" +
        "      --intervention capitals.fader.safetensors --beta -1",
    )
    .action(run);
}

async function run(given: string, options: Options, command: Command): Promise<void> {
  const { maxTokens, temperature, topK, topP, repetitionPenalty, stop, seed, samples, cache, beta } = options;
  const isSampling = temperature === undefined ? topK !== undefined || topP !== undefined : temperature > 0;
  if (samples > 1 && !isSampling) command.error("error: --samples needs a --temperature above 0, --top-k or --top-p");
  const model = await open(options);
  const prompt = lineBreaks(given);
  const interventions = options.intervention && (await openMap(options.intervention, model));
  if (interventions) console.error(note(interventions, model));
  const prompts = new Array<string>(samples).fill(prompt);
  const results = prompts.map((_, row) => ({ seed: seed + row, text: "", ids: [] as number[] }));
  const sampling = { temperature, topK, topP, repetitionPenalty, seed };
  // Several continuations grow side by side, so that only a single one can be shown as it grows.
  const isShown = !options.json && samples === 1;
  const tokens = stream(model, prompts, {
    ...sampling,
    ...(interventions && { interventions, beta }),
    maxTokens,
    stop,
    useCache: cache,
  });
  if (isShown) process.stdout.write(prompt);
  for await (const { row, id, text } of tokens) {
    results[row]!.ids.push(id);
    results[row]!.text += text;
    if (isShown) process.stdout.write(text);
  }
  const used = interventions ? beta : 0;
  if (options.json && samples > 1) printJson({ prompt, beta: used, samples: results });
  else if (options.json) printJson({ prompt, text: results[0]!.text, ids: results[0]!.ids, beta: used, seed });
  else if (isShown) process.stdout.write("\n");
  else for (const { seed, text } of results) console.log(`seed ${seed}:\n${prompt}${text}\n`);
}

/** Which positions the edits change, in one line; sites that do the same are named together. */
function note(interventions: Interventions, model: Model): string {
  const sites = new Map<string, string[]>();
  for (const { key, words } of describePositions(interventions, model.config))
    sites.set(words, [...(sites.get(words) ?? []), key]);
  return [...sites].map(([words, keys]) => `${keys.join(", ")}: ${words}`).join("; ");
}

function collect(text: string, before: string[] = []): string[] {
  return [...before, lineBreaks(text)];
}

function count(text: string): number {
  const value = integer(text);
  if (value < 1) throw new InvalidArgumentError(`${value} is not 1 or more.`);
  return value;
}
