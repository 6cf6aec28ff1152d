/** Shapes of published models; their weights are random here. */
export interface Shape {
  readonly title: string;
  readonly config: Readonly<Record<string, unknown>>;
}

const gpt2 = (n_layer: number, n_head: number, n_embd: number) => ({
  model_type: "gpt2",
  n_layer,
  n_head,
  n_embd,
  n_positions: 1024,
  vocab_size: 50257,
});

export const shapes = {
  small: { title: "GPT-2 small", config: gpt2(12, 12, 768) },
  xl: { title: "GPT-2 XL", config: gpt2(48, 25, 1600) },
  pythia: {
    title: "Pythia-1.4B",
    config: {
      model_type: "gpt_neox",
      num_hidden_layers: 24,
      num_attention_heads: 16,
      hidden_size: 2048,
      intermediate_size: 8192,
      max_position_embeddings: 2048,
      vocab_size: 50304,
      rotary_pct: 0.25,
    },
  },
} satisfies Record<string, Shape>;

export type ShapeName = keyof typeof shapes;
export type Stored = "F32" | "F16" | "BF16";
