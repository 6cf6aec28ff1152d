import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { ArgumentError } from "../autograd";
import { writeBytes } from "../io/files";
import { fingerprint, type Model } from "../nn";
import { learnTrials } from "../node/sweep/learned";
import type { SweepOptions } from "../node/sweep/run";
import { describeSweep, type FinishedSweep, renderReport } from "../report";
import { checkClaims, type Grid, type SweepTrial, summarize } from "../steering";
import { taskFamily, wordingOf } from "../steering/tasks/registry";
import { quote, readSweep } from "./finished-sweep";
import { type ModelOptions, open, withModel } from "./model-options";
import { integer, printJson, withJson } from "./shared";
import { version } from "./version";

/** `fader report`: the page of a finished sweep, made again. */
export function addReport(program: Command): void {
  withJson(withModel(program.command("report").description("write the HTML report of a finished sweep")))
    .argument("<folder>", "what fader sweep --out named")
    .option("--jobs <n>", "trials at the same time (default: one for each core)", integer)
    .addHelpText("after", "\nExample:\n  $ fader report fader-sweep")
    .action(run);
}

async function run(folder: string, options: ModelOptions & { jobs?: number; json?: boolean }): Promise<void> {
  const { header, ...lines } = await readSweep(folder);
  const model = await open(options);
  if (fingerprint(model) !== header.fingerprint) {
    throw new ArgumentError("report", `${folder} is about another model`, {
      details: { there: `${header.model} ${header.fingerprint}`, given: `${model.name} ${fingerprint(model)}` },
      hint: "Name the same model with --model.",
    });
  }
  const { grid } = header;
  const { revision, offline, dtype, jobs } = options;
  const summary = summarize(grid, lines.results, lines.failed);
  const claims = checkClaims(grid, lines.results);
  const path = await writeReport(model, { grid, results: lines.results, summary, claims }, folder, {
    source: options.model,
    load: { revision, offline, dtype },
    jobs,
  });
  if (options.json) printJson({ report: path });
  else console.log(`Report: ${path}; its figures and their numbers: ${join(folder, "figures")}`);
}

/** Writes `report.html` and `figures/` into the folder of a sweep; returns the path of the page. */
export async function writeReport(
  model: Model,
  sweep: FinishedSweep,
  folder: string,
  from: Pick<SweepOptions, "source" | "load" | "jobs" | "signal">,
): Promise<string> {
  const command = sweepCommand(sweep.grid, from.source);
  const onStep = (what: string) => console.error(`report: ${what}`);
  const learn = (trials: readonly SweepTrial[]) =>
    learnTrials(model, trials, { ...from, out: folder, onLearned: (id) => onStep(`learned ${id} again`) });
  const data = await describeSweep(
    model,
    sweep,
    { command, versions: versionsOf(model), figures: "figures" },
    { learn, onStep },
  );
  const { html, figures } = await renderReport(data);
  const beside = join(folder, "figures");
  // Figures of an earlier report may have other names.
  await rm(beside, { recursive: true, force: true });
  await mkdir(beside, { recursive: true });
  for (const { name, svg, csv } of figures) {
    if (svg !== "") await writeBytes(join(beside, `${name}.svg`), svg);
    await writeBytes(join(beside, `${name}.csv`), csv);
  }
  const path = join(folder, "report.html");
  await writeBytes(path, html);
  return path;
}

/** Everything that numbers depend on beside the command. */
export function versionsOf(model: Model): [name: string, version: string][] {
  return [
    ["Fader", version],
    ["Node", process.version],
    ["Processor", process.arch],
    ["Model fingerprint", fingerprint(model)],
  ];
}

/** The command that runs a grid, with every option that differs from version to version spelled out. */
export function sweepCommand({ tasks, methods, sites, minimality, seeds, steps }: Grid, source?: string): string {
  const wordings = tasks.map((task) => `--${taskFamily("sweep", task.name).wording.option} ${wordingOf(task)}`);
  return [
    "npx fader sweep",
    ...(source === undefined ? [] : [`--model ${quote(source)}`]),
    `--task ${tasks.map(({ name }) => name).join(",")}`,
    ...wordings,
    `--methods ${methods.join(",")}`,
    `--sites ${sites.map((set) => set.join("+")).join(",")}`,
    `--minimality ${minimality.join(",")}`,
    `--seeds ${seeds.length} --seed ${Math.min(...seeds)} --steps ${steps}`,
  ].join(" ");
}
