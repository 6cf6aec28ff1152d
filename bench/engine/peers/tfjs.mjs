import * as tf from "@tensorflow/tfjs";
import { getThreadsCount } from "@tensorflow/tfjs-backend-wasm";
import { digest, digests, openCase, weightNames } from "./data.mjs";
import { Missing, serve } from "./serve.mjs";
import { gelu, generate, interventionLoss, languageModelLoss, lastLogits, layerNorm } from "./tfjs-model.mjs";

const [, , folder, backend] = process.argv;
const { spec, read } = openCase(folder);

const load = (name) => {
  const { values, shape } = read(name);
  return tf.tensor(values, shape);
};
const loadAll = (names) => Object.fromEntries(names.map((name) => [name, load(name)]));
const integers = (values) => tf.tensor1d(values.flat(), "int32");

/** Computes, waits for the result and releases it. Both backends compute when they are called. */
const drop = (compute) => () => tf.dispose(tf.tidy(compute));
const once = (compute) => tf.tidy(() => compute().dataSync().slice());

/** A kernel that the backend lacks is not a failure. */
function orMissing(body) {
  try {
    return body();
  } catch (error) {
    const kernel = /Kernel '(\w+)' not registered/.exec(String(error));
    throw kernel ? new Missing(`no kernel ${kernel[1]}`) : error;
  }
}

/** A training step as an item; `parameters` are variables by name. */
function training(parameters, loss) {
  const list = Object.values(parameters);
  const optimizer = tf.train.adam(spec.lr, 0.9, 0.999, 1e-8);
  const run = () => {
    const value = optimizer.minimize(loss, true, list);
    const result = { loss: value.dataSync()[0] };
    value.dispose();
    return result;
  };
  const check = () =>
    orMissing(() => {
      const { value, grads } = tf.variableGrads(loss, list);
      const found = {};
      for (const name of spec.checked) found[name] = grads[parameters[name].name].dataSync();
      tf.dispose([value, grads]);
      return { losses: [run(), run(), run()].map((result) => result.loss), ...digests(found) };
    });
  return { step: { check, run } };
}

const variables = (tensors) =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, x]) => {
      const variable = tf.variable(x);
      x.dispose();
      return [name, variable];
    }),
  );

const each = (make) => Object.fromEntries(spec.items.map((item) => [item, make(item)]));
const item = (compute, summary) => ({ check: () => orMissing(() => summary(once(compute))), run: drop(compute) });
const entries = (values) => ({ entries: digest(values, 64).entries });

const kinds = {
  gemm: () =>
    each((name) => {
      const [a, b] = [load(`input.${name}.a`), load(`input.${name}.b`)];
      return item(() => tf.matMul(a, b), entries);
    }),
  elementwise: () => {
    const [a, b, gain, bias] = ["a", "b", "gain", "bias"].map((name) => load(`input.${name}`));
    const work = {
      add: () => tf.add(a, b),
      softmax: () => tf.softmax(a),
      layerNorm: () => layerNorm(a, gain, bias),
      gelu: () => gelu(a),
    };
    return each((name) => item(work[name], entries));
  },
  dispatch: () => {
    const [x, y] = [load("input.x"), load("input.y")];
    const chain = (v) => {
      for (let i = 0; i < spec.ops / 2; i++) v = tf.add(tf.mul(v, y), y);
      return v;
    };
    const gradient = tf.grad((v) => tf.sum(chain(v)));
    const all = (values) => ({ all: [...values] });
    return { forward: item(() => chain(x), all), gradient: item(() => gradient(x), all) };
  },
  train: () => {
    const weights = variables(loadAll(weightNames(spec)));
    const ids = integers(spec.ids);
    const targets = tf.cast(tf.oneHot(integers(spec.targets), spec.model.vocab_size), "float32");
    return training(weights, () => languageModelLoss(weights, spec.model, ids, targets, spec.size));
  },
  intervene: () => {
    const weights = loadAll(weightNames(spec));
    const theta = variables(Object.fromEntries(spec.checked.map((name) => [name, load(`input.${name}`)])));
    const ids = integers(spec.ids);
    return training(theta, () => interventionLoss(theta, weights, spec.model, ids, spec.size, spec.tokens));
  },
  forward: () => {
    const weights = loadAll(weightNames(spec));
    const ids = integers(spec.ids);
    return {
      step: item(
        () => lastLogits(weights, spec.model, ids, spec.size, { frozen: true, forwardOnly: true }),
        (values) => digest(values),
      ),
    };
  },
  generate: () => {
    const weights = loadAll(weightNames(spec));
    const run = () => generate(weights, spec.model, spec.ids[0], spec.newTokens);
    return { step: { check: () => orMissing(() => ({ ids: run() })), run: () => void run() } };
  },
};

await serve(async () => {
  await tf.setBackend(backend);
  await tf.ready();
  const threads = backend === "wasm" ? getThreadsCount() : 1;
  return { items: kinds[spec.kind](), info: { version: tf.version.tfjs, backend: tf.getBackend(), threads } };
});
