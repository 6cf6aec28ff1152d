import { contextLength } from "./corpus";
import { vocabularyTokens } from "./vocabulary";

/** Everything that decides which model comes out, with the seeds. */
export const recipe = {
  seed: 0,
  dataSeed: 1,
  steps: 6000,
  batchSize: 32,
  lr: 3e-3,
  minLr: 1.5e-4,
  warmup: 200,
  betas: [0.9, 0.98] as [number, number],
  weightDecay: 0.05,
  clip: 1,
  /** Weight of the tokens of prompts in the loss; those of answers count 1. */
  promptWeight: 0.1,
};

export const modelConfig = {
  architectures: ["GPT2LMHeadModel"],
  model_type: "gpt2",
  n_layer: 3,
  n_head: 4,
  n_embd: 64,
  n_positions: contextLength,
  vocab_size: vocabularyTokens().length,
  activation_function: "gelu_new",
  layer_norm_epsilon: 1e-5,
  tie_word_embeddings: true,
  bos_token_id: 0,
  eos_token_id: 0,
};
