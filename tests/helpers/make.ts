/**
 * Writes `gpt2-tiny/`: a model folder with expected values in the schema of ../shared/fixtures, all computed in float64
 * by `plain.ts` and central differences. `npx tsx tests/fixtures/own/make.ts`
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { type Edit, type PlainModel, plainLogits, type Rows, type Site, softmax } from "./plain";

const [layers, heads, d, inner, vocab, context] = [2, 3, 6, 10, 11, 8];
const sites = ["resid_pre", "attn_out", "resid_mid", "mlp_out", "resid_post"] as const;

let state = 12345;
/** Numbers in [−1, 1) that float32 holds exactly. */
function draw(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return (state >>> 16) / 2 ** 15 - 1;
}
const list = (n: number, size = 1) => Array.from({ length: n }, () => Math.fround(size * draw()));

const shapes: Record<string, number[]> = { "wte.weight": [vocab, d], "wpe.weight": [context, d] };
const linear = (name: string, rows: number, columns: number) => {
  shapes[`${name}.weight`] = [rows, columns];
  shapes[`${name}.bias`] = [columns];
};
const norm = (name: string) => {
  shapes[`${name}.weight`] = [d];
  shapes[`${name}.bias`] = [d];
};
for (let l = 0; l < layers; l++) {
  norm(`h.${l}.ln_1`);
  linear(`h.${l}.attn.c_attn`, d, 3 * d);
  linear(`h.${l}.attn.c_proj`, d, d);
  norm(`h.${l}.ln_2`);
  linear(`h.${l}.mlp.c_fc`, d, inner);
  linear(`h.${l}.mlp.c_proj`, inner, d);
}
norm("ln_f");
const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
const weights: Record<string, number[]> = {};
for (const [name, shape] of Object.entries(shapes)) {
  const isNorm = shape.length === 1 && name.endsWith("weight");
  weights[name] = list(size(shape), 0.6).map((v) => Math.fround(isNorm ? 1 + v / 2 : v));
}
const model: PlainModel = { layers, heads, weights };

const batch = [list(5), list(5), list(5)].map((row) => row.map((v) => Math.floor(((v + 1) / 2) * vocab)));
const single = [4];
const long = list(context).map((v) => Math.floor(((v + 1) / 2) * vocab));
const [target, other] = [
  [1, 2, 3],
  [4, 5, 6],
] as const;
const last = (ids: number[], edit?: Edit) => plainLogits(model, ids, edit).at(-1)!;
const clean = batch.map((ids) => last(ids));

function greedy(prompt: number[], count: number) {
  const ids = [...prompt];
  for (let i = 0; i < count; i++) {
    const logits = last(ids);
    ids.push(logits.indexOf(Math.max(...logits)));
  }
  return ids.slice(prompt.length);
}

type Entry = { site: Site; kind: string; alpha?: Rows; v?: Rows[]; w?: Rows; b?: number[] };
const editOf =
  (entries: Entry[]): Edit =>
  (site, layer, h) =>
    entries.reduce((rows, { site: at, kind, alpha, v, w, b }) => {
      if (at !== site) return rows;
      return rows.map((x, t) => {
        if (kind === "add") return x.map((value, i) => value + v![layer]![t]![i]!);
        const share =
          kind === "scale" ? alpha![layer]![t]! : x.reduce((sum, value, i) => sum + value * w![layer]![i]!, b![layer]!);
        return x.map((value) => value * (1 + share));
      });
    }, h);

function lossOf(entries: Entry[]) {
  const logits = batch.map((ids) => last(ids, editOf(entries)));
  const hinge = logits.map((z, i) => Math.max(0, 1 - (z[target[i]!]! - z[other[i]!]!)));
  const kl = logits.map((z, i) => {
    const rest = (x: number[]) => softmax(x.filter((_, j) => j !== target[i] && j !== other[i]));
    const [p, q] = [rest(clean[i]!), rest(z)];
    return p.reduce((sum, share, j) => sum + share * Math.log(share / q[j]!), 0);
  });
  const l1 = entries.flatMap(({ alpha = [] }) => alpha.flat()).reduce((sum, v) => sum + Math.abs(v), 0);
  const loss = hinge.reduce((sum, v, i) => sum + v + 0.3 * kl[i]!, 0) / 3 + 0.01 * l1;
  return { logits, loss, parts: { hinge, kl, l1 } };
}

/** d loss / d every number in `nested`, which is changed in place and put back. */
function slopes(nested: unknown, loss: () => number): unknown {
  const values = nested as number[];
  if (Array.isArray(values[0])) return values.map((part) => slopes(part, loss));
  return values.map((value, i) => {
    const h = 1e-5;
    const at = (by: number) => {
      values[i] = value + by;
      return loss();
    };
    // Of fourth order: the error is about 1e-11.
    const slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
    values[i] = value;
    return slope;
  });
}

