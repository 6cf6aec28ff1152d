import { existsSync, readFileSync } from "node:fs";
import { fingerprint, type Model } from "fader/nn";
import {
  acrossLengths,
  countryCapitals,
  evaluate,
  indirectObjects,
  type LearnedIntervention,
  learnDynamic,
  learnScalars,
  type Metrics,
  type Prompt,
  type TaskName,
} from "fader/steering";
import { writeFileAtomic } from "../src/io/disk";
import { loadModel } from "../src/load";

/**
 * DynScalar over prompt lengths: learned on some wordings of a task, tested on wordings of lengths that it never saw, beside
 * one scalar for all positions, learned on the same prompts, and scalars tied to positions, learned on one wording and
 * tested on that one only. The seed draws the split and starts the learner. Names of tasks measure only those.
 * Trials that `bench/results/dynamic.json` holds for this model are kept: remove the file to measure all anew.
 */
const seeds = [0, 1, 2];
const steps = 120;
const tasks = ["ccc", "ioi"] as const;

/** Measures of each method on each of its test sets. */
type Sets = Record<string, Pick<Metrics, (typeof measures)[number]>>;
interface Trial {
  task: TaskName;
  seed: number;
  split: string;
  methods: Record<string, Sets>;
}
interface Results {
  model: string;
  steps: number;
  trials: Trial[];
}
const measures = ["prompts", "flipsPlus", "flipsMinus", "klOthers", "bestOtherKept", "activeParameters"] as const;

const model = await loadModel();
const file = new URL("./results/dynamic.json", import.meta.url);
const fresh: Results = { model: fingerprint(model), steps, trials: [] };
const wanted = process.argv.slice(2);
for (const task of tasks.filter((name) => wanted.length === 0 || wanted.includes(name))) {
  for (const seed of seeds) {
    if (stored().trials.some((trial) => trial.task === task && trial.seed === seed)) continue;
    const trial = await measure(model, task, seed);
    const { trials } = stored();
    const all = [...trials, trial].sort((a, b) => a.task.localeCompare(b.task) || a.seed - b.seed);
    await writeFileAtomic(file.pathname, `${JSON.stringify({ ...fresh, trials: all }, null, 2)}\n`);
    console.error(`${task}, seed ${seed} done`);
  }
}
const text = tasks.map((task) => table(task, stored().trials)).join("\n\n");
await writeFileAtomic(new URL("./results/dynamic.txt", import.meta.url).pathname, `${text}\n`);
console.log(text);

/** The results so far; none where they are of another model or other settings. */
function stored(): Results {
  if (!existsSync(file)) return fresh;
  // JSON has no NaN, the share of no prompts.
  const revive = (_: string, value: unknown) => (value === null ? Number.NaN : value);
  const results = JSON.parse(readFileSync(file, "utf8"), revive) as Results;
  return results.model === fresh.model && results.steps === steps ? results : fresh;
}

async function measure(model: Model, name: TaskName, seed: number): Promise<Trial> {
  const task = acrossLengths(model, name, { seed });
  const one =
    name === "ccc" ? countryCapitals(model, { seed, form: "qa" }) : indirectObjects(model, { seed, template: 1 });
  const sets: Record<string, readonly Prompt[]> = { "a trained length": one.test, "lengths never seen": task.test };
  const options = { seed, steps, task: name };
  const on = (learned: LearnedIntervention, names: readonly string[]): Sets =>
    Object.fromEntries(names.map((set) => [set, picked(evaluate(model, sets[set]!, learned))]));
  const both = Object.keys(sets);
  return {
    task: name,
    seed,
    split: task.split,
    methods: {
      dynamic: on(await learnDynamic(model, task.train, options), both),
      "scalars, all positions": on(await learnScalars(model, task.train, { ...options, positions: "all" }), both),
      "scalars by position": on(await learnScalars(model, one.train, options), both.slice(0, 1)),
    },
  };
}

function picked(metrics: Metrics): Sets[string] {
  return Object.fromEntries(measures.map((key) => [key, metrics[key]])) as Sets[string];
}

function table(task: TaskName, trials: readonly Trial[]): string {
  const own = trials.filter((trial) => trial.task === task);
  const [first] = own;
  if (first === undefined) return `${task}: not measured`;
  const percent = (value: number) => `${(100 * value).toFixed(0)}%`;
  const columns: [string, (typeof measures)[number], (value: number) => string][] = [
    ["flips β=+1", "flipsPlus", percent],
    ["flips β=−1", "flipsMinus", percent],
    ["kl-others", "klOthers", (value) => value.toFixed(2)],
    ["best other kept", "bestOtherKept", percent],
    ["parameters", "activeParameters", (value) => value.toFixed(0)],
  ];
  const rows = Object.keys(first.methods).flatMap((method) =>
    Object.keys(first.methods[method]!).map((set) => [
      method,
      set,
      ...columns.map(([, key, show]) =>
        spread(
          own.map((trial) => trial.methods[method]![set]![key]),
          show,
        ),
      ),
    ]),
  );
  const lines = [["", "tested on", ...columns.map(([heading]) => heading)], ...rows];
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  const pad = (line: string[]) =>
    line.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ");
  const [heading, ...body] = lines.map(pad);
  const note = `mean ± deviation over ${own.length} seeds; –: no prompt could be flipped that way`;
  return [`${task}, seed ${first.seed}: ${first.split}`, heading, "─".repeat(heading!.length), ...body, note].join(
    "\n",
  );
}

function spread(values: readonly number[], show: (value: number) => string): string {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  if (Number.isNaN(mean)) return "–";
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / Math.max(values.length - 1, 1);
  return `${show(mean)} ± ${show(Math.sqrt(variance))}`;
}
