import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Model, saveCheckpoint, Tokenizer } from "fader/nn";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildTokenizer, buildTokenizerConfig, vocabularyTokens } from "../../scripts/train-builtin/vocabulary";
import { sweepCommand } from "../../src/cli/report";
import { cliMain } from "../helpers/built-cli";
import { tinyModel } from "../helpers/tiny";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder = "";
let checkpoint = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fader-sweep-"));
  checkpoint = join(folder, "tiny");
  const sizes = { n_layer: 1, n_embd: 8, n_positions: 32, vocab_size: vocabularyTokens().length, eos_token_id: 0 };
  const { config, weights } = tinyModel(sizes);
  await saveCheckpoint(
    checkpoint,
    new Model(config, weights, Tokenizer.fromJSON(buildTokenizer(), buildTokenizerConfig())),
  );
});
afterAll(() => rm(folder, { recursive: true }));

const grid = ["--task", "ccc", "--minimality", "1,2", "--sites", "mlp_out", "--seeds", "2", "--steps", "5"];

/** Starts a sweep in a folder. */
function start(out: string, ...more: string[]) {
  return fader("sweep", "--model", checkpoint, ...grid, "--out", join(folder, out), ...more);
}

/** Starts the command line in a process of its own. */
function fader(...args: string[]) {
  const child = spawn(process.execPath, [cliMain, ...args], { cwd: root });
  const seen = { out: "", error: "" };
  child.stdout.on("data", (part) => {
    seen.out += part;
  });
  child.stderr.on("data", (part) => {
    seen.error += part;
  });
  return { child, seen, ended: once(child, "close") };
}

const lines = async (out: string, file: string) => {
  const path = join(folder, out, file);
  return existsSync(path) ? (await readFile(path, "utf8")).split("\n").slice(0, -1) : [];
};

