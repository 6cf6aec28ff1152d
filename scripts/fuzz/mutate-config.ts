import type { Random } from "fader/autograd";
import type { Draft, Mutation } from "./folder";

const sizes: readonly unknown[] = [
  0,
  -1,
  1.5,
  "2",
  2 ** 30,
  2 ** 31,
  2 ** 53,
  2 ** 53 - 1,
  1e9,
  1e308,
  true,
  null,
  [],
  {},
];
const scales: readonly unknown[] = [0, -1, 1e-320, 1e-45, 1e-12, 1e20, 1e38, 1e300, "1", null, [], {}, true];
const switches: readonly unknown[] = [true, false, null, 0, 1, "true", [], {}];
const ids: readonly unknown[] = [0, 28, 29, -1, 1.5, 2 ** 53, null, "1", [], [1, 2], [1, "2"], {}];
const names: readonly unknown[] = [
  "gelu",
  "gelu_new",
  "silu",
  "relu",
  "swish",
  "GELU",
  "tanh",
  "__proto__",
  "constructor",
  3,
  null,
  [],
  {},
];

/** Values worth trying for each field that a family reads. */
const fields: Readonly<Record<string, readonly unknown[]>> = {
  model_type: ["gpt2", "gpt_neox", "llama", "GPT2", "bert", "__proto__", "constructor", "", null, 3, [], {}],
  architectures: [["GPT2LMHeadModel"], ["LlamaForCausalLM"], ["GPTNeoXForCausalLM"], [], {}, "x", [3], [null], [[]]],
  quantization_config: [null, {}, { bits: 4 }, [], 3],
  n_layer: sizes,
  n_head: sizes,
  n_embd: sizes,
  n_inner: sizes,
  n_positions: sizes,
  n_ctx: sizes,
  vocab_size: sizes,
  num_hidden_layers: sizes,
  num_attention_heads: sizes,
  num_key_value_heads: sizes,
  head_dim: sizes,
  hidden_size: sizes,
  intermediate_size: sizes,
  max_position_embeddings: sizes,
  layer_norm_epsilon: scales,
  layer_norm_eps: scales,
  rms_norm_eps: scales,
  rotary_pct: [...scales, 0.1, 0.25, 0.3, 0.75, 1],
  partial_rotary_factor: [...scales, 0.5, 1],
  rotary_emb_base: scales,
  rope_theta: scales,
  activation_function: names,
  hidden_act: names,
  tie_word_embeddings: switches,
  attention_bias: switches,
  mlp_bias: switches,
  use_parallel_residual: switches,
  scale_attn_weights: switches,
  scale_attn_by_inverse_layer_idx: switches,
  add_cross_attention: switches,
  is_encoder_decoder: switches,
  pruned_heads: [null, {}, { 0: [1] }, [], 3],
  bos_token_id: ids,
  eos_token_id: ids,
};
const scalingTypes = ["default", "linear", "llama3", "dynamic", "yarn", "su", "__proto__", null, 3, {}];

/** Changes a few fields of the configuration. */
export function mutateConfig({ config }: Draft, random: Random): Mutation {
  const steps = Array.from({ length: random.pick([1, 1, 1, 2, 3]) }, () =>
    random.pick([set, nudge, drop, scale])(config, random),
  );
  return { what: `config: ${steps.join("; ")}`, expected: "either" };
}

type Config = Draft["config"];

function set(config: Config, random: Random): string {
  // Mostly what is there; the rest are fields that other files have.
  const there = Object.keys(config).filter((name) => Object.hasOwn(fields, name));
  const name = random.pick(random.uniform() < 0.7 && there.length > 0 ? there : Object.keys(fields));
  const value = random.pick(fields[name]!);
  config[name] = value;
  return `${name} = ${JSON.stringify(value)}`;
}

/** A size close to the right one: other divisors, one more, one less. */
function nudge(config: Config, random: Random): string {
  const numbers = Object.keys(config).filter((name) => typeof config[name] === "number");
  if (numbers.length === 0) return "nothing";
  const name = random.pick(numbers);
  const old = config[name] as number;
  config[name] = random.pick([old + 1, old - 1, old * 2, old / 2, old * 3, old / 3, old * 1000, 1, 2, 3, 4, 6, 8, 12]);
  return `${name} = ${config[name]}`;
}

function drop(config: Config, random: Random): string {
  const name = random.pick(Object.keys(config));
  delete config[name];
  return `no ${name}`;
}

/** The stretching of rotary positions, under either name. */
function scale(config: Config, random: Random): string {
  const value: Record<string, unknown> = {};
  if (random.uniform() < 0.8) value[random.pick(["rope_type", "type"])] = random.pick(scalingTypes);
  for (const name of [
    "factor",
    "low_freq_factor",
    "high_freq_factor",
    "original_max_position_embeddings",
    "rope_theta",
  ]) {
    if (random.uniform() < 0.7) value[name] = random.pick([...scales, 1, 2, 8, 64]);
  }
  const name = random.pick(["rope_scaling", "rope_parameters"]);
  config[name] = random.pick([value, value, value, null, [], "linear", 3]);
  return `${name} = ${JSON.stringify(config[name])}`;
}

/** Changes that mean nothing. */
export function decorateConfig(draft: Draft, random: Random): Mutation {
  const { config } = draft;
  const variants: Record<string, () => void> = {
    "unknown fields": () =>
      Object.assign(config, { _name_or_path: "x".repeat(3000), zz: [[1]], torch_dtype: "float16" }),
    "a field called __proto__": () => {
      const value = { n_layer: 7, hidden_size: 7, vocab_size: 7 };
      Object.defineProperty(config, "__proto__", { value, enumerable: true, configurable: true, writable: true });
    },
    "a field called constructor": () => Object.assign(config, { constructor: { n_layer: 3 } }),
    "another order of fields": () => {
      draft.config = Object.fromEntries(random.shuffle(Object.entries(config)));
    },
    "null for fields that are not set": () =>
      Object.assign(config, { n_inner: config.n_inner ?? null, pruned_heads: null }),
    "sizes written as floats": () => {
      const { print } = draft;
      draft.print = (value, file) => print(value, file).replace(/(_size":\s*\d+)(?=[,}\n])/g, "$1.0");
    },
    "white space": () => {
      draft.print = (value) => `\n\t ${JSON.stringify(value, null, random.pick([1, 2, 8]))}\r\n `;
    },
    "a byte order mark": () => {
      draft.print = (value) => `\ufeff${JSON.stringify(value)}`;
    },
  };
  const what = random.pick(Object.keys(variants));
  variants[what]!();
  return { what: `config: ${what}`, expected: "same" };
}
