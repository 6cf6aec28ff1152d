import { readFileSync } from "node:fs";
import { blockUntilReady, defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad, vjp } from "@jax-js/jax";
import { digest, digests, openCase, weightNames } from "./data.mjs";
import { decode, embed, interventionLoss, languageModelLoss, lastLogits } from "./jax-model.mjs";
import { serve } from "./serve.mjs";

const { spec, read } = openCase(process.argv[2]);

const load = (name) => {
  const { values, shape } = read(name);
  return np.array(values, { shape });
};
const loadAll = (names) => Object.fromEntries(names.map((name) => [name, load(name)]));
const integers = (values) => np.array(Int32Array.from(values.flat()), { dtype: np.int32 });
const values = async (x) => (await x.data()).slice();
const done = async (x) => {
  await x.blockUntilReady();
  x.dispose();
};

/** Adam for a tree of parameters, compiled. */
function adam(lr) {
  const [b1, b2, eps] = [0.9, 0.999, 1e-8];
  const update = jit((parameters, grads, state, c1, c2) => {
    const [p2, s2] = [{}, {}];
    for (const [name, g] of Object.entries(grads)) {
      const m = state[name].m.mul(b1).add(g.ref.mul(1 - b1));
      const v = state[name].v.mul(b2).add(np.square(g).mul(1 - b2));
      const change = m.ref.div(c1.ref).div(np.sqrt(v.ref.div(c2.ref)).add(eps));
      p2[name] = parameters[name].sub(change.mul(lr));
      s2[name] = { m, v };
    }
    for (const c of [c1, c2]) c.dispose();
    return [p2, s2];
  });
  let count = 0;
  return (parameters, grads, state) => {
    count++;
    return update(parameters, grads, state, np.array(1 - b1 ** count), np.array(1 - b2 ** count));
  };
}

/** A training step as an item. `lossAndGradients` takes a reference to the parameters. */
function training(lossAndGradients, start) {
  const advance = adam(spec.lr);
  let parameters = start;
  let state = Object.fromEntries(
    Object.entries(start).map(([name, x]) => [name, { m: np.zeros(x.shape), v: np.zeros(x.shape) }]),
  );
  const run = async () => {
    const [value, grads] = lossAndGradients(tree.ref(parameters));
    [parameters, state] = advance(parameters, grads, state);
    // The loss alone would leave the update to be computed later.
    await blockUntilReady([parameters, state]);
    return { loss: (await value.data())[0] };
  };
  const check = async () => {
    const [value, grads] = lossAndGradients(tree.ref(parameters));
    value.dispose();
    const found = {};
    // `alpha/0`, `alpha/1`, … are the layers of `alpha`.
    for (const [key, g] of Object.entries(grads)) {
      const name = key.split("/")[0];
      if (spec.checked.includes(name)) found[name] = [...(found[name] ?? []), ...(await values(g))];
      else g.dispose();
    }
    const losses = [];
    for (let i = 0; i < 3; i++) losses.push((await run()).loss);
    return { losses, ...digests(found) };
  };
  return { step: { check, run } };
}

