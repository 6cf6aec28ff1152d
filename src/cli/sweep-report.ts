import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { ArgumentError } from "../autograd";
import { fingerprint, type Model } from "../nn";
import { readBytes, writeBytes } from "../nn/files";
import { type JournalHeader, journalFormat } from "../node/sweep";
import { checkClaims, type FailedTrial, type Grid, summarize, type TrialResult } from "../steering";
import { renderSweepReport } from "./report";
import { type ModelOptions, open, printJson, withJson, withModel } from "./shared";
import { describeSweep, type FinishedSweep } from "./sweep-report-data";
import { version } from "./version";

/** `fader report`: the page of a finished sweep, made again. */
export function addReport(program: Command): void {
  withJson(withModel(program.command("report").description("write the HTML report of a finished sweep")))
    .argument("<folder>", "what fader sweep --out named")
    .addHelpText("after", "\nExample:\n  $ fader report fader-sweep")
    .action(run);
}

async function run(folder: string, options: ModelOptions & { json?: boolean }): Promise<void> {
  const { header, ...lines } = await readSweep(folder);
  const model = await open(options);
  if (fingerprint(model) !== header.fingerprint) {
    throw new ArgumentError("report", `${folder} is about another model`, {
      details: { there: `${header.model} ${header.fingerprint}`, given: `${model.name} ${fingerprint(model)}` },
      hint: "Name the same model with --model.",
    });
  }
  const { grid } = header;
  const summary = summarize(grid, lines.results, lines.failed);
  const claims = checkClaims(grid, lines.results);
  const path = await writeReport(model, { grid, results: lines.results, summary, claims }, folder, options.model);
  if (options.json) printJson({ report: path });
  else console.log(`Report: ${path}; its figures and their numbers: ${join(folder, "figures")}`);
}

/** Writes `report.html` and `figures/` into the folder of a sweep; returns the path of the page. */
export async function writeReport(
  model: Model,
  sweep: FinishedSweep,
  folder: string,
  source: string | undefined,
): Promise<string> {
  const versions: [string, string][] = [
    ["Fader", version],
    ["Node", process.version],
    ["Processor", process.arch],
    ["Model fingerprint", fingerprint(model)],
  ];
  const command = sweepCommand(sweep.grid, source);
  const note = (what: string) => console.error(`report: ${what}`);
  const { html, figures } = await renderSweepReport(await describeSweep(model, sweep, { command, versions }, note));
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

/** The command that runs a grid, with every option that differs from version to version spelled out. */
export function sweepCommand({ tasks, methods, sites, minimality, seeds, steps }: Grid, source?: string): string {
  const form = tasks.flatMap((task) => (task.name === "ccc" ? [`--form ${task.form}`] : []));
  const template = tasks.flatMap((task) => (task.name === "ioi" ? [`--template ${task.template}`] : []));
  return [
    "npx fader sweep",
    ...(source === undefined ? [] : [`--model ${quote(source)}`]),
    `--task ${tasks.map(({ name }) => name).join(",")}`,
    ...form,
    ...template,
    `--methods ${methods.join(",")}`,
    `--sites ${sites.map((set) => set.join("+")).join(",")}`,
    `--minimality ${minimality.join(",")}`,
    `--seeds ${seeds.length} --seed ${Math.min(...seeds)} --steps ${steps}`,
  ].join(" ");
}

/** As a shell takes it for one word. */
function quote(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

async function readSweep(folder: string) {
  const read = async (name: string) => new TextDecoder().decode(await readBytes(join(folder, name)));
  const [header, lines] = [await read("summary.json"), await read("results.jsonl")];
  try {
    const parsed = JSON.parse(header) as JournalHeader & { grid: Grid };
    if (parsed.format !== journalFormat) throw new Error(`format ${parsed.format}, not ${journalFormat}`);
    const all = lines.split("\n").filter((line) => line !== "");
    const entries = all.map((line) => JSON.parse(line) as TrialResult | FailedTrial);
    return {
      header: parsed,
      results: entries.filter((entry): entry is TrialResult => "held" in entry),
      failed: entries.filter((entry): entry is FailedTrial => "problem" in entry),
    };
  } catch (error) {
    throw new ArgumentError("report", `${folder} holds no finished sweep (${(error as Error).message})`, {
      hint: "Run fader sweep with --out naming it.",
    });
  }
}
