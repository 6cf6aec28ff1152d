import * as tf from "@tensorflow/tfjs";

// The wasm backend multiplies ten times as slowly where an operand is to be read transposed or there is a batch. So
// these products of matrices transpose what is small and on its own, in the gradient too.

/** `x @ wᵀ` for `x [rows, d]` of few rows. */
const timesTransposed = (x, w) => tf.transpose(tf.matMul(w, tf.transpose(x)));

const trained = tf.customGrad((x, w, save) => {
  save([x, w]);
  const gradFunc = (dy, [a, b]) => [timesTransposed(dy, b), tf.matMul(tf.transpose(a), dy)];
  return { value: tf.matMul(x, w), gradFunc };
});

/** `x @ w`; the gradient of frozen weights is not computed. */
const product = (x, w, frozen) => {
  if (!frozen) return trained(x, w);
  const through = tf.customGrad((a) => ({ value: tf.matMul(a, w), gradFunc: (dy) => timesTransposed(dy, w) }));
  return through(x);
};

const unembedTrained = tf.customGrad((x, wte, save) => {
  save([x, wte]);
  const gradFunc = (dy, [a, b]) => [tf.matMul(dy, b), tf.matMul(tf.transpose(dy), a)];
  return { value: timesTransposed(x, wte), gradFunc };
});

/** The logits of `x [rows, d]`. */
function unembed(w, x, frozen) {
  const wte = w["wte.weight"];
  if (!frozen) return unembedTrained(x, wte);
  const through = tf.customGrad((a) => ({ value: timesTransposed(a, wte), gradFunc: (dy) => tf.matMul(dy, wte) }));
  return through(x);
}

/** Without a gradient, in one kernel with its bias. */
function linear(w, name, a, { frozen, forwardOnly }) {
  const [b, bias] = [w[`${name}.weight`], w[`${name}.bias`]];
  return forwardOnly ? tf.fused.matMul({ a, b, bias }) : tf.add(product(a, b, frozen), bias);
}

export function layerNorm(x, gain, bias) {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), gain), bias);
}
const norm = (w, name, x) => layerNorm(x, w[`${name}.weight`], w[`${name}.bias`]);

/** tfjs has no GELU of its own; its square and products are cheaper than `pow`. */
export function gelu(x) {
  const inner = tf.mul(tf.mul(x, tf.add(tf.mul(tf.square(x), 0.044715), 1)), Math.sqrt(2 / Math.PI));
  return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
}

function attend(q, k, v, mask) {
  const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(v.shape.at(-1)));
  return tf.matMul(tf.softmax(mask ? tf.add(scores, mask) : scores), v);
}

const keep = (_site, _layer, h) => h;

function block(w, config, l, x, [batch, length], options) {
  const name = `h.${l}`;
  const { n_embd: d, n_head: n } = config;
  const { edit, attention } = options;
  const qkv = linear(w, `${name}.attn.c_attn`, norm(w, `${name}.ln_1`, x), options);
  const [q, k, v] = tf
    .split(qkv, 3, 1)
    .map((y) => tf.transpose(tf.reshape(y, [batch, length, n, d / n]), [0, 2, 1, 3]));
  const z = tf.reshape(tf.transpose(attention(l, q, k, v), [0, 2, 1, 3]), [batch * length, d]);
  const middle = tf.add(x, edit("attn_out", l, linear(w, `${name}.attn.c_proj`, z, options)));
  const inner = gelu(linear(w, `${name}.mlp.c_fc`, norm(w, `${name}.ln_2`, middle), options));
  return tf.add(middle, edit("mlp_out", l, linear(w, `${name}.mlp.c_proj`, inner, options)));
}

/** The rows of `wte`. The gradient that tfjs has needs a kernel that its wasm backend lacks; adding by index does not. */
const gatherByScatter = tf.customGrad((wte, ids, save) => {
  save([ids]);
  const gradFunc = (dy, [saved]) => [tf.scatterND(tf.expandDims(saved, 1), dy, wte.shape), tf.zerosLike(saved)];
  return { value: tf.gather(wte, ids), gradFunc };
});
const embed = (wte, ids) => (tf.getBackend() === "wasm" ? gatherByScatter(wte, ids) : tf.gather(wte, ids));

