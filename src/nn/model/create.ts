import { memoryUse, OutOfMemoryError, parameter, Random, type Tensor } from "../../autograd";
import { memoryLimit } from "../../tensor/internal";
import type { GPTConfig } from "../config";
import { parseConfig } from "../families";
import type { Tokenizer } from "../tokenizer/tokenizer";
import { Model } from "./model";
import { countParameters, isResidualProjection, weightShapes } from "./weights";

/**
 * A model with fresh weights, as GPT-2 is initialised: normal with deviation 0.02, projections into the residual
 * stream divided by √(2 · layers), biases 0, norms 1. `config`: the fields of a `config.json`. Throws `OutOfMemoryError`
 * before anything is taken where the weights would not fit.
 */
export function createModel(config: object, options: { seed: number; tokenizer?: Tokenizer; name?: string }): Model {
  const parsed: GPTConfig = parseConfig(config, options.name ?? "new model");
  const bytes = 4 * countParameters(parsed);
  const room = memoryLimit - memoryUse().inUse;
  if (bytes > room) {
    const gib = (count: number) => `${(count / 2 ** 30).toFixed(2)} GiB`;
    throw new OutOfMemoryError(options.name ?? "new model", "its weights do not fit into the engine's memory", {
      details: { needed: gib(bytes), free: gib(room) },
    });
  }
  const random = new Random(options.seed);
  const weights: Record<string, Tensor> = {};
  for (const [name, shape] of Object.entries(weightShapes(parsed))) {
    const deviation = isResidualProjection(parsed, name) ? 0.02 / Math.sqrt(2 * parsed.n_layers) : 0.02;
    const value = (): number => {
      if (name.endsWith(".bias")) return 0;
      if (shape.length === 1) return 1;
      return random.normal() * deviation;
    };
    const weight = parameter(shape);
    weight.storage.data().forEach((_, i, data) => {
      data[i] = value();
    });
    weights[name] = weight;
  }
  return new Model(parsed, weights, options.tokenizer, options.name);
}
