import {
  Adam,
  engineInfo,
  parameter,
  profileTable,
  Random,
  randn,
  resetProfile,
  setProfile,
  step,
  type Tensor,
  valueAndGrad,
  zeros,
} from "fader/autograd";
import { add, createModel, languageModelLoss, type Model, scale } from "fader/nn";
import { writeFileAtomic } from "../src/io/disk";

/**
 * Where the time of the steps A, B and I of `bench:engine` goes, op by op, on all cores. Writes
 * `bench/results/profile.txt`, which docs/performance.md explains.
 */
const random = new Random(0);
const prompts = (rows: number, length: number, vocabulary: number): number[][] =>
  Array.from({ length: rows }, () => Array.from({ length }, () => random.integer(0, vocabulary)));

function gpt(layers: number, width: number, heads: number, vocabulary: number, positions: number): Model {
  const sizes = { n_layer: layers, n_embd: width, n_head: heads, vocab_size: vocabulary, n_positions: positions };
  return createModel({ model_type: "gpt2", ...sizes }, { seed: 0 });
}

function training(model: Model, batch: number[][]): () => void {
  const weights = model.weights as Record<string, Tensor>;
  const optimizer = new Adam(weights, { lr: 1e-3 });
  const loss = (w: Record<string, Tensor>) => languageModelLoss(model.withWeights(w), batch);
  return () => step(() => optimizer.step(valueAndGrad(loss)(weights).grads));
}

function intervening(model: Model, ids: number[][]): () => void {
  const places = [model.config.n_layers, ids[0]!.length];
  const theta: Record<string, Tensor> = {};
  for (const site of ["attn_out", "mlp_out"]) {
    theta[`${site}.alpha`] = parameter(zeros(places));
    theta[`${site}.v`] = parameter(randn([...places, model.config.d_model], { seed: 1 }).mul(0.01));
  }
  const optimizer = new Adam(theta, { lr: 0.01 });
  const loss = (p: Record<string, Tensor>) => {
    const edits = (site: string) => [scale(p[`${site}.alpha`]!), add(p[`${site}.v`]!)];
    const interventions = { attn_out: edits("attn_out"), mlp_out: edits("mlp_out") };
    const { logits } = model.forward(ids, { interventions, positions: "last" });
    return logits
      .slice([null, [1, 2]])
      .sub(logits.slice([null, [2, 3]]))
      .mean();
  };
  return () => step(() => optimizer.step(valueAndGrad(loss)(theta).grads));
}

const steps: Record<string, () => () => void> = {
  "step A: 4 layers, d 128, 32 x 32 tokens": () => training(gpt(4, 128, 4, 256, 32), prompts(32, 33, 256)),
  "step B: 6 layers, d 384, 4 x 128 tokens": () => training(gpt(6, 384, 6, 4096, 128), prompts(4, 129, 4096)),
  "step I: GPT-2 small, 8 x 16 tokens": () => intervening(gpt(12, 768, 12, 50257, 1024), prompts(8, 16, 50257)),
};
const rows = 12;
let report = `${JSON.stringify(engineInfo())}\n`;
for (const [name, prepare] of Object.entries(steps)) {
  const run = prepare();
  for (let i = 0; i < 4; i++) {
    run();
    // Lets the workers start.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  resetProfile();
  setProfile(true);
  const count = 10;
  for (let i = 0; i < count; i++) run();
  setProfile(false);
  const lines = profileTable().split("\n");
  report += `\n${name}, ${count} steps\n${[...lines.slice(0, rows + 1), ...lines.slice(-2)].join("\n")}\n`;
}
console.log(report);
await writeFileAtomic(new URL("./results/profile.txt", import.meta.url).pathname, report);