const causal = (length) =>
  tf.tensor2d(
    Float32Array.from({ length: length * length }, (_, i) => (i % length > Math.floor(i / length) ? -1e9 : 0)),
    [length, length],
  );

function residual(w, config, ids, [batch, length], options = {}) {
  const { edit = keep, frozen = false } = options;
  const d = config.n_embd;
  const positions = tf.slice(w["wpe.weight"], [0, 0], [length, d]);
  const tokens = frozen ? tf.gather(w["wte.weight"], ids) : embed(w["wte.weight"], ids);
  let x = tf.reshape(tf.add(tf.reshape(tokens, [batch, length, d]), positions), [batch * length, d]);
  const mask = causal(length);
  const attention = (_l, q, k, v) => attend(q, k, v, mask);
  for (let l = 0; l < config.n_layer; l++) x = block(w, config, l, x, [batch, length], { ...options, edit, attention });
  return norm(w, "ln_f", x);
}

/** `[batch, vocab]`. */
export function lastLogits(w, config, ids, [batch, length], options) {
  const x = tf.reshape(residual(w, config, ids, [batch, length], options), [batch, length, config.n_embd]);
  const last = tf.slice(x, [0, length - 1, 0], [batch, 1, config.n_embd]);
  return unembed(w, tf.reshape(last, [batch, config.n_embd]), true);
}

/** `targets` one-hot. */
export const languageModelLoss = (w, config, ids, targets, size) =>
  tf.losses.softmaxCrossEntropy(targets, unembed(w, residual(w, config, ids, size)));

export function interventionLoss(theta, w, config, ids, size, [plus, minus]) {
  const [batch, length] = size;
  const d = config.n_embd;
  const edit = (site, l, h) => {
    const alpha = tf.reshape(tf.slice(theta[`${site}.alpha`], [l, 0], [1, length]), [length, 1]);
    const v = tf.reshape(tf.slice(theta[`${site}.v`], [l, 0, 0], [1, length, d]), [length, d]);
    return tf.reshape(tf.add(tf.mul(tf.reshape(h, [batch, length, d]), tf.add(alpha, 1)), v), [batch * length, d]);
  };
  const logits = lastLogits(w, config, ids, size, { edit, frozen: true });
  const column = (token) => tf.mean(tf.slice(logits, [0, token], [batch, 1]));
  return tf.sub(column(plus), column(minus));
}

/** Greedy continuation with a cache of keys and values. */
export function generate(w, config, prompt, count) {
  const cache = [];
  const added = [];
  let ids = prompt;
  let start = 0;
  for (let i = 0; i < count; i++) {
    const best = tf.tidy(() => {
      const length = ids.length;
      const tokens = tf.gather(w["wte.weight"], tf.tensor1d(ids, "int32"));
      let x = tf.add(tokens, tf.slice(w["wpe.weight"], [start, 0], [length, config.n_embd]));
      const mask = length > 1 ? causal(length) : undefined;
      const attention = (l, q, k, v) => {
        const [keys, values] = cache[l] ? [tf.concat([cache[l][0], k], 2), tf.concat([cache[l][1], v], 2)] : [k, v];
        for (const old of cache[l] ?? []) old.dispose();
        cache[l] = [tf.keep(keys), tf.keep(values)];
        return attend(q, keys, values, mask);
      };
      for (let l = 0; l < config.n_layer; l++)
        x = block(w, config, l, x, [1, length], { edit: keep, attention, forwardOnly: true });
      const last = tf.slice(x, [length - 1, 0], [1, config.n_embd]);
      return tf.argMax(unembed(w, norm(w, "ln_f", last), true), 1).dataSync()[0];
    });
    added.push(best);
    start += ids.length;
    ids = [best];
  }
  for (const pair of cache) tf.dispose(pair);
  return added;
}
