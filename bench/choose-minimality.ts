import { countryCapitals, evaluate, indirectObjects, type Kind, type Prompt } from "fader/steering";
import { loadModel } from "../src/load";
import { learn } from "../src/steering/learn/learn";

/**
 * What the penalties cost and buy, on groups held out of the training side; the test side of the tasks is not looked
 * at. The defaults were chosen from this table: the sparsest settings (fewest places) within one point of the best
 * effectiveness of their kind on `ccc`. That is 0.6 for scalars; for vectors a group weight of 2 or 3, which differ by
 * two places, and of the two 2, with which vectors work on `ioi` as well.
 */
const grid: readonly [Kind, { minimality: number; groupMinimality: number }][] = [
  ...[0.2, 0.4, 0.6, 0.8].map((x) => ["scalars", { minimality: x, groupMinimality: 0 }] as [Kind, never]),
  ...[0.1, 0.3, 0.6].map((x) => ["vectors", { minimality: x, groupMinimality: 0 }] as [Kind, never]),
  ...[1, 2, 3, 4].map((x) => ["vectors", { minimality: 0, groupMinimality: x }] as [Kind, never]),
];
const model = await loadModel(process.argv[2]);
for (const task of [countryCapitals(model, { seed: 7 }), indirectObjects(model, { seed: 7 })]) {
  const groups = [...new Set(task.train.map((prompt) => prompt.group))];
  const held = new Set(groups.slice(0, Math.round(groups.length / 4)));
  const inside = (prompt: Prompt) => !held.has(prompt.group);
  console.log(`${task.name}: ${groups.length - held.size} groups to learn on, ${held.size} to choose with`);
  console.log("kind     l1   group   wins β=+1  β=−1   kl-others  parameters  places");
  for (const [kind, setting] of grid) {
    const learned = await learn(kind, model, task.train.filter(inside), setting);
    const m = evaluate(
      model,
      task.train.filter((prompt) => !inside(prompt)),
      learned,
    );
    const percent = (x: number) => `${(100 * x).toFixed(0)}%`.padStart(6);
    const cells = [percent(m.winsPlus), percent(m.winsMinus), m.klOthers.toFixed(3).padStart(10)];
    const counts = [String(m.activeParameters).padStart(9), String(m.activeLocations).padStart(7)];
    const settings = [setting.minimality, setting.groupMinimality].map((x) => String(x).padEnd(5)).join("");
    console.log(`${kind.padEnd(9)}${settings} ${cells.join("  ")}  ${counts.join("  ")}`);
  }
}
