import { ArgumentError } from "../../autograd";
import type { Interventions } from "../interventions/edits";
import type { Model } from "../model/model";
import type { Sampling } from "./sampling";

/** How tokens are drawn, and when generation ends. */
export interface GenerateOptions {
  /** Most tokens to add. Default 20; generation also ends at the model's context length. */
  maxTokens?: number;
  /**
   * 0 always takes the most likely token; above, samples from `softmax(logits / temperature)`. Default 0, or 1 where
   * `topK` or `topP` ask for sampling.
   */
  temperature?: number;
  /** Samples among the k most likely tokens only. */
  topK?: number;
  /** Samples among the fewest most likely tokens that have this share of the probability; above 0, up to 1. */
  topP?: number;
  /** Above 1 makes tokens of the prompt and of what was added less likely, below 1 more likely. Default 1. */
  repetitionPenalty?: number;
  /** For sampling. Default 0. Prompt r of several draws as it would alone with `seed + r`. */
  seed?: number;
  /** Ends after any of these. Default: the end-of-text tokens of the model. */
  stopTokens?: readonly number[];
  /** Ends where the added text holds any of these, wherever the borders of its tokens are. Needs a tokenizer. */
  stop?: readonly string[];
  /** Edits of activations; `describePositions` says which of them go on for the added tokens. */
  interventions?: Interventions;
  /** β of all interventions, for all prompts or for each. Default 1. */
  beta?: number | readonly number[];
  /** Keep the keys and values of past tokens instead of computing them again: faster, the same tokens. Default true. */
  useCache?: boolean;
}

/** Options with every default filled in. */
export interface GenerateSettings {
  readonly maxTokens: number;
  readonly sampling: Sampling;
  readonly seed: number;
  readonly stopTokens: ReadonlySet<number>;
  readonly stop: readonly string[];
  readonly interventions: Interventions;
  readonly beta: number | readonly number[];
  readonly useCache: boolean;
}

/** Checks options. Throws `ArgumentError` with the option's name, its value and what is valid. */
export function settingsOf(model: Model, options: GenerateOptions): GenerateSettings {
  const { maxTokens = 20, topK = Number.POSITIVE_INFINITY, topP = 1, repetitionPenalty = 1, seed = 0 } = options;
  const isLimited = options.topK !== undefined || options.topP !== undefined;
  const { temperature = isLimited ? 1 : 0, stop = [], interventions = {}, beta = 1, useCache = true } = options;
  const { vocab_size, eos_token_ids } = model.config;
  check("maxTokens", maxTokens, Number.isInteger(maxTokens) && maxTokens >= 0, "Use a whole number, 0 or more.");
  check("temperature", temperature, temperature >= 0 && temperature < Number.POSITIVE_INFINITY, "Use 0 or more.");
  const isCount = options.topK === undefined || (Number.isInteger(topK) && topK >= 1);
  check("topK", topK, isCount, "Use a whole number, 1 or more.");
  check("topP", topP, topP > 0 && topP <= 1, "Use more than 0, up to 1.");
  const isPenalty = repetitionPenalty > 0 && repetitionPenalty < Number.POSITIVE_INFINITY;
  check("repetitionPenalty", repetitionPenalty, isPenalty, "Use more than 0; 1 is no penalty.");
  check("seed", seed, Number.isSafeInteger(seed), "Use a whole number.");
  for (const id of options.stopTokens ?? []) {
    const isToken = Number.isInteger(id) && id >= 0 && id < vocab_size;
    check("stopTokens", id, isToken, `Use token ids, 0 to ${vocab_size - 1}.`, "holds");
  }
  if (typeof stop === "string") check("stop", JSON.stringify(stop), false, "Use a list of texts.");
  for (const text of stop) {
    check(
      "stop",
      JSON.stringify(text),
      typeof text === "string" && text !== "",
      "Use texts that are not empty.",
      "holds",
    );
  }
  const stopTokens = new Set(options.stopTokens ?? eos_token_ids);
  const sampling = { temperature, topK, topP, repetitionPenalty };
  return { maxTokens, sampling, seed, stopTokens, stop, interventions, beta, useCache };
}

function check(name: string, value: unknown, isValid: boolean, hint: string, verb = "is"): void {
  if (!isValid) throw new ArgumentError("generate", `${name} ${verb} ${value}`, { hint });
}
