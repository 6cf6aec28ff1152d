import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import cliProgress from "cli-progress";
import { cosineSchedule } from "fader/autograd";
import { createModel, readTrainingState, saveCheckpoint, Tokenizer, train, writeTrainingState } from "fader/nn";
import { writeFileAtomic } from "../../src/io/disk";
import { card } from "./card";
import { batchAt, lossOf } from "./data";
import { measure, toMarkdown } from "./measure";
import { modelConfig, recipe } from "./recipe";
import { buildTokenizer, buildTokenizerConfig } from "./vocabulary";

const usage = `Trains the built-in model and writes it to models/capitals, with its card.

  npm run train:builtin [-- --fresh] [-- --out DIR]

Goes on from .cache/train-builtin where an earlier run was cut off; --fresh starts over.`;

const { argv } = process;
if (argv.includes("--help")) {
  console.log(usage);
  process.exit(0);
}
const out = argv.includes("--out") ? argv[argv.indexOf("--out") + 1]! : "models/capitals";
const cache = ".cache/train-builtin";
const statePath = `${cache}/state.safetensors`;
if (argv.includes("--fresh")) rmSync(cache, { recursive: true, force: true });
mkdirSync(cache, { recursive: true });

const resume = existsSync(statePath)
  ? readTrainingState(new Uint8Array(readFileSync(statePath)), statePath)
  : undefined;
const tokenizer = Tokenizer.fromJSON(buildTokenizer(), buildTokenizerConfig());
const model = createModel(modelConfig, { seed: recipe.seed, tokenizer, name: "capitals" });
console.log(
  `${model.parameterCount.toLocaleString("en")} parameters, ${recipe.steps} steps of ${recipe.batchSize} documents`,
);
if (resume) console.log(`going on after step ${resume.step}`);

const bar = new cliProgress.SingleBar(
  {
    format: "{bar} {percentage}%  step {value}/{total}  loss {loss}  {eta_formatted} left",
    hideCursor: true,
    noTTYOutput: true,
    notTTYSchedule: 30_000,
  },
  cliProgress.Presets.shades_grey,
);
const start = performance.now();
bar.start(recipe.steps, resume?.step ?? 0, { loss: "" });
let smooth = Number.NaN;
await train(model, {
  ...recipe,
  loss: (current, step) => lossOf(current, batchAt(step)),
  lr: cosineSchedule(recipe),
  ...(resume && { resume }),
  saveEvery: 500,
  onStep({ step, loss }) {
    smooth = Number.isNaN(smooth) ? loss : 0.98 * smooth + 0.02 * loss;
    bar.update(step, { loss: smooth.toFixed(4) });
  },
  onSave: (state) => writeFileAtomic(statePath, writeTrainingState(state)),
});
bar.stop();
const minutes = (performance.now() - start) / 60_000;

const measured = measure(model);
console.log(toMarkdown(measured));
await saveCheckpoint(out, model);
await writeFileAtomic(`${out}/README.md`, card(model, measured));
console.log(`Written to ${out} after ${minutes.toFixed(1)} minutes of training.`);
