import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Model, saveCheckpoint, Tokenizer } from "fader/nn";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildTokenizer, buildTokenizerConfig, vocabularyTokens } from "../../src/builtin/vocabulary";
import { tinyModel } from "../fixtures/own/tiny";

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

/** Starts the command line from source in a process of its own. */
function start(out: string, ...more: string[]) {
  const main = join(root, "src/cli/main.ts");
  const args = ["--import", "tsx", "--conditions=fader-source", main, "sweep", "--model", checkpoint, ...grid];
  const child = spawn(process.execPath, [...args, "--out", join(folder, out), ...more], { cwd: root });
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
}, 300_000);
