import { type Comparison, compare, countryCapitals, indirectObjects, type LearnedIntervention } from "fader/steering";
import { writeFileAtomic } from "../src/io/disk";
import { loadModel } from "../src/load";
import { learn } from "../src/steering/learn/learn";

/**
 * Scalars against vectors on both tasks, over five seeds of the learners, on the held-out prompts of
 * one split. Writes `bench/results/compare.json` and `compare.txt`, which the README quotes.
 */
const seeds = [0, 1, 2, 3, 4];
const model = await loadModel();
const results: Record<string, unknown> = {};
const text: string[] = [];
for (const build of [countryCapitals, indirectObjects]) {
  const task = build(model, { seed: seeds[0]! });
  const contestants: Record<string, LearnedIntervention[]> = { scalars: [], vectors: [] };
  for (const seed of seeds) {
    for (const kind of ["scalars", "vectors"] as const) {
      contestants[kind]!.push(await learn(kind, model, task.train, { seed, task: task.name }));
    }
  }
  const comparison: Comparison = compare(model, task.test, contestants);
  const section = `${task.name}: ${task.split}\n${comparison}`;
  console.log(`${section}\n`);
  text.push(section);
  results[task.name] = { split: task.split, ...comparison.toJSON() };
}
await writeFileAtomic("bench/results/compare.json", `${JSON.stringify(results, null, 2)}\n`);
await writeFileAtomic("bench/results/compare.txt", `${text.join("\n\n")}\n`);
