import { itemSize } from "./dtype";
import type { Tensor } from "./tensor";

/** Measurements under one name. */
export interface ProfileRow {
  name: string;
  calls: number;
  /** Milliseconds. */
  time: number;
  /** Bytes read and written by kernels, each tensor once. */
  bytes: number;
  /** Floating-point operations, of the ops that say how many. */
  flops: number;
}

const rows = new Map<string, ProfileRow>();
/** The row that is being measured: what runs inside it belongs to it. */
let current: ProfileRow | undefined;

/** Off, it costs one look at `isOn` per op. */
export const profiler = {
  isOn: false,

  /** Runs `body` and adds its time to the row `name`, unless a row around it is already being measured. */
  measure<T>(name: string, body: () => T): T {
    if (!profiler.isOn || current !== undefined) return body();
    const row = rows.get(name) ?? { name, calls: 0, time: 0, bytes: 0, flops: 0 };
    rows.set(name, row);
    current = row;
    const start = performance.now();
    try {
      return body();
    } finally {
      row.time += performance.now() - start;
      row.calls++;
      current = undefined;
    }
  },

  /** Adds what a kernel read and wrote, and its operations, to the row that is being measured. */
  count(tensors: readonly Tensor[], flops = 0): void {
    if (current === undefined) return;
    for (const x of tensors) current.bytes += x.size * itemSize[x.dtype];
    current.flops += flops;
  },
};

/** Measures a kernel that is called outside any op; `tensors` are those that it reads or writes. */
export function timed(name: string, tensors: readonly Tensor[], body: () => void): void {
  profiler.measure(name, () => {
    body();
    profiler.count(tensors);
  });
}

/** Switches the profile on or off. In Node, `FADER_PROFILE=1` switches it on and prints the table at exit. */
export function setProfile(on: boolean): void {
  profiler.isOn = on;
}

/** Runs `body` with the profile on, prints the table of that run alone, and gives back what `body` returned. */
export function profile<T>(body: () => T): T {
  const wasOn = profiler.isOn;
  resetProfile();
  profiler.isOn = true;
  try {
    return body();
  } finally {
    profiler.isOn = wasOn;
    printProfile();
  }
}

/** Forgets what was measured so far. */
export function resetProfile(): void {
  rows.clear();
}

/** The rows measured so far, the longest time first. Gradients are named `op ∂`. */
export function profileRows(): ProfileRow[] {
  return [...rows.values()].map((row) => ({ ...row })).sort((a, b) => b.time - a.time);
}

/** The rows as a table of at most 100 columns, with a total. */
export function profileTable(measured: readonly ProfileRow[] = profileRows()): string {
  const sum = (of: (row: ProfileRow) => number) => measured.reduce((total, row) => total + of(row), 0);
  const total: ProfileRow = {
    name: "total",
    calls: sum((row) => row.calls),
    time: sum((row) => row.time),
    bytes: sum((row) => row.bytes),
    flops: sum((row) => row.flops),
  };
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => pad(cell, widths[i]!, i === 0))
      .join(" ")
      .trimEnd();
  const body = [...measured, total].map((row) => line(cellsOf(row, total.time)));
  body.splice(measured.length, 0, "-".repeat(widths.reduce((a, b) => a + b + 1, -1)));
  return [line(["op", "calls", "ms", "share", "µs/call", "MB", "GB/s", "GFLOP", "GFLOP/s"]), ...body].join("\n");
}

/** Prints `profileTable()`. */
export function printProfile(): void {
  console.log(profileTable());
}

const widths = [29, 8, 9, 6, 9, 9, 7, 8, 7];

function cellsOf({ name, calls, time, bytes, flops }: ProfileRow, all: number): string[] {
  const perSecond = (n: number) => (time > 0 && n > 0 ? (n / time / 1e6).toFixed(1) : "");
  return [
    name,
    String(calls),
    time.toFixed(1),
    all > 0 ? `${((100 * time) / all).toFixed(1)}%` : "",
    calls > 0 ? ((1000 * time) / calls).toFixed(1) : "",
    bytes > 0 ? (bytes / 1e6).toFixed(1) : "",
    perSecond(bytes),
    flops > 0 ? (flops / 1e9).toFixed(2) : "",
    perSecond(flops),
  ];
}

function pad(cell: string, width: number, isText: boolean): string {
  if (!isText) return cell.padStart(width);
  return cell.length > width ? `${cell.slice(0, width - 1)}…` : cell.padEnd(width);
}

/** Node's `process`, where there is one: this layer imports no Node module. */
const host = (globalThis as { process?: { env?: Record<string, string>; on?(event: "exit", run: () => void): void } })
  .process;
const wish = host?.env?.FADER_PROFILE;
if (wish !== undefined && wish !== "" && wish !== "0") {
  profiler.isOn = true;
  host?.on?.("exit", printProfile);
}
