import { loadModel } from "fader";
import { attentionPatterns, learnTrial, quickGrid, trialsOf } from "fader/steering";
import { expect, test } from "vitest";
import { attentionOf } from "../../../src/report/describe-inside";

test("the report shows the heads whose attention changes most, never those before the first edit", async () => {
  const model = await loadModel();
  const [trial] = trialsOf({ ...quickGrid, sites: [["mlp_out"]], minimality: [0], steps: 10 });
  const { task, learned } = await learnTrial(model, trial!);
  const prompt = task.test[0]!;
  const { heads, beta, of } = attentionOf(model, prompt, "scalars", learned);
  expect(of).toBe(model.config.n_layers * model.config.n_heads);
  expect(heads[0]!.before).toHaveLength(prompt.ids.length);
  expect(heads.length).toBeGreaterThan(0);
  const changes = heads.map(({ change }) => change);
  expect(changes).toEqual([...changes].sort((a, b) => b - a));
  // What block 0 reads is before all that is edited.
  expect(heads.some(({ layer }) => layer === 0)).toBe(false);
  const edited = attentionPatterns(model, prompt.ids, { interventions: learned.at(1), beta });
  const { layer, head, before, after, change } = heads[0]!;
  expect(after).toEqual(edited.head(layer, head));
  expect(before).toEqual(attentionPatterns(model, prompt.ids).head(layer, head));
  const moved = before.map((row, q) => Math.max(...row.map((p, k) => Math.abs(p - after[q]![k]!))));
  expect(change).toBeLessThanOrEqual(1);
  expect(Math.max(...moved)).toBeGreaterThan(0);
});

test("an intervention of nothing changes no head", async () => {
  const model = await loadModel();
  const [trial] = trialsOf({ ...quickGrid, minimality: [1000], steps: 1 });
  const { task, learned } = await learnTrial(model, trial!);
  expect(learned.activeParameters).toBe(0);
  expect(attentionOf(model, task.test[0]!, "scalars", learned).heads).toEqual([]);
});
