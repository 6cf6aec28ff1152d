import { dispatchCost, evaluateGoals } from "./goals";
import { type EngineResult, gflops, type Measured, type Results } from "./results";

/** Lines of at most 100 columns where the cells allow: the first column to the left, the others to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, c) => Math.max(...rows.map((row) => (row[c] ?? "").length)));
  const lines = rows.map((row) =>
    widths.map((width, c) => (c === 0 ? (row[c] ?? "").padEnd(width) : (row[c] ?? "").padStart(width))).join("  "),
  );
  const [head, ...body] = lines.map((line) => line.trimEnd());
  const rule = "─".repeat(widths.reduce((a, b) => a + b + 2, -2));
  return [head, rule, ...body].join("\n");
}

export const milliseconds = (ms: number): string => {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 100) return `${ms.toFixed(0)} ms`;
  return ms >= 1 ? `${ms.toFixed(1)} ms` : `${(1000 * ms).toFixed(1)} µs`;
};
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

/** A number of each engine by item, with what stands where there is none. */
function grid(
  engines: Readonly<Record<string, EngineResult>>,
  items: readonly string[],
  cell: (time: Measured, item: string) => string,
): string[][] {
  const names = Object.keys(engines);
  return items.map((item) => [
    item,
    ...names.map((name) => {
      const { times, notes } = engines[name]!;
      return times[item] ? cell(times[item], item) : short(notes[item]);
    }),
  ]);
}

const short = (note: string | undefined): string => (note === undefined ? "–" : note.split(":")[0]!.slice(0, 13));

function productTable(engines: Readonly<Record<string, EngineResult>>): string {
  const own = engines["fader-1"]?.times ?? {};
  const peak = own.peak?.values.gflops;
  const items = Object.keys({ ...engines["fader-1"]?.times, ...engines["fader-1"]?.notes }).filter((i) => i !== "peak");
  const rows = grid(engines, items, ({ median, q1, q3 }, item) => {
    const half = (gflops(item, q1) - gflops(item, q3)) / 2;
    return `${gflops(item, median).toFixed(1)} ±${half.toFixed(1)}`;
  });
  const shares = rows.map((row) => {
    const time = own[row[0]!]?.median;
    return [...row, peak && time ? `${((100 * gflops(row[0]!, time)) / peak).toFixed(0)}%` : "–"];
  });
  const table = formatTable([["GFLOP/s", ...Object.keys(engines), "of peak"], ...shares]);
  const kind = own.peak?.values.fused === 1 ? "fused multiply-adds" : "products and sums";
  return peak ? `${table}\nSIMD peak of one core, ${kind}: ${peak.toFixed(1)} GFLOP/s` : table;
}

/** Bytes read and written for a million floats. */
const moved: Readonly<Record<string, number>> = { add: 12, softmax: 8, layerNorm: 8, gelu: 8, copy: 8 };

function elementwiseTable(engines: Readonly<Record<string, EngineResult>>): string {
  const rate = (item: string, ms: number) => (moved[item]! * 1024 * 1024) / ms / 1e6;
  const rows = grid(engines, ["add", "softmax", "layerNorm", "gelu"], ({ median }, item) =>
    rate(item, median).toFixed(2),
  );
  const copy = engines.fader?.times.copy?.median;
  const table = formatTable([["GB/s", ...Object.keys(engines)], ...rows]);
  return copy ? `${table}\na copy: ${rate("copy", copy).toFixed(2)} GB/s` : table;
}

function dispatchTable(results: Results): string {
  const engines = results.cases.dispatch!.engines;
  const rows = Object.entries(engines).map(([name, { notes }]) => {
    const cost = dispatchCost(results, name);
    return cost
      ? [name, cost.forward.toFixed(2), cost.backward.toFixed(2)]
      : [name, short(notes.forward), short(notes.gradient)];
  });
  return formatTable([["µs per op", "forward", "backward"], ...rows]);
}

/** Time, spread, ratio and memory of one whole step. */
function stepTable(engines: Readonly<Record<string, EngineResult>>, newTokens: number | undefined): string {
  const own = engines.fader?.times.step?.median;
  const rows = Object.entries(engines).map(([name, { times, notes, memory, info }]) => {
    const time = times.step;
    const resident = memory ? [megabytes(memory.peak), megabytes(memory.peak - memory.bare)] : ["–", "–"];
    if (!time) return [name, (notes.step ?? "–").slice(0, 40), "", "", ...resident, ""];
    const speed = newTokens ? [`${((1000 * newTokens) / time.median).toFixed(1)}/s`] : [milliseconds(time.median)];
    const middle = `${milliseconds(time.q1)}–${milliseconds(time.q3)}`;
    const threads = info.OMP_NUM_THREADS ? `${info.OMP_NUM_THREADS}/${info.OPENBLAS_NUM_THREADS}` : `${info.threads}`;
    return [name, ...speed, middle, own ? `${(time.median / own).toFixed(2)}x` : "–", ...resident, threads];
  });
  const head = newTokens ? "tokens" : "median";
  return formatTable([["", head, "middle half", "to fader", "MB", "above bare", "threads"], ...rows]);
}

/** Versions of the peers and what our engine says about itself. */
function versions(results: Results): string[] {
  const infos = new Map<string, string>();
  for (const { engines } of Object.values(results.cases)) {
    for (const [name, { info }] of Object.entries(engines)) {
      if (info.version) infos.set(name, `${name} ${info.version}`);
      else if (info.backend) infos.set(name, `${name}: ${info.threads} threads, relaxed SIMD ${info.relaxedSimd}`);
    }
  }
  return infos.size === 0 ? [] : [[...infos.values()].join("; ")];
}

export function formatResults(results: Results, newTokens: number): string {
  const { machine } = results;
  const parts = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.os}, Node ${machine.node}${results.quick ? "; a quick run" : ""}`,
    ...versions(results),
    ...results.skipped.map((line) => `skipped: ${line}`),
  ];
  for (const [name, { title, engines }] of Object.entries(results.cases)) {
    parts.push("", title);
    if (name === "gemm") parts.push(productTable(engines));
    else if (name === "elementwise") parts.push(elementwiseTable(engines));
    else if (name === "dispatch") parts.push(dispatchTable(results));
    else parts.push(stepTable(engines, name === "generate" ? newTokens : undefined));
    for (const [engine, { notes }] of Object.entries(engines)) {
      const wrong = Object.entries(notes).map(([item, note]) => `${engine}, ${item}: ${note}`);
      parts.push(...wrong.map((line) => line.slice(0, 100)));
    }
  }
  const goals = evaluateGoals(results).filter((goal) => goal.reached !== undefined || goal.measured !== "not measured");
  const verdict = (reached: boolean | undefined) =>
    reached === undefined ? "no number" : reached ? "reached" : "not reached";
  parts.push(
    "",
    formatTable([["Goal", "measured", ""], ...goals.map((g) => [g.text, g.measured, verdict(g.reached)])]),
  );
  return parts.join("\n");
}
