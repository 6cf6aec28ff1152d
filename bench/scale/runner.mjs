// Loads one checkpoint and works with it; prints what it measured as one line of JSON. Runs the built package, so that
// the memory is that of a user's process.
import { readFileSync } from "node:fs";
import { add, engineInfo, generateIds, loadModel, parameter, Random, scale, step, valueAndGrad } from "fader";

const [folder, dtype] = process.argv.slice(2);
const peak = () => process.resourceUsage().maxRSS * 1024;
/** What is resident now, shared memory included. */
const resident = () => {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024;
};
const seconds = (body) => {
  const start = performance.now();
  body();
  return (performance.now() - start) / 1000;
};
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

// The engine's kernels and threads are there before anything is counted.
step(() => parameter([64, 64]).matmul(parameter([64, 64])));
const bare = resident();
const start = performance.now();
const model = await loadModel(folder, { dtype });
const load = { seconds: (performance.now() - start) / 1000, peak: peak(), after: resident() };

const { n_layers, d_model, vocab_size } = model.config;
const random = new Random(0);
const ids = Array.from({ length: 8 }, () => Array.from({ length: 16 }, () => random.integer(0, vocab_size)));
const forward = () => step(() => model.forward(ids, { positions: "last" }).logits.sum().item());
const theta = {};
for (const site of ["attn_out", "mlp_out"]) {
  theta[`${site}.alpha`] = parameter([n_layers, 16]);
  theta[`${site}.v`] = parameter([n_layers, 16, d_model]);
}
const loss = (p) => {
  const edits = (site) => [scale(p[`${site}.alpha`]), add(p[`${site}.v`])];
  const interventions = { attn_out: edits("attn_out"), mlp_out: edits("mlp_out") };
  const { logits } = model.forward(ids, { interventions, positions: "last" });
  return logits
    .slice([null, [1, 2]])
    .sub(logits.slice([null, [2, 3]]))
    .mean();
};
const intervene = () => step(() => valueAndGrad(loss)(theta).grads["attn_out.alpha"].sum().item());
const repeat = (body) => median(Array.from({ length: 3 }, () => seconds(body)));
const timed = { forward: repeat(forward), intervention: repeat(intervene) };
const tokens = 16;
const perToken = seconds(() => generateIds(model, ids[0], { maxTokens: tokens, stopTokens: [] })) / tokens;

const bytes = { f32: 4, f16: 2, bf16: 2 };
const weights = Object.values(model.weights).reduce((sum, x) => sum + x.size * bytes[x.dtype], 0);
console.log(
  JSON.stringify({
    parameters: model.parameterCount,
    weights,
    bare,
    load,
    peak: peak(),
    seconds: { ...timed, token: perToken },
    threads: engineInfo().threads,
  }),
);
