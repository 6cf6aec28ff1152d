import cliProgress from "cli-progress";
import { type Command, InvalidArgumentError, Option } from "commander";
import { sites as allSites, type Model, type Site } from "../nn";
import { runSweep, type SweepProgress } from "../node/sweep/run";
import {
  defaultGrid,
  type Grid,
  type Kind,
  quickGrid,
  type Task,
  taskFamilies,
  type WordedTask,
  wordedTask,
} from "../steering";
import { taskFamily, taskOf } from "../steering/tasks/registry";
import { type ModelOptions, open, withModel } from "./model-options";
import { writeReport } from "./report";
import { integer, number, printJson, withJson } from "./shared";
import { warn, withWording, wordingIn } from "./task-options";
import { version } from "./version";

interface Options extends ModelOptions {
  task?: string[];
  methods?: Kind[];
  sites?: Site[][];
  minimality?: number[];
  seeds?: number;
  seed: number;
  steps?: number;
  quick?: boolean;
  jobs?: number;
  out: string;
  fresh?: boolean;
  json?: boolean;
}

const names = taskFamilies.map(({ name }) => name);

/** `fader sweep`: every method on every task at every setting and seed, with intervals and the paper's claims. */
export function addSweep(program: Command): void {
  const command = program
    .command("sweep")
    .description("tasks × methods × sites × penalties × seeds, with intervals and the paper's claims");
  withWording(withJson(withModel(command)))
    .option("--task <list>", `any of ${names.join(", ")} (default: those that fit the model)`, oneOf(names))
    .option("--methods <list>", "default: scalars,vectors,dynamic", oneOf(["scalars", "vectors", "dynamic"] as const))
    .option("--sites <list>", "sets of sites, those of a set joined by +, such as attn_out+mlp_out,z", siteSets)
    .option("--minimality <list>", "penalties as multiples of each method's default", listOf(number))
    .option("--seeds <n>", "how many seeds, each with a split of its own (default: 5)", integer)
    .option("--seed <n>", "the first of them", integer, 0)
    .option("--steps <n>", "most updates of a learner (default: 400)", integer)
    .option("--quick", "a small grid: one set of sites, one penalty, three seeds, 150 updates")
    .option("--jobs <n>", "trials at the same time (default: one for each core)", integer)
    .addOption(new Option("--out <folder>", "where the journal and the results go").default("fader-sweep"))
    .option("--fresh", "drop what an earlier sweep left in that folder")
    .addHelpText(
      "after",
      "\nAfter a stop or a kill the same command goes on where it was.\n\nExample:\n  $ fader sweep --quick --seed 100",
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const model = await open(options);
  const grid = gridFor(model, options);
  const { model: source, revision, offline, dtype, out, jobs, fresh } = options;
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  const bar = sweepBar();
  try {
    const load = { revision, offline, dtype };
    const { signal } = stop;
    const given = { out, source, load, jobs, fresh, version, signal, onProgress: bar.onProgress };
    const { results, summary, claims, text } = await runSweep(model, grid, given);
    bar.stop();
    if (options.json) printJson({ ...summary, claims });
    else console.log(`${text}\n\nEvery trial: ${out}/results.jsonl; all numbers: ${out}/summary.json`);
    const report = await writeReport(model, { grid, results, summary, claims }, out, { source, load, jobs, signal });
    if (!options.json) console.log(`Report: ${report}; its figures and their numbers: ${out}/figures`);
  } catch (error) {
    bar.stop();
    if (!stop.signal.aborted) throw error;
    console.error(`Stopped. ${bar.finished()} finished trials are in ${out}; the same command goes on from there.`);
    process.exitCode = 130;
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}

/** The grid that the options name. Of tasks that nobody asked for, those that do not fit the model are left out. */
function gridFor(model: Model, options: Options): Grid {
  const base = options.quick ? quickGrid : defaultGrid;
  const { task, methods, sites, minimality, seed, steps } = options;
  const count = options.seeds ?? base.seeds.length;
  const seeds = Array.from({ length: Math.max(0, count) }, (_, i) => seed + i);
  const all = (task ?? names).map((name) => {
    const family = taskFamily("sweep", name);
    return wordedTask(family, wordingIn(options, family));
  });
  const tasks = all.filter((one) => fits(model, one, seed, task !== undefined || all.length === 1));
  return {
    tasks,
    methods: methods ?? base.methods,
    sites: sites ?? base.sites,
    minimality: minimality ?? base.minimality,
    seeds,
    steps: steps ?? base.steps,
  };
}

function fits(model: Model, task: WordedTask, seed: number, isAsked: boolean): boolean {
  let built: Task;
  try {
    built = taskOf(model, task, seed);
  } catch (error) {
    if (isAsked) throw error;
    console.error(`warning: without ${task.name}: ${(error as Error).message}`);
    return false;
  }
  warn(built.warnings.map((warning) => `${task.name}: ${warning}`));
  return true;
}

/** On a terminal a bar with the time left; elsewhere a line for each finished trial. On standard error. */
function sweepBar(): { onProgress: (progress: SweepProgress) => void; stop: () => void; finished: () => number } {
  const isTerminal = process.stderr.isTTY === true;
  const bar = new cliProgress.SingleBar(
    {
      format: "  {bar} {finished}/{total} trials  {left} left",
      hideCursor: true,
      barsize: 30,
      stream: process.stderr,
    },
    cliProgress.Presets.shades_grey,
  );
  let isStarted = false;
  let count = 0;
  return {
    onProgress({ trials, finished, resumed, done, secondsLeft, last }) {
      count = finished;
      const left = showTime(secondsLeft);
      if (!isStarted && resumed > 0) console.error(`${resumed} of ${trials} trials were finished before.`);
      if (isTerminal) {
        if (isStarted) bar.update(done, { finished, left });
        else bar.start(trials, done, { finished, left });
      } else if (last !== undefined) {
        console.error(`${finished}/${trials}  ${last.id}  ${last.seconds.toFixed(1)} s  ${left} left`);
      }
      isStarted = true;
    },
    stop: () => bar.stop(),
    finished: () => count,
  };
}

/** `2 h 05 min`, `3 min`, `40 s` */
function showTime(seconds: number): string {
  if (Number.isNaN(seconds)) return "…";
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

function listOf<T>(read: (text: string) => T): (text: string) => T[] {
  return (text) => text.split(",").map((part) => read(part.trim()));
}

function oneOf<const T extends string>(valid: readonly T[]): (text: string) => T[] {
  return listOf((text) => {
    const found = valid.find((name) => name === text);
    if (found === undefined) throw new InvalidArgumentError(`"${text}" is not one of ${valid.join(", ")}.`);
    return found;
  });
}

const siteSets = listOf((text) => text.split("+").flatMap((name) => oneOf(allSites)(name)));
