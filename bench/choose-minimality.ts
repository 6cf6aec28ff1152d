import { countryCapitals, evaluate, indirectObjects, type Kind, learn, type Prompt } from "fader/steering";
import { loadModel } from "../src/load";

/**
 * How the default weight of the ℓ1 norm was chosen for each kind: the largest on a grid that still lets the intended
 * answer win on at least 95% of prompts in each direction. Groups held out of the training side decide; the test side
 * of the tasks is not looked at.
 */
const grid: Record<"scalars" | "vectors", number[]> = {
  scalars: [0.2, 0.4, 0.6, 0.8],
  vectors: [0.1, 0.2, 0.3, 0.4, 0.6],
};
const model = await loadModel(process.argv[2]);
for (const task of [countryCapitals(model, { seed: 7 }), indirectObjects(model, { seed: 7 })]) {
  const groups = [...new Set(task.train.map((prompt) => prompt.group))];
  const held = new Set(groups.slice(0, Math.round(groups.length / 4)));
  const inside = (prompt: Prompt) => !held.has(prompt.group);
  console.log(`${task.name}: ${groups.length - held.size} groups to learn on, ${held.size} to choose with`);
  console.log("kind      λ_M   wins β=+1  β=−1   kl-others  parameters  places");
  for (const kind of ["scalars", "vectors"] satisfies Kind[]) {
    for (const minimality of grid[kind]) {
      const learned = await learn(kind, model, task.train.filter(inside), { minimality, patience: 0 });
      const m = evaluate(
        model,
        task.train.filter((prompt) => !inside(prompt)),
        learned,
      );
      const percent = (x: number) => `${(100 * x).toFixed(0)}%`.padStart(6);
      const cells = [percent(m.winsPlus), percent(m.winsMinus), m.klOthers.toFixed(3).padStart(10)];
      const counts = [String(m.activeParameters).padStart(9), String(m.activeLocations).padStart(7)];
      console.log(`${kind.padEnd(9)} ${minimality}   ${cells.join("  ")}  ${counts.join("  ")}`);
    }
  }
}
