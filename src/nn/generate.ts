import { ArgumentError, Random, step } from "../autograd";
import type { Interventions } from "./interventions";
import type { Model } from "./model";
import { layOut } from "./prompts";

export interface GenerateOptions {
  /** Most tokens to add. Default 20; generation also ends at the model's context length. */
  maxTokens?: number;
  /** 0 (default) always takes the most likely token; above, samples from `softmax(logits / temperature)`. */
  temperature?: number;
  /** Samples among the k most likely tokens only. */
  topK?: number;
  /** For sampling. Default 0. */
  seed?: number;
  interventions?: Interventions;
  beta?: number;
  /** Ends after any of these. Default: the end-of-text token of the model. */
  stopTokens?: readonly number[];
}

/** Token ids that continue `ids`, without it. Interventions count positions from the start or end of the prompt. */
export function generateIds(model: Model, ids: readonly number[], options: GenerateOptions = {}): number[] {
  const { maxTokens = 20, temperature = 0, topK, seed = 0, interventions = {}, beta = 1 } = options;
  if (!(temperature >= 0))
    throw new ArgumentError("generate", `temperature is ${temperature}`, { hint: "Use 0 or more." });
  if (topK !== undefined && !(Number.isInteger(topK) && topK > 0)) {
    throw new ArgumentError("generate", `topK is ${topK}`, { hint: "Use 1 or more." });
  }
  const stop = new Set(options.stopTokens ?? model.config.eos_token_ids);
  const random = new Random(seed);
  layOut([ids], model.config);
  const all = [...ids];
  while (all.length < ids.length + maxTokens && all.length < model.config.n_ctx) {
    const logits = step(() =>
      model.forward(all, { interventions, beta, positions: "last", promptLengths: [ids.length] }).logits.toTypedArray(),
    );
    const next = temperature === 0 ? largest(logits) : sample(logits, temperature, topK, random);
    all.push(next);
    if (stop.has(next)) break;
  }
  return all.slice(ids.length);
}

/** The text that continues `prompt`; the end-of-text token is left out. */
export function generate(model: Model, prompt: string, options: GenerateOptions = {}): string {
  const tokenizer = model.needTokenizer("generate");
  const added = generateIds(model, tokenizer.encode(prompt), options);
  const { eos_token_ids } = model.config;
  return tokenizer.decode(
    added.filter((id) => !eos_token_ids.includes(id)),
    { continuation: true },
  );
}

/** The most likely next tokens after a prompt. */
export function nextTokens(
  model: Model,
  ids: readonly number[],
  options: { count?: number; interventions?: Interventions; beta?: number } = {},
): { id: number; token: string; probability: number }[] {
  const { count = 5, interventions = {}, beta = 1 } = options;
  const p = step(() => model.forward(ids, { interventions, beta, positions: "last" }).logits.softmax().toTypedArray());
  return [...p.keys()]
    .sort((a, b) => p[b]! - p[a]!)
    .slice(0, count)
    .map((id) => ({ id, token: model.tokenizer?.token(id) ?? String(id), probability: p[id]! }));
}

function largest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

function sample(logits: ArrayLike<number>, temperature: number, topK: number | undefined, random: Random): number {
  const order = Array.from(logits, (_, i) => i).sort((a, b) => logits[b]! - logits[a]!);
  const candidates = topK === undefined ? order : order.slice(0, topK);
  const top = logits[candidates[0]!]!;
  const weights = candidates.map((i) => Math.exp((logits[i]! - top) / temperature));
  let u = random.uniform() * weights.reduce((a, b) => a + b, 0);
  for (let i = 0; i < candidates.length; i++) {
    u -= weights[i]!;
    if (u < 0) return candidates[i]!;
  }
  return candidates.at(-1)!;
}
