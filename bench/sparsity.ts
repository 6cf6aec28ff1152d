import {
  countryCapitals,
  evaluate,
  indirectObjects,
  keep95,
  type LearnedIntervention,
  learnScalars,
  type Metrics,
  refit,
  type Task,
} from "fader/steering";
import { writeFileAtomic } from "../src/io/disk";
import { loadModel } from "../src/load";
import { type SmallestSet, smallestSet } from "./smallest-set";

/**
 * ℓ1 and L0 with and without debiasing, for scalars, and the smallest set of faders that was found. Writes
 * `bench/results/sparsity.json` and `.txt`. `--ioi`: on both tasks. `--quick`: one seed and fewer steps, only printed.
 */
const isQuick = process.argv.includes("--quick");
const seeds = isQuick ? [0] : [0, 1, 2];
const steps = isQuick ? 120 : 400;

interface Row extends Metrics {
  k95: number;
}

const model = await loadModel();
const sections: string[] = [];
const results: Record<string, unknown> = {};
for (const build of process.argv.includes("--ioi") ? [countryCapitals, indirectObjects] : [countryCapitals]) {
  const task = build(model, { seed: 0 });
  const rows = await compareSparsity(task);
  const smallest = await smallestSet(model, task, {
    steps,
    onProgress: (trial) => console.error(JSON.stringify(trial)),
  });
  sections.push(table(task, rows), `smallest set, ${task.name}: ${smallest}`.replace(/\n\n/g, "\n"));
  results[task.name] = { split: task.split, seeds, steps, rows, smallest: describe(smallest) };
  console.log(sections.slice(-2).join("\n\n"));
  if (isQuick) continue;
  await writeFileAtomic("bench/results/sparsity.txt", `${sections.join("\n\n")}\n`);
  await writeFileAtomic("bench/results/sparsity.json", `${JSON.stringify(results, null, 2)}\n`);
}

async function compareSparsity(task: Task): Promise<Record<string, Row[]>> {
  const rows: Record<string, Row[]> = {};
  const add = (name: string, learned: LearnedIntervention) => {
    const row = { ...evaluate(model, task.test, learned), k95: keep95(model, task.test, learned).k };
    rows[name] = [...(rows[name] ?? []), row];
    console.error(task.name, name, row.activeParameters, row.flipsPlus, row.flipsMinus, row.klOthers, row.k95);
  };
  for (const seed of seeds) {
    for (const sparsity of ["l1", "l0"] as const) {
      const learned = await learnScalars(model, task.train, { seed, steps, sparsity, task: task.name });
      add(sparsity, learned);
      if (learned.activeParameters > 0) add(`${sparsity} + debias`, await refit(model, task.train, learned));
    }
  }
  return rows;
}

/** Means, with the smallest and largest seed where they differ. */
function table(task: Task, rows: Record<string, Row[]>): string {
  const percent = (x: number) => `${(100 * x).toFixed(0)}%`;
  const columns: [string, keyof Row, (x: number) => string][] = [
    ["faders", "activeParameters", (x) => x.toFixed(0)],
    ["flips β=+1", "flipsPlus", percent],
    ["β=−1", "flipsMinus", percent],
    ["kl-others", "klOthers", (x) => x.toFixed(2)],
    ["k for 95%", "k95", (x) => x.toFixed(0)],
  ];
  const lines = [["", ...columns.map(([heading]) => heading)]];
  for (const name of ["l1", "l1 + debias", "l0", "l0 + debias"]) {
    const list = rows[name] ?? [];
    const cells = columns.map(([, key, show]) => {
      const values = list.map((row) => row[key]);
      if (values.length === 0 || values.some(Number.isNaN)) return "–";
      const [mean, ...ends] = [
        values.reduce((a, b) => a + b) / values.length,
        Math.min(...values),
        Math.max(...values),
      ];
      const [low, high] = ends.map(show);
      return low === high ? show(mean!) : `${show(mean!)} [${low} ${high}]`;
    });
    lines.push([name, ...cells]);
  }
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  const text = lines.map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "),
  );
  const note = `${task.test.length} held-out prompts; mean [least most] of ${seeds.length} ${seeds.length === 1 ? "seed" : "seeds"}`;
  return [`${task.name}, ${task.split}`, ...text, note].join("\n");
}

function describe(smallest: SmallestSet) {
  const { places, metrics, isReached, target: share, trials, split } = smallest;
  return { places, metrics, isReached, target: share, split, trials };
}
