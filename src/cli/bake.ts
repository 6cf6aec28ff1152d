import type { Command } from "commander";
import { NumericsError, Random, step } from "../autograd";
import { loadModel } from "../load";
import { type Interventions, type Model, saveCheckpoint } from "../nn";
import { bake } from "../steering";
import { isHalf } from "../tensor/internal";
import { type ModelOptions, open, withModel } from "./model-options";
import { checkFree, writeFolder } from "./new-folder";
import { openMap } from "./open-intervention";
import { integer, number, printJson, withJson } from "./shared";

interface Options extends ModelOptions {
  beta: number;
  addBiases?: boolean;
  force?: boolean;
  tolerance: number;
  seed: number;
  json?: boolean;
}

/** `fader bake`: a checkpoint folder whose weights hold an intervention. */
export function addBake(program: Command): void {
  const description = "write a checkpoint folder whose weights hold an intervention, for any other engine to load";
  withJson(withModel(program.command("bake").description(description)))
    .argument("<intervention>", 'a saved intervention without positions ("fader learn --positions all")')
    .argument("<folder>", "the folder to write")
    .option("--beta <x>", "how far to turn it: 1 as learned, -1 reversed", number, 1)
    .option("--add-biases", "where a vector needs biases that the model lacks, switch them on in config.json")
    .option("--force", "replace a folder that holds a checkpoint")
    .option("--tolerance <x>", "how far a logit may be off, times its size where that is above 1", number, 1e-5)
    .option("--seed <n>", "seed of the random prompts of the check", integer, 0)
    .addHelpText("after", "\nExample:\n  $ fader bake capitals.fader.safetensors capitals-baked --beta -1")
    .action(run);
}

async function run(file: string, folder: string, options: Options): Promise<void> {
  const { beta, tolerance, seed, force = false, addBiases = false } = options;
  await checkFree(folder, force);
  const model = await open(options);
  const interventions = await openMap(file, model);
  const baked = bake(model, interventions, { beta, addBiases });
  const difference = await writeFolder(folder, force, async (temporary) => {
    await saveCheckpoint(temporary, baked);
    const loaded = await loadModel(temporary, { dtype: "auto", name: folder });
    return check({ loaded, baked, model, interventions }, options);
  });
  const changed = Object.keys(baked.weights).filter((name) => baked.weights[name] !== model.weights[name]);
  if (options.json) return printJson({ folder, beta, changed, difference, tolerance, seed });
  const bound = isHalved(baked) ? "16-bit weights are rounded" : `the bound is ${tolerance}`;
  console.log(
    `${folder}: ${changed.length} of ${Object.keys(baked.weights).length} weights changed.\n` +
      `Read back, its logits differ from those of the intervention by at most ${difference.toExponential(1)} ` +
      `on ${PROMPTS} random prompts (${bound}).`,
  );
}

const PROMPTS = 8;

/** What the folder gives, and what it must give. */
interface Checked {
  loaded: Model;
  baked: Model;
  model: Model;
  interventions: Interventions;
}

/**
 * The largest difference between the logits of the folder and those of the intervention on random prompts, relative to
 * logits above 1. Rounded weights can only be held to what was baked. Throws `NumericsError` beyond the tolerance.
 */
function check({ loaded, baked, model, interventions }: Checked, { beta, tolerance, seed }: Options): number {
  let [largest, ofBaked] = [0, 0];
  for (const ids of randomPrompts(model, seed)) {
    step(() => {
      const [got, own] = [loaded, baked].map((one) => one.forward(ids).logits.toTypedArray());
      const want = model.forward(ids, { interventions, beta }).logits.toTypedArray();
      largest = Math.max(largest, differenceOf(got!, want));
      ofBaked = Math.max(ofBaked, differenceOf(got!, own!));
    });
  }
  const held = isHalved(baked) ? ofBaked : largest;
  // NaN is no pass.
  if (held <= tolerance) return largest;
  throw new NumericsError("bake", `the baked logits are off by ${held.toExponential(1)}, nothing was written`, {
    details: { tolerance },
    hint: "Where activations are large they round more: --tolerance says how much is fine.",
  });
}

function differenceOf(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < want.length; i++) {
    largest = Math.max(largest, Math.abs(got[i]! - want[i]!) / Math.max(1, Math.abs(want[i]!)));
  }
  return largest;
}

function randomPrompts({ config }: Model, seed: number): number[][] {
  const random = new Random(seed);
  const longest = Math.min(config.n_ctx, 16);
  return Array.from({ length: PROMPTS }, () => {
    return Array.from({ length: random.integer(1, longest + 1) }, () => random.integer(0, config.vocab_size));
  });
}

function isHalved({ weights }: Model): boolean {
  return Object.values(weights).some(({ dtype }) => isHalf(dtype));
}
