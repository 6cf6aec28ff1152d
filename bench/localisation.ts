import {
  countryCapitals,
  indirectObjects,
  type Kind,
  type LearnedIntervention,
  type Localisation,
  localisation,
} from "fader/steering";
import { writeFileAtomic } from "../src/io/disk";
import { loadModel } from "../src/load";
import { learn } from "../src/steering/learn/learn";

/**
 * Whether learned scalars, learned vectors and attribution patching point at the places that matter, by exhaustive
 * patching of held-out prompts, on both tasks over five seeds of the learners. Writes
 * `bench/results/localisation.{json,txt}`.
 */
const seeds = [0, 1, 2, 3, 4];
const model = await loadModel();
const results: Localisation[] = [];
for (const build of [countryCapitals, indirectObjects]) {
  const task = build(model, { seed: seeds[0]! });
  const train = async (kind: Kind) => {
    const learned: LearnedIntervention[] = [];
    for (const seed of seeds) {
      learned.push(await learn(kind, model, task.train, { seed, task: task.name }));
      console.error(`${task.name}: ${kind} learned with seed ${seed}`);
    }
    return learned;
  };
  const learned = { "scalars |α|": await train("scalars"), "vectors ‖v‖": await train("vectors") };
  const result = localisation(model, task, { learned, seed: seeds[0]!, onProgress: (done) => console.error(done) });
  console.log(`${result}\n`);
  results.push(result);
}
await writeFileAtomic("bench/results/localisation.json", `${JSON.stringify(results, null, 1)}\n`);
await writeFileAtomic("bench/results/localisation.txt", `${results.join("\n\n")}\n`);