/** Waits until some trials are in the journal, then sends a signal. */
async function stopAfter(trials: number, out: string, signal: NodeJS.Signals): Promise<ReturnType<typeof start>> {
  const run = start(out, "--jobs", "1");
  while ((await lines(out, "journal.jsonl")).length <= trials) {
    if (run.child.exitCode !== null) throw new Error(`ended too early: ${run.seen.error}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  run.child.kill(signal);
  await run.ended;
  return run;
}

test("a sweep that was killed and one that was stopped go on to the same bytes as one that ran through", async () => {
  const whole = start("whole", "--jobs", "2");
  await whole.ended;
  expect(whole.child.exitCode, whole.seen.error).toBe(0);
  expect(whole.seen.out).toContain("ccc-qa");
  const results = await readFile(join(folder, "whole", "results.jsonl"), "utf8");
  for (const line of results.trim().split("\n")) expect(JSON.parse(line).offTask.tokens).toHaveLength(64);
  const report = await readFile(join(folder, "whole", "report.html"), "utf8");
  expect(whole.seen.out).toContain(`Report: ${join(folder, "whole", "report.html")}`);
  for (const title of ["Harm off the task", "Baselines", "How few places are enough", "The paper&#39;s claims"]) {
    expect(report.includes(`>${title}</h`), title).toBe(true);
  }
  expect(await lines("whole", "results.jsonl")).toHaveLength(12);

  const killed = await stopAfter(1, "cut", "SIGKILL");
  expect(killed.child.signalCode).toBe("SIGKILL");
  expect(existsSync(join(folder, "cut", "results.jsonl"))).toBe(false);
  const afterKill = await lines("cut", "journal.jsonl");
  expect(afterKill.length).toBeLessThan(13);

  const stopped = await stopAfter(afterKill.length, "cut", "SIGINT");
  expect(stopped.child.exitCode, stopped.seen.error).toBe(130);
  expect(stopped.seen.error).toContain("the same command goes on from there");

  const last = start("cut", "--jobs", "2", "--json");
  await last.ended;
  expect(last.child.exitCode, last.seen.error).toBe(0);
  expect(JSON.parse(last.seen.out).claims).toHaveLength(6);
  const journal = await lines("cut", "journal.jsonl");
  // Nothing lost, nothing twice: what was finished first is still there as it was.
  expect(journal).toHaveLength(13);
  expect(journal.slice(0, afterKill.length)).toEqual(afterKill);
  expect(new Set(journal.slice(1).map((line) => JSON.parse(line).result.id)).size).toBe(12);
  for (const file of ["results.jsonl", "summary.json", "summary.txt"]) {
    expect(await readFile(join(folder, "cut", file), "utf8"), file).toBe(
      await readFile(join(folder, "whole", file), "utf8"),
    );
  }
  expect(await readFile(join(folder, "cut", "results.jsonl"), "utf8")).toBe(results);

  const other = start("cut", "--seed", "5");
  await other.ended;
  expect(other.child.exitCode).toBe(1);
  expect(other.seen.error).toContain("belongs to a sweep with another seeds");

  // Made again, the page is the same.
  const again = fader("report", join(folder, "cut"), "--model", checkpoint, "--json");
  await again.ended;
  expect(again.child.exitCode, again.seen.error).toBe(0);
  const path = JSON.parse(again.seen.out).report;
  expect(path).toBe(join(folder, "cut", "report.html"));
  expect((await readFile(path, "utf8")) === report).toBe(true);
  const curve = (await readFile(join(folder, "cut", "figures", "ccc-qa-curve-Pruning-curve.csv"), "utf8")).split("\n");
  expect(curve[0]).toBe("method,k,effectiveness,effectiveness_low,effectiveness_high");
  expect(curve[1]).toMatch(/^scalars,0(,[\d.]+){3}$/);

  const wrong = fader("report", join(folder, "cut"));
  await wrong.ended;
  expect(wrong.child.exitCode).toBe(1);
  expect(wrong.seen.error).toContain("is about another model");
}, 600_000);

test("a report of no sweep, of one that is not finished, and of another format says what to do", async () => {
  const report = async (name: string) => {
    const { child, seen, ended } = fader("report", join(folder, name));
    await ended;
    expect(child.exitCode).toBe(1);
    return seen.error;
  };
  const missing = await report("nothing here");
  expect(missing).toContain(`report: ${join(folder, "nothing here")} holds no sweep`);
  expect(missing).toContain(`fader sweep --quick --out '${join(folder, "nothing here")}'`);

  const half = join(folder, "half");
  await mkdir(half);
  const own = { tasks: [{ name: "ccc", form: "qa" }], methods: ["scalars"], sites: [["mlp_out"]], minimality: [1] };
  const header = { format: "fader-sweep/2", grid: { ...own, seeds: [0, 1], steps: 5 } };
  await writeFile(join(half, "journal.jsonl"), `${JSON.stringify(header)}\n{}\n`);
  expect(await report("half")).toContain(`the sweep in ${half} has 1 of 2 trials`);

  const old = join(folder, "old");
  await mkdir(old);
  await writeFile(join(old, "summary.json"), JSON.stringify({ ...header, format: "fader-sweep/1" }));
  await writeFile(join(old, "results.jsonl"), "{}\n");
  const refused = await report("old");
  expect(refused).toContain("its format is fader-sweep/1, not fader-sweep/2");
  expect(refused).toContain(`fader sweep --fresh --out ${old}`);
}, 120_000);

test("the command names everything that the grid depends on", () => {
  const tasks = [
    { name: "ccc" as const, form: "qa" as const },
    { name: "ioi" as const, template: 2 },
  ];
  const grid = { tasks, methods: ["scalars" as const], sites: [["attn_out", "mlp_out"] as const, ["z"] as const] };
  expect(sweepCommand({ ...grid, minimality: [1, 3], seeds: [7, 8], steps: 150 }, "my model's")).toBe(
    "npx fader sweep --model 'my model'\\''s' --task ccc,ioi --form qa --template 2 --methods scalars " +
      "--sites attn_out+mlp_out,z --minimality 1,3 --seeds 2 --seed 7 --steps 150",
  );
});
