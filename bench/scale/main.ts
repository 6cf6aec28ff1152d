import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { writeFileAtomic } from "../../src/io/disk";
import { machine } from "../engine/machine";
import { writeRandomCheckpoint } from "./checkpoint";
import { formatScale, type Results, type Row } from "./results";
import { type ShapeName, type Stored, shapes } from "./shapes";

const usage = `Measures memory and time of models of published sizes with random weights.

  npm run bench:scale [-- --large]

GPT-2 small, stored and kept in 32 and 16 bits; with --large also GPT-2 XL and Pythia-1.4B in 16 bits, which need
8 GB of memory and 4 GB of disk. Writes bench/results/scale.json and scale.txt. Linux.`;

const isLarge = process.argv.includes("--large");
if (process.argv.includes("--help")) {
  console.log(usage);
  process.exit(0);
}

const cases: [ShapeName, Stored, string][] = [
  ["small", "F32", "f32"],
  ["small", "BF16", "bf16"],
  ["small", "F16", "f16"],
  ...(isLarge
    ? ([
        ["xl", "BF16", "bf16"],
        ["pythia", "F16", "f16"],
      ] as [ShapeName, Stored, string][])
    : []),
];

const runner = fileURLToPath(new URL("runner.mjs", import.meta.url));
const results = (name: string) => fileURLToPath(new URL(`../results/${name}`, import.meta.url));

/** Each in a process of its own, so that its memory is its own. */
async function measure(shape: ShapeName, stored: Stored, dtype: string): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), "fader-scale-"));
  try {
    console.error(`${shapes[shape].title}, ${stored}`);
    writeRandomCheckpoint(folder, shape, stored);
    const { stdout } = await promisify(execFile)(process.execPath, [runner, folder, dtype]);
    return { shape, stored, dtype, measured: JSON.parse(stdout) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const rows: Row[] = [];
for (const [shape, stored, dtype] of cases) rows.push(await measure(shape, stored, dtype));
// Without --large the rows of the last large run stay.
const old = await readFile(results("scale.json"), "utf8").then(
  (text) => (JSON.parse(text) as Results).rows.filter(({ shape }) => shape !== "small"),
  () => [],
);
const all: Results = { machine: machine(), rows: isLarge ? rows : [...rows, ...old] };
await writeFileAtomic(results("scale.json"), `${JSON.stringify(all, null, 2)}\n`);
await writeFileAtomic(results("scale.txt"), `${formatScale(all)}\n`);
console.log(formatScale(all));
