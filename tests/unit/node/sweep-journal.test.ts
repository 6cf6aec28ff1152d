import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { ArgumentError } from "fader/autograd";
import { quickGrid, trialsOf } from "fader/steering";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Journal, type JournalEntry, type JournalHeader, journalFormat } from "../../../src/node/sweep/journal";
import { secondsLeft } from "../../../src/node/sweep/time-left";
import { made } from "../../helpers/sweep";

const header: JournalHeader = {
  format: journalFormat,
  version: "1.2.3",
  model: "tiny",
  fingerprint: "00ff",
  grid: quickGrid,
};
const trials = trialsOf(quickGrid);
const entries: JournalEntry[] = [
  { seconds: 2, result: made(trials[0]!) },
  { seconds: 4, failed: { id: "ccc-qa/vectors/…", problem: "the loss is NaN – too fast" } },
  { seconds: 3, result: made(trials[2]!) },
];
let root = "";
let folder = "";
let path = "";
let round = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "fader-journal-"));
});
beforeEach(() => {
  folder = join(root, String(round++), "new");
  path = join(folder, "journal.jsonl");
});
afterAll(() => rm(root, { recursive: true }));

async function write(list: readonly JournalEntry[]): Promise<void> {
  const journal = await Journal.open(folder, header);
  for (const entry of list) await journal.add(entry);
  await journal.close();
}

async function read(own = header, options = {}): Promise<JournalEntry[]> {
  const journal = await Journal.open(folder, own, options);
  await journal.close();
  return journal.entries;
}

test("keeps what was added, and leaves only itself behind", async () => {
  await write(entries);
  expect(await read()).toEqual(entries);
  expect(await readdir(folder)).toEqual(["journal.jsonl"]);
  expect(await read(header, { fresh: true })).toEqual([]);
});

test("killed at any byte of its last line, it keeps the lines before and goes on", async () => {
  await write(entries.slice(0, 1));
  const before = await readFile(path);
  await write(entries.slice(1, 2));
  const after = await readFile(path);
  expect(after.subarray(0, before.length)).toEqual(before);
  for (let bytes = before.length; bytes < after.length; bytes++) {
    await writeFile(path, after.subarray(0, bytes));
    expect(await read(), `${bytes} bytes`).toEqual(entries.slice(0, 1));
    await write(entries.slice(1, 2));
    expect(await readFile(path), `${bytes} bytes`).toEqual(after);
  }
}, 60_000);

test("killed while it starts, it starts again", async () => {
  await write([]);
  const whole = await readFile(path, "utf8");
  for (const bytes of [0, 1, whole.length - 1]) {
    await writeFile(path, whole.slice(0, bytes));
    expect(await read()).toEqual([]);
    expect(await readFile(path, "utf8")).toBe(whole);
  }
});

test("refuses another sweep and names what differs", async () => {
  await write(entries);
  const other = { ...header, fingerprint: "aa", grid: { ...quickGrid, seeds: [7] } };
  const message = await read(other).catch((error: Error) => error.message);
  expect(message).toContain("belongs to a sweep with another fingerprint, seeds");
  expect(message).toMatch(/seeds there +\[0,1,2\]\n +seeds now +\[7\]/);
  expect(message).toContain("--fresh");
  await expect(read({ ...header, version: "2" })).rejects.toThrow(ArgumentError);
  expect(await read()).toEqual(entries);
});

test("refuses a line in the middle that is damaged", async () => {
  await write(entries);
  const lines = (await readFile(path, "utf8")).split("\n");
  for (const text of ["{", "null", '{"result":{}}']) {
    await writeFile(path, [lines[0], text, ...lines.slice(2)].join("\n"));
    await expect(read(), text).rejects.toThrow("line 2 is damaged");
  }
  for (const format of ["other", "fader-sweep/1"]) {
    await writeFile(path, `${JSON.stringify({ ...header, format })}\n`);
    const message = await read().catch((error: Error) => error.message);
    expect(message).toMatch(/not a journal of this format\n +format +\S+\n +expected +fader-sweep\/2/);
    expect(message).toContain("--fresh");
  }
});

test("is open once at a time, and taken over from a process that is gone", async () => {
  const journal = await Journal.open(folder, header);
  await expect(Journal.open(folder, header)).rejects.toThrow(`process ${process.pid} on ${hostname()} is writing here`);
  await journal.close();
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await once(child, "spawn");
  const lock = (pid: number, host = hostname()) =>
    writeFile(`${path}.lock`, JSON.stringify({ pid, host, key: "other" }));
  await lock(child.pid!);
  await expect(read()).rejects.toThrow(`process ${child.pid} `);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await read()).toEqual([]);
  // After a restart the number of the dead process may be our own.
  await lock(process.pid);
  expect(await read()).toEqual([]);
  await writeFile(`${path}.lock`, "");
  expect(await read()).toEqual([]);
  await lock(child.pid!, "elsewhere");
  await expect(read()).rejects.toThrow("on elsewhere is writing here");
});

test("the time left counts what each method took, what is done of the running ones, and the jobs", () => {
  expect(secondsLeft(trials, [], [], 2)).toBeNaN();
  const [scalars, vectors] = [trials[0]!, trials[1]!];
  const list: JournalEntry[] = [
    { seconds: 2, result: made(scalars) },
    { seconds: 10, result: made(vectors) },
  ];
  const three = [scalars, vectors, { ...scalars, seed: 1 }, { ...vectors, seed: 1 }, { ...trials[2]!, seed: 1 }];
  expect(secondsLeft(three, list, [], 1)).toBe(2 + 10 + 6);
  expect(secondsLeft(three, list, [{ trial: three[3]!, share: 0.5 }], 2)).toBe(6.5);
  expect(secondsLeft([scalars, vectors], list, [], 2)).toBe(0);
});