const kinds = {
  gemm: () =>
    each((item) => {
      const [a, b] = [load(`input.${item}.a`), load(`input.${item}.b`)];
      const multiply = () => np.matmul(a.ref, b.ref);
      return {
        check: async () => ({ entries: digest(await values(multiply()), 64).entries }),
        run: () => done(multiply()),
      };
    }),
  elementwise: () =>
    each((item) => {
      const [a, b, gain, bias] = ["a", "b", "gain", "bias"].map((name) => load(`input.${name}`));
      const compute = jit(
        {
          add: (x, y) => x.add(y),
          softmax: (x) => nn.softmax(x),
          layerNorm: (x, _y, g, c) => nn.standardize(x, -1, { epsilon: 1e-5 }).mul(g).add(c),
          gelu: (x) => nn.gelu(x),
        }[item],
      );
      const run = () =>
        compute(...({ add: [a.ref, b.ref], layerNorm: [a.ref, b.ref, gain.ref, bias.ref] }[item] ?? [a.ref]));
      return { check: async () => ({ entries: digest(await values(run()), 64).entries }), run: () => done(run()) };
    }),
  dispatch: () => {
    const [x, y] = [load("input.x"), load("input.y")];
    // Not compiled, which would make one kernel of all: what an op costs that is called on its own.
    const chain = (v) => {
      for (let i = 0; i < spec.ops / 2; i++) v = v.mul(y.ref).add(y.ref);
      return v;
    };
    const gradient = valueAndGrad((v) => chain(v).sum());
    const backward = async () => {
      const [value, g] = gradient(x.ref);
      value.dispose();
      return values(g);
    };
    return {
      forward: { check: async () => ({ all: [...(await values(chain(x.ref)))] }), run: () => done(chain(x.ref)) },
      gradient: { check: async () => ({ all: [...(await backward())] }), run: async () => void (await backward()) },
    };
  },
  train: () => {
    const [ids, targets] = [integers(spec.ids), integers(spec.targets)];
    const loss = (p, tokens, t) => languageModelLoss(p, tokens, t, spec.model, spec.size);
    const inner = jit(valueAndGrad(loss, { argnums: [0, 1] }));
    const both = jit((a, b) => a.add(b));
    // The embedding's gradient scatters, which jit of jax-js 0.1 refuses: that part runs as it is.
    return training(
      (parameters) => {
        const [tokens, scatter] = vjp((wte) => embed(wte, ids.ref), [parameters["wte.weight"].ref]);
        const [value, [grads, change]] = inner(parameters, tokens, targets.ref);
        const [embedding] = scatter(change);
        scatter.dispose();
        return [value, { ...grads, "wte.weight": both(grads["wte.weight"], embedding) }];
      },
      loadAll(weightNames(spec)),
    );
  },
  intervene: () => {
    const weights = loadAll(weightNames(spec));
    const theta = {};
    for (const name of spec.checked) {
      const { values: all, shape } = read(`input.${name}`);
      const size = all.length / shape[0];
      for (let l = 0; l < shape[0]; l++) {
        theta[`${name}/${l}`] = np.array(all.slice(l * size, (l + 1) * size), { shape: shape.slice(1) });
      }
    }
    const ids = integers(spec.ids);
    const [plus, minus] = spec.tokens;
    const signs = Float32Array.from({ length: spec.model.vocab_size }, (_, i) => (i === plus) - (i === minus));
    const direction = np.array(signs);
    const loss = (t, w, i, u) => interventionLoss(t, w, i, u, spec.model, spec.size);
    // Not in one jit: its compiler repeats what is not stored, and takes minutes from the second block on.
    const lossAndGradients = valueAndGrad(loss);
    return training((parameters) => lossAndGradients(parameters, tree.ref(weights), ids.ref, direction.ref), theta);
  },
  forward: () => {
    const weights = loadAll(weightNames(spec));
    const ids = integers(spec.ids);
    const forward = jit((params, i) => {
      const logits = lastLogits((name) => params[name].ref, spec.model, i, spec.size);
      tree.dispose(params);
      return logits;
    });
    const run = () => forward(tree.ref(weights), ids.ref);
    return { step: { check: async () => digest(await values(run())), run: () => done(run()) } };
  },
  generate: () => {
    const weights = loadAll(weightNames(spec));
    const { n_layer, n_head, n_embd } = spec.model;
    const prompt = spec.ids[0];
    const room = prompt.length + spec.newTokens;
    const next = jit((params, cache, id, at) => decode(params, cache, id, at, spec.model, room));
    const run = async () => {
      const empty = () => np.zeros([1, n_head, room, n_embd / n_head]);
      let cache = Array.from({ length: n_layer }, () => ({ k: empty(), v: empty() }));
      const ids = [...prompt];
      for (let at = 0; at < room - 1; at++) {
        const [grown, best] = next(tree.ref(weights), cache, integers([ids[at]]), integers([at]));
        cache = grown;
        if (at + 1 < ids.length) best.dispose();
        else ids.push((await best.data())[0]);
      }
      tree.dispose(cache);
      return ids.slice(prompt.length);
    };
    return { step: { check: async () => ({ ids: await run() }), run: async () => void (await run()) } };
  },
};

const each = (make) => Object.fromEntries(spec.items.map((item) => [item, make(item)]));

await serve(async () => {
  await init("wasm");
  defaultDevice("wasm");
  const { version } = JSON.parse(readFileSync(new URL("./node_modules/@jax-js/jax/package.json", import.meta.url)));
  const info = { version, device: "wasm", threads: typeof Worker === "undefined" ? 1 : navigator.hardwareConcurrency };
  return { items: kinds[spec.kind](), info };
});
