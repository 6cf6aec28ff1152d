import { mul, type Random, type Tensor, tensor } from "../../autograd";

/**
 * Hard-concrete gates of Louizos, Welling & Kingma, "Learning Sparse Neural Networks through L0 Regularization" (ICLR
 * 2018). The three constants are that paper's, which takes the temperature from Maddison, Mnih & Teh (2017). A gate is a
 * number in [0, 1] that is exactly 0 and exactly 1 with probabilities above 0; its logit `log α` is what is learned.
 */
export const hardConcrete = { temperature: 2 / 3, low: -0.1, high: 1.1 } as const;

const { temperature, low, high } = hardConcrete;

/** Uniform noise away from 0 and 1, where its logit would be infinite (1e-6 is ours). */
export function gateNoise(shape: readonly number[], random: Random): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const values = Float32Array.from({ length: size }, () => {
    const u = Math.min(Math.max(random.uniform(), 1e-6), 1 - 1e-6);
    return Math.log(u) - Math.log(1 - u);
  });
  return tensor(values, { shape });
}

/** One draw of gates: `clip(sigmoid((log u − log(1 − u) + log α) / temperature) · (high − low) + low, 0, 1)`. */
export function drawGates(logits: Tensor, noise: Tensor): Tensor {
  return stretch(logits.add(noise).div(temperature));
}

/** Gates without noise: `clip(sigmoid(log α) · (high − low) + low, 0, 1)`. */
export function meanGates(logits: Tensor): Tensor {
  return stretch(logits);
}

/** Probability that each gate is not 0: `sigmoid(log α − temperature · log(−low / high))`. Its sum is the expected L0. */
export function openProbability(logits: Tensor): Tensor {
  return logits.sub(temperature * Math.log(-low / high)).sigmoid();
}

function stretch(logits: Tensor): Tensor {
  const stretched = logits
    .sigmoid()
    .mul(high - low)
    .add(low);
  return stretched.relu().minimum(1);
}

/** Parameters times gates, which have its leading axes. */
export function gated(x: Tensor, gates: Tensor): Tensor {
  const trailing = x.shape.slice(gates.shape.length).map(() => 1);
  return mul(x, trailing.length === 0 ? gates : gates.reshape([...gates.shape, ...trailing]));
}
