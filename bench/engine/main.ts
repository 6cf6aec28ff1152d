import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as engine from "fader/tensor";
import { writeFileAtomic } from "../../src/io/disk";
import { cases, quickCases } from "./cases";
import { references } from "./check";
import { writeCase } from "./data";
import { chooseEngines } from "./engines";
import { measureGrowth } from "./growth";
import { machine } from "./machine";
import { type Limits, measureCase } from "./measure";
import { parseOptions, usage } from "./options";
import { buildPeak } from "./peak/build.mjs";
import type { Results } from "./results";
import { formatResults } from "./tables";

const stored = "bench/results/engine.json";
const full: Limits = { rounds: 7, roundMs: 400, itemMs: 60_000, stepSeconds: 120 };
const brief: Limits = { rounds: 3, roundMs: 60, itemMs: 1500, stepSeconds: 30 };

/** One line that shows what goes on; where there is no terminal, nothing. */
function say(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line.slice(0, 99)}`);
}

async function main(): Promise<void> {
  let options: ReturnType<typeof parseOptions>;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\nnpm run bench:engine -- --help says more.`);
    process.exitCode = 1;
    return;
  }
  if (options === undefined) {
    console.log(usage);
    return;
  }
  const { quick, only, peers, update } = options;
  const limits = quick ? brief : full;
  const { engines, skipped } = chooseEngines(peers, "setThreads" in engine, (line) => console.error(line));
  const before = update ? (JSON.parse(readFileSync(stored, "utf8")) as Results) : undefined;
  const results: Results = { date: new Date().toISOString(), machine: machine(), quick, skipped, cases: {} };
  // In the order of a complete run.
  if (before) Object.assign(results, { cases: { ...before.cases }, growth: before.growth });
  const folder = mkdtempSync(join(tmpdir(), "fader-bench-"));
  // Also when the run is ended by hand: half a gigabyte of weights.
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.on("SIGINT", () => process.exit(130));
  for (const known of cases.filter(({ name }) => only.includes(name))) {
    const spec = (quick && quickCases.find(({ name }) => name === known.name)) || known;
    say(`${spec.name}: writes its inputs`);
    const extra = spec.kind === "gemm" ? { peak: await writePeak(folder) } : {};
    const { folder: own, inputs } = writeCase(folder, spec, extra);
    if (spec.kind === "memory") {
      const command = engines.find(({ name }) => name === "fader")!.commands(own)[0]!;
      results.growth = await measureGrowth(command, quick ? 100 : 1000, say);
    } else {
      results.cases[spec.name] = await measureCase(spec, own, engines, references(spec, inputs), limits, say);
    }
  }
  say("");
  const newTokens = cases.find(({ name }) => name === "generate")!.newTokens!;
  const text = formatResults(results, newTokens);
  console.log(options.json ? JSON.stringify(results, null, 2) : text);
  const isComplete = !quick && cases.every(({ name }) => update || only.includes(name));
  if (isComplete) {
    await writeFileAtomic(stored, `${JSON.stringify(results, null, 2)}\n`);
    await writeFileAtomic("bench/results/engine.txt", `${text}\n`);
  }
}

/** The compiled loops that measure the peak. */
async function writePeak(folder: string): Promise<{ fused: string; plain: string }> {
  mkdirSync(folder, { recursive: true });
  const paths = { fused: join(folder, "peak-fused.wasm"), plain: join(folder, "peak-plain.wasm") };
  writeFileSync(paths.fused, await buildPeak(true));
  writeFileSync(paths.plain, await buildPeak(false));
  return paths;
}

await main();
