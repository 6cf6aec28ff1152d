import { nn, numpy as np, tree } from "@jax-js/jax";

// Passing an array gives a reference away: `x.ref` where it is used again. Weights are used through `w(name)`, which
// takes a reference each time; the caller disposes the tree.

/** Einsum and `dotProductAttention` of jax-js 0.1 need iterator helpers, which Node 20 has not: products by matmul. */
function attend(q, k, v, mask) {
  const scores = np.matmul(q, np.swapaxes(k, -1, -2));
  const scaled = scores.mul(1 / Math.sqrt(v.shape.at(-1)));
  return np.matmul(nn.softmax(np.where(mask, scaled, -1e9)), v);
}

/** `[rows, d] @ [d, n] + [n]`. */
const linear = (w, name, x) => np.matmul(x, w(`${name}.weight`)).add(w(`${name}.bias`));

const norm = (w, name, x) =>
  nn
    .standardize(x, -1, { epsilon: 1e-5 })
    .mul(w(`${name}.weight`))
    .add(w(`${name}.bias`));

/** The three parts of `[batch * length, 3 * d]` as `[batch, heads, length, d_head]`. */
function heads(qkv, batch, length, n) {
  const d = qkv.shape[1] / 3;
  return np.split(qkv, 3, 1).map((x) => x.reshape([batch, length, n, d / n]).transpose([0, 2, 1, 3]));
}

function block(w, config, l, x, batch, length, edit, attention) {
  const name = `h.${l}`;
  const [q, k, v] = heads(
    linear(w, `${name}.attn.c_attn`, norm(w, `${name}.ln_1`, x.ref)),
    batch,
    length,
    config.n_head,
  );
  const z = attention(l, q, k, v);
  const merged = z.transpose([0, 2, 1, 3]).reshape([batch * length, config.n_embd]);
  x = x.add(edit("attn_out", l, linear(w, `${name}.attn.c_proj`, merged)));
  const inner = nn.gelu(linear(w, `${name}.mlp.c_fc`, norm(w, `${name}.ln_2`, x.ref)));
  return x.add(edit("mlp_out", l, linear(w, `${name}.mlp.c_proj`, inner)));
}

const keep = (_site, _layer, h) => h;

/** The embeddings of `ids [batch * length]`. */
export const embed = (wte, ids) => np.take(wte, ids, 0);

/** The residual stream after the last norm, `[batch * length, d]`, from the embedded tokens. */
export function residual(w, config, tokens, [batch, length], edit = keep) {
  const d = config.n_embd;
  const positions = w("wpe.weight").slice([0, length]);
  let x = tokens
    .reshape([batch, length, d])
    .add(positions)
    .reshape([batch * length, d]);
  const mask = np.tri(length, length, 0, { dtype: np.bool });
  const attention = (_l, q, k, v) => attend(q, k, v, mask.ref);
  for (let l = 0; l < config.n_layer; l++) x = block(w, config, l, x, batch, length, edit, attention);
  mask.dispose();
  return norm(w, "ln_f", x);
}

export const unembed = (w, x) => np.matmul(x, np.transpose(w("wte.weight")));

/** Logits after each prompt's last token, `[batch, vocab]`. */
export function lastLogits(w, config, ids, [batch, length], edit) {
  const x = residual(w, config, embed(w("wte.weight"), ids), [batch, length], edit).reshape([
    batch,
    length,
    config.n_embd,
  ]);
  const last = np.split(x, [length - 1], 1);
  last[0].dispose();
  return unembed(w, last[1].reshape([batch, config.n_embd]));
}

/** Mean cross-entropy of the next tokens. Takes all its arguments. */
export function languageModelLoss(params, tokens, targets, config, size) {
  const w = (name) => params[name].ref;
  const logits = unembed(w, residual(w, config, tokens, size));
  // One-hot, as a gather's gradient does not compile; it is fused into the sum.
  const chosen = logits.ref.mul(nn.oneHot(targets, config.vocab_size)).sum(1);
  const loss = nn.logsumexp(logits, 1).sub(chosen).mean();
  tree.dispose(params);
  return loss;
}

/**
 * Mean difference of two tokens' logits, `direction [vocab]` being 1 at one and -1 at the other, under scalars `[T]` and
 * vectors `[T, d]` for each layer and site. They are arrays of their own (`attn_out.alpha/3`), and the logits are not
 * sliced: jit of jax-js 0.1 gives wrong gradients where those of several slices are added.
 */
export function interventionLoss(theta, params, ids, direction, config, size) {
  const w = (name) => params[name].ref;
  const [batch, length] = size;
  const d = config.n_embd;
  const edit = (site, l, h) => {
    const alpha = theta[`${site}.alpha/${l}`].ref.reshape([length, 1]);
    const edited = h.reshape([batch, length, d]).mul(alpha.add(1)).add(theta[`${site}.v/${l}`].ref);
    return edited.reshape([batch * length, d]);
  };
  const logits = lastLogits(w, config, ids, size, edit);
  const difference = np.matmul(logits, direction.reshape([config.vocab_size, 1])).mean();
  tree.dispose(theta);
  tree.dispose(params);
  return difference;
}

/** One more token for all layers' caches `k, v [1, heads, room, d_head]`; `at` is its position, `[1]`. */
export function decode(params, cache, id, at, config, room) {
  const w = (name) => params[name].ref;
  let x = np.take(w("wte.weight"), id, 0).add(np.take(w("wpe.weight"), at.ref, 0));
  const positions = np.arange(room).astype(np.int32);
  const here = np.equal(positions.ref, at.ref).reshape([1, 1, room, 1]);
  const seen = np.lessEqual(positions, at).reshape([1, 1, 1, room]);
  const next = [];
  const attention = (l, q, k, v) => {
    // A place in a cache of fixed size, so that every step runs the same compiled function.
    const keys = np.where(here.ref, k, cache[l].k);
    const values = np.where(here.ref, v, cache[l].v);
    next.push({ k: keys.ref, v: values.ref });
    return attend(q, keys, values, seen.ref);
  };
  for (let l = 0; l < config.n_layer; l++) x = block(w, config, l, x, 1, 1, keep, attention);
  const logits = unembed(w, norm(w, "ln_f", x));
  for (const array of [here, seen]) array.dispose();
  tree.dispose(params);
  return [next, np.argmax(logits, 1).astype(np.int32)];
}
