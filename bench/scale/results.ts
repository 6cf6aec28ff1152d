import { parseConfig, weightShapes } from "fader/nn";
import { type ShapeName, type Stored, shapes } from "./shapes";

/** What `runner.mjs` prints. Bytes and seconds. */
export interface Measured {
  parameters: number;
  weights: number;
  /** Resident before the model is loaded. */
  bare: number;
  load: { seconds: number; peak: number; after: number };
  peak: number;
  seconds: { forward: number; intervention: number; token: number };
  threads: number;
}

export interface Row {
  shape: ShapeName;
  stored: Stored;
  dtype: string;
  measured: Measured;
}

export interface Results {
  machine: Record<string, string | number>;
  rows: Row[];
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(2)} GB`;
/** Resident memory that a GPT-2 small must stay under, by its storage. */
const goals: Partial<Record<string, number>> = { f32: 3e9, bf16: 1.6e9, f16: 1.6e9 };

/** The tables that `npm run bench:scale` prints. */
export function formatScale({ machine, rows }: Results): string {
  const head = `Node ${machine.node}, ${machine.cores} cores, ${rows[0]?.measured.threads} threads. Random weights.`;
  const columns = ["model", "kept as", "weights", "load", "peak of load", "peak of all", "forward", "step", "token"];
  const cells = rows.map(({ shape, dtype, measured: m }) => [
    shapes[shape].title,
    dtype,
    gigabytes(m.weights),
    `${m.load.seconds.toFixed(1)} s`,
    `${((m.load.peak - m.bare) / m.weights).toFixed(2)} x weights`,
    gigabytes(m.peak),
    milliseconds(m.seconds.forward),
    milliseconds(m.seconds.intervention),
    milliseconds(m.seconds.token),
  ]);
  return [
    head,
    "",
    "Memory and time: forward and intervention step of 8 x 16 tokens, one generated token",
    table([columns, ...cells]),
    "",
    "Resident memory of GPT-2 small, everything included",
    ...rows.filter(({ shape }) => shape === "small").map(goalLine),
    "",
    "On paper, from bytes per parameter: what the weights take, and the engine's memory of 4.29 GB has room for",
    table([
      ["model", "parameters", "f32", "16 bits"],
      ...Object.keys(shapes).map((name) => onPaper(name as ShapeName)),
    ]),
  ].join("\n");
}

function goalLine({ dtype, measured: { peak } }: Row): string {
  const goal = goals[dtype]!;
  return `  ${dtype.padEnd(5)} ${gigabytes(peak)}, goal ${gigabytes(goal)}: ${peak <= goal ? "reached" : "not reached"}`;
}

/** Matrices in two or four bytes for each number, vectors in four. */
function onPaper(name: ShapeName): string[] {
  let [matrices, vectors] = [0, 0];
  for (const shape of Object.values(weightShapes(parseConfig(shapes[name].config)))) {
    const size = shape.reduce((a, b) => a * b, 1);
    if (shape.length > 1) matrices += size;
    else vectors += size;
  }
  const room = 2 ** 32;
  const show = (bytes: number) => `${gigabytes(bytes)}${bytes > room ? ", does not fit" : ""}`;
  const total = matrices + vectors;
  return [shapes[name].title, `${(total / 1e6).toFixed(0)} M`, show(4 * total), show(2 * matrices + 4 * vectors)];
}

function milliseconds(seconds: number): string {
  return `${(1000 * seconds).toFixed(0)} ms`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    `  ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ")}`;
  return rows.map((row) => line(row).trimEnd()).join("\n");
}
