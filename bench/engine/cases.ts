/** What is measured. Sizes are plain data, so that every engine's process reads the same. */

export type Kind = "gemm" | "train" | "intervene" | "forward" | "generate" | "elementwise" | "dispatch" | "memory";

/** The fields of GPT-2's `config.json`. */
export interface ModelSize {
  n_layer: number;
  n_embd: number;
  n_head: number;
  vocab_size: number;
  n_positions: number;
}

export interface Case {
  name: string;
  title: string;
  kind: Kind;
  /** What is checked and timed on its own within one process. */
  items: readonly string[];
  model?: ModelSize;
  /** `[prompts, tokens]`. */
  size?: readonly [number, number];
  /** New tokens of a generation. */
  newTokens?: number;
  /** Ops in the chain of the dispatch case. */
  ops?: number;
  /** Parameters whose gradients every engine must agree on. */
  checked?: readonly string[];
  lr?: number;
  /** Largest difference from the reference, relative to the largest entry of the same array. */
  tolerance: number;
}

const gpt2Small: ModelSize = { n_layer: 12, n_embd: 768, n_head: 12, vocab_size: 50257, n_positions: 1024 };
const modelA: ModelSize = { n_layer: 4, n_embd: 128, n_head: 4, vocab_size: 256, n_positions: 32 };
const modelB: ModelSize = { n_layer: 6, n_embd: 384, n_head: 6, vocab_size: 4096, n_positions: 128 };

/** Rows m, inner size k, columns n. */
export const products: readonly (readonly [number, number, number])[] = [
  [16, 768, 3072],
  [16, 3072, 768],
  [128, 768, 768],
  [256, 768, 3072],
  [512, 512, 512],
  [1024, 1024, 1024],
  [64, 128, 512],
  [2048, 64, 64],
];
export const productName = (size: readonly number[]): string => size.join("x");

/** Rows and columns of the elementwise case: a million floats. */
export const million: readonly [number, number] = [1024, 1024];

const gradientsOf = (layers: number): string[] => [
  "wte.weight",
  "wpe.weight",
  "h.0.ln_1.weight",
  "h.0.attn.c_attn.weight",
  "h.0.attn.c_attn.bias",
  `h.${layers - 1}.attn.c_proj.weight`,
  `h.${layers - 1}.mlp.c_fc.weight`,
  `h.${layers - 1}.mlp.c_proj.weight`,
  "ln_f.bias",
];
const train = { kind: "train", items: ["step"], lr: 1e-3, tolerance: 2e-3 } as const;

export const cases: readonly Case[] = [
  { name: "gemm", title: "Matrix products", kind: "gemm", items: products.map(productName), tolerance: 1e-5 },
  {
    ...train,
    name: "A",
    title: "Training step A: 4 layers, d 128, 4 heads, vocabulary 256, batch 32 x 32",
    model: modelA,
    size: [32, 32],
    checked: gradientsOf(4),
  },
  {
    ...train,
    name: "B",
    title: "Training step B: 6 layers, d 384, 6 heads, vocabulary 4,096, batch 4 x 128",
    model: modelB,
    size: [4, 128],
    checked: gradientsOf(6),
  },
  {
    name: "I",
    title: "Intervention step I: GPT-2 small, batch 8 x 16, scalars and vectors everywhere",
    kind: "intervene",
    items: ["step"],
    model: gpt2Small,
    size: [8, 16],
    checked: ["attn_out.alpha", "attn_out.v", "mlp_out.alpha", "mlp_out.v"],
    lr: 0.01,
    tolerance: 2e-3,
  },
  {
    name: "forward",
    title: "Forward pass: GPT-2 small, 16 tokens",
    kind: "forward",
    items: ["step"],
    model: gpt2Small,
    size: [1, 16],
    tolerance: 2e-3,
  },
  {
    name: "generate",
    title: "Generation: GPT-2 small, 32 tokens after 16",
    kind: "generate",
    items: ["step"],
    model: gpt2Small,
    size: [1, 16],
    newTokens: 32,
    tolerance: 0,
  },
  {
    name: "elementwise",
    title: "Elementwise and rows: a million floats",
    kind: "elementwise",
    items: ["add", "softmax", "layerNorm", "gelu"],
    tolerance: 1e-4,
  },
  {
    name: "dispatch",
    title: "Dispatch: 64 floats",
    kind: "dispatch",
    items: ["forward", "gradient"],
    ops: 100,
    tolerance: 1e-4,
  },
  {
    ...train,
    name: "memory",
    title: "Memory over 1,000 training steps A",
    kind: "memory",
    model: modelA,
    size: [32, 32],
    checked: [],
  },
];

/** What a quick run measures: few cases, and of the products one of each kind. */
export const quickCases: readonly Case[] = cases
  .filter(({ name }) => ["gemm", "A", "elementwise", "dispatch"].includes(name))
  .map((spec) => (spec.name === "gemm" ? { ...spec, items: ["16x768x3072", "128x768x768", "512x512x512"] } : spec));