function probe(site: Site, layer: number, prompt: number, position: number, edit: Edit = (_s, _l, h) => h) {
  let values: number[] = [];
  plainLogits(model, batch[prompt]!, (at, l, h) => {
    const edited = edit(at, l, h);
    if (at === site && l === layer) values = edited[position]!;
    return edited;
  });
  return { site, layer, prompt, position, values };
}

const rows = (n: number, width: number) => Array.from({ length: n }, () => list(width, 0.5));
const make: Record<string, (site: Site) => Entry> = {
  scale: (site) => ({ site, kind: "scale", alpha: rows(layers, 5) }),
  add: (site) => ({ site, kind: "add", v: Array.from({ length: layers }, () => rows(5, d)) }),
  dynamic: (site) => ({ site, kind: "dynamic", w: rows(layers, d), b: list(layers, 0.5) }),
};
const cases: [string, Entry[]][] = sites.flatMap((site) =>
  Object.entries(make).map(([kind, entry]) => [`${site}/${kind}`, [entry(site)]] as [string, Entry[]]),
);
cases.push(["same_site_in_order", Object.values(make).map((entry) => entry("mlp_out"))]);
const interventions = cases.map(([name, entries]) => {
  const { logits, loss, parts } = lossOf(entries);
  const graded = entries.map((entry) => {
    const { site, kind, ...parameters } = entry;
    const grad = Object.entries(parameters).map(([key, x]) => [key, slopes(x, () => lossOf(entries).loss)]);
    return { ...entry, grad: Object.fromEntries(grad) };
  });
  const probes = [0, 1].map((layer) => probe(entries[0]!.site, layer, 1, 3 + layer, editOf(entries)));
  return { name, list: graded, logits_last: logits, loss, parts, probes };
});

function languageModelLoss() {
  const terms = batch.flatMap((ids) =>
    plainLogits(model, ids.slice(0, -1)).map((z, t) => -Math.log(softmax(z)[ids[t + 1]!]!)),
  );
  return terms.reduce((a, b) => a + b, 0) / terms.length;
}
const grads = Object.entries(shapes).map(([name, shape]) => {
  const g = slopes(weights[name], languageModelLoss) as number[];
  const n = g.length;
  const spread_index = Array.from({ length: 8 }, (_, i) => Math.floor((i * (n - 1)) / 7));
  const sum = g.reduce((a, b) => a + b, 0);
  const spread = spread_index.map((i) => g[i]!);
  return [name, { shape, l2: Math.hypot(...g), sum, first8: g.slice(0, 8), spread_index, spread }];
});

const expected = {
  schema: "model-expected/1",
  computed: "float64, tests/fixtures/own/plain.ts; gradients by central differences of fourth order",
  prompts: { batch, single, long },
  logits: {
    batch_last: clean,
    batch0_all: plainLogits(model, batch[0]!),
    single_last: last(single),
    long_last: last(long),
  },
  greedy: { prompt: batch[0], new_tokens: greedy(batch[0]!, 3) },
  probes: sites.flatMap((site) => [0, 1].map((layer) => probe(site, layer, layer, 2))),
  answers: { target, other, clean_margin: clean.map((z, i) => z[target[i]!]! - z[other[i]!]!) },
  interventions,
  lm_loss: { loss: languageModelLoss(), grads: Object.fromEntries(grads) },
};

/** A safetensors file, by hand. */
function safetensors(): Uint8Array {
  let at = 0;
  const header = Object.entries(shapes).map(([name, shape]) => {
    const begin = at;
    at += 4 * size(shape);
    return [name, { dtype: "F32", shape, data_offsets: [begin, at] }];
  });
  const text = JSON.stringify(Object.fromEntries(header));
  const json = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const data = new Uint8Array(Float32Array.from(Object.keys(shapes).flatMap((name) => weights[name]!)).buffer);
  const file = new Uint8Array(8 + json.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  file.set(data, 8 + json.length);
  return file;
}

const folder = new URL("../fixtures/own/gpt2-tiny/", import.meta.url);
mkdirSync(folder, { recursive: true });
const config = {
  model_type: "gpt2",
  n_layer: layers,
  n_head: heads,
  n_embd: d,
  n_inner: inner,
  vocab_size: vocab,
  n_positions: context,
};
writeFileSync(new URL("config.json", folder), `${JSON.stringify(config, null, 2)}\n`);
writeFileSync(new URL("model.safetensors", folder), safetensors());
writeFileSync(
  new URL("expected.json", folder),
  `${JSON.stringify(expected, null, 1).replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, items) => `[${items.replace(/\s+/g, " ")}]`)}\n`,
);
