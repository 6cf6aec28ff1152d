import { gflops, type Results, timeOf } from "./results";

export interface Goal {
  text: string;
  /** What was measured, readable. */
  measured: string;
  /** `undefined`: not measured in this run. */
  reached: boolean | undefined;
}

const MB = 1e6;

/** What the engine is to reach, against what it did. */
export function evaluateGoals(results: Results): Goal[] {
  return [
    ...products(results),
    ...ratios(results, "A", { "jax-js": 6, tfjs: 3, torch: 2 }),
    stepMemory(results),
    growth(results),
    ...ratios(results, "B", { "jax-js": 5, tfjs: 3, torch: 2 }),
    ...ratios(results, "I", { "jax-js": 8, tfjs: 4, torch: 2 }),
    interventionMemory(results),
    ...dispatch(results),
  ];
}

const missing = (text: string): Goal => ({ text, measured: "not measured", reached: undefined });

function products(results: Results): Goal[] {
  const times = results.cases.gemm?.engines["fader-1"]?.times ?? {};
  const parallel = results.cases.gemm?.engines.fader?.times ?? {};
  const peak = times.peak?.values.gflops;
  const sizes = Object.keys(times).filter((item) => {
    const [m, , n] = item.split("x").map(Number);
    return m! >= 16 && n! >= 512;
  });
  const least = (values: readonly { item: string; value: number }[]) =>
    values.reduce((a, b) => (b.value < a.value ? b : a));
  const onePart = "products, 1 thread: 80% of the peak (m >= 16, n >= 512)";
  const twoPart = "products, all cores: 1.8 times one thread";
  const goals: Goal[] = [];
  if (peak === undefined || sizes.length === 0) goals.push(missing(onePart));
  else {
    const worst = least(sizes.map((item) => ({ item, value: gflops(item, times[item]!.median) / peak })));
    const measured = `at least ${(100 * worst.value).toFixed(0)}% (${worst.item})`;
    goals.push({ text: onePart, measured, reached: worst.value >= 0.8 });
  }
  const both = sizes.filter((item) => parallel[item]);
  if (both.length === 0) goals.push(missing(twoPart));
  else {
    const worst = least(both.map((item) => ({ item, value: times[item]!.median / parallel[item]!.median })));
    const measured = `at least ${worst.value.toFixed(2)} (${worst.item})`;
    goals.push({ text: twoPart, measured, reached: worst.value >= 1.8 });
  }
  return goals;
}

/** How many times as fast as each peer; with PyTorch, how many times as slow it may be. */
function ratios(results: Results, name: string, wanted: { "jax-js": number; tfjs: number; torch: number }): Goal[] {
  const own = timeOf(results, name, "fader");
  const compare = (text: string, other: number | undefined, engine: string, reached: (ratio: number) => boolean) => {
    const full = `step ${name}: ${text}`;
    const note = results.cases[name]?.engines[engine]?.notes.step;
    // A peer that did not end in the time it had is behind by any measure that this time allows.
    if (own === undefined || other === undefined) return { ...missing(full), ...(note ? { measured: note } : {}) };
    const ratio = other / own;
    return { text: full, measured: `${ratio.toFixed(2)} times`, reached: reached(ratio) };
  };
  // Its plain backend counts only where the fast one lacks a kernel.
  const lacksKernel = results.cases[name]?.engines["tfjs-wasm"]?.notes.step?.startsWith("not supported");
  const tfjsName = lacksKernel ? "tfjs-cpu" : "tfjs-wasm";
  const tfjs = timeOf(results, name, tfjsName);
  return [
    compare(
      `${wanted["jax-js"]} times jax-js`,
      timeOf(results, name, "jax-js"),
      "jax-js",
      (r) => r >= wanted["jax-js"],
    ),
    compare(`${wanted.tfjs} times ${tfjsName}`, tfjs, tfjsName, (r) => r >= wanted.tfjs),
    compare(
      `at least 1/${wanted.torch} of PyTorch`,
      timeOf(results, name, "torch"),
      "torch",
      (r) => r >= 1 / wanted.torch,
    ),
  ];
}

function stepMemory(results: Results): Goal {
  const text = "step A: 120 MB above a bare process";
  const memory = results.cases.A?.engines.fader?.memory;
  if (!memory) return missing(text);
  const above = (memory.peak - memory.bare) / MB;
  return { text, measured: `${above.toFixed(0)} MB`, reached: above <= 120 };
}

/** Flat: no more than 5% or 4 MB above what the first steps took. */
function growth({ growth }: Results): Goal {
  const text = "step A: memory flat over 1,000 steps";
  if (!growth) return missing(text);
  const more = growth.late - growth.early;
  const measured = `${(growth.early / MB).toFixed(0)} → ${(growth.late / MB).toFixed(0)} MB over ${growth.steps} steps`;
  return { text, measured, reached: more <= Math.max(0.05 * growth.early, 4 * MB) };
}

function interventionMemory(results: Results): Goal {
  const text = "step I: 1.5 GB resident";
  const memory = results.cases.I?.engines.fader?.memory;
  if (!memory) return missing(text);
  return { text, measured: `${(memory.peak / 1e9).toFixed(2)} GB`, reached: memory.peak <= 1.5e9 };
}

/** Microseconds per op, forward and backward, of a chain of `ops`. */
export function dispatchCost(
  results: Results,
  engine: string,
  ops = 100,
): { forward: number; backward: number } | undefined {
  const forward = timeOf(results, "dispatch", engine, "forward");
  const both = timeOf(results, "dispatch", engine, "gradient");
  if (forward === undefined || both === undefined) return undefined;
  return { forward: (1000 * forward) / ops, backward: (1000 * Math.max(0, both - forward)) / ops };
}

function dispatch(results: Results): Goal[] {
  const cost = dispatchCost(results, "fader");
  return (["forward", "backward"] as const).map((side) => {
    const text = `small op ${side}: 2 µs`;
    return cost ? { text, measured: `${cost[side].toFixed(2)} µs`, reached: cost[side] <= 2 } : missing(text);
  });
}
