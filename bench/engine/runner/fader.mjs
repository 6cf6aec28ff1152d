import * as autograd from "fader/autograd";
import { Adam, add, generateIds, languageModelLoss, Model, parseConfig, scale } from "fader/nn";
import { digest, digests, openCase, weightNames } from "../peers/data.mjs";
import { serve } from "../peers/serve.mjs";
import { startPeak } from "./peak.mjs";

// Plain JavaScript on the built package: what a user of the library runs, without a loader's memory and time.

const { geluTanh, grad, layerNorm, matmul, parameter, softmax, step, tensor, valueAndGrad } = autograd;
const [, , folder, threads] = process.argv;
const { spec, read } = openCase(folder);

const load = (name) => {
  const { values, shape } = read(name);
  return step(() => parameter(tensor(values, { shape })));
};
const loadAll = (names) => Object.fromEntries(names.map((name) => [name, load(name)]));
const loadModel = () =>
  new Model(parseConfig({ model_type: "gpt2", eos_token_id: null, ...spec.model }), loadAll(weightNames(spec)));

/** A training step as an item; `loss(parameters)` is a scalar. */
function training(parameters, loss) {
  const optimizer = new Adam(parameters, { lr: spec.lr });
  const gradients = valueAndGrad(loss);
  const run = () =>
    step(() => {
      const { value, grads } = gradients(parameters);
      optimizer.step(grads);
      return { loss: value.item() };
    });
  const check = () => {
    const found = step(() => {
      const { grads } = gradients(parameters);
      return Object.fromEntries(spec.checked.map((name) => [name, grads[name].toTypedArray()]));
    });
    return { losses: [run(), run(), run()].map((result) => result.loss), ...digests(found) };
  };
  return { step: { check, run } };
}

const each = (make) => Object.fromEntries(spec.items.map((name) => [name, make(name)]));
const item = (compute, summary) => ({
  check: () => summary(step(() => compute().toTypedArray())),
  run: () => {
    step(() => {
      compute();
    });
  },
});
const entries = (values) => ({ entries: digest(values, 64).entries });

function trainItems() {
  const model = loadModel();
  return training(model.weights, (w) => languageModelLoss(model.withWeights(w), spec.sequences));
}

const kinds = {
  gemm: async () => {
    const peak = spec.peak && (threads ?? "1") === "1" ? { peak: await startPeak(spec.peak) } : {};
    const items = each((name) => {
      const [a, b] = [load(`input.${name}.a`), load(`input.${name}.b`)];
      return item(() => matmul(a, b), entries);
    });
    return { ...items, ...peak };
  },
  elementwise: () => {
    const [a, b, gain, bias] = ["a", "b", "gain", "bias"].map((name) => load(`input.${name}`));
    const work = {
      add: () => a.add(b),
      softmax: () => softmax(a),
      layerNorm: () => layerNorm(a, gain, bias, 1e-5),
      gelu: () => geluTanh(a),
    };
    // What memory allows: the same bytes moved by the fastest copy there is.
    const [from, to] = [new Float32Array(a.size), new Float32Array(a.size)];
    const copy = { check: () => ({ entries: [0] }), run: () => to.set(from) };
    return { ...each((name) => item(work[name], entries)), copy };
  },
  dispatch: () => {
    const [x, y] = [load("input.x"), load("input.y")];
    const chain = (v) => {
      for (let i = 0; i < spec.ops / 2; i++) v = v.mul(y).add(y);
      return v;
    };
    const gradient = grad((v) => chain(v).sum());
    const all = (values) => ({ all: [...values] });
    return { forward: item(() => chain(x), all), gradient: item(() => gradient(x), all) };
  },
  train: trainItems,
  memory: trainItems,
  intervene: () => {
    const model = loadModel();
    const theta = Object.fromEntries(spec.checked.map((name) => [name, load(`input.${name}`)]));
    const edits = (t, site) => [scale(t[`${site}.alpha`]), add(t[`${site}.v`])];
    const [plus, minus] = spec.tokens;
    return training(theta, (t) => {
      const interventions = { attn_out: edits(t, "attn_out"), mlp_out: edits(t, "mlp_out") };
      const { logits } = model.forward(spec.ids, { interventions, positions: "last" });
      const column = (token) => logits.slice([null, [token, token + 1]]).mean();
      return column(plus).sub(column(minus));
    });
  },
  forward: () => {
    const model = loadModel();
    return {
      step: item(
        () => model.forward(spec.ids, { positions: "last" }).logits,
        (values) => digest(values),
      ),
    };
  },
  generate: () => {
    const model = loadModel();
    const run = () => generateIds(model, spec.ids[0], { maxTokens: spec.newTokens });
    return { step: { check: () => ({ ids: run() }), run: () => void run() } };
  },
};

await serve(async () => {
  // Older builds have one thread and no choice.
  if (threads !== undefined) await autograd.setThreads?.(Number(threads));
  await autograd.setRelaxedSimd?.(true);
  const items = await kinds[spec.kind]();
  // Workers start on their own time.
  await new Promise((resolve) => setTimeout(resolve, 100));
  return { items, info: { ...autograd.engineInfo(), choosesThreads: "setThreads" in autograd } };
});
