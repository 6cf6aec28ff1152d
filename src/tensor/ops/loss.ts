import { ones, zeros } from "../create";
import { ArgumentError, ShapeError } from "../errors";
import { sameShape } from "../layout";
import { contiguous, op } from "../op";
import type { Tensor } from "../tensor";
import { div, equal, mul, sub } from "./arithmetic";
import { checkIndex, scatterAdd } from "./indexing";
import { sum } from "./reduce";
import { where } from "./select";
import { softmax } from "./softmax";
import { unsqueeze } from "./views";

interface Ignore {
  ignore: number;
}

const crossEntropyOp = op("cross_entropy", {
  formula: "ln Σ e^logits − logits[target], per row; 0 where target is `ignore`",
  inputs: ["logits", "target"],
  shape: ({ logits, target }, { ignore }: Ignore) => {
    if (logits.rank === 0) throw new ShapeError("cross_entropy", "logits have no axis of classes");
    if (!sameShape(logits.shape.slice(0, -1), target.shape)) {
      throw new ShapeError("cross_entropy", "target must have the shape of logits without its last axis", {
        details: { logits: logits.shape, target: target.shape },
      });
    }
    checkIndex("cross_entropy", target, logits.shape.at(-1)!, ignore);
    return target.shape;
  },
  forward: (kernels, { logits, target }, out, { ignore }) =>
    kernels.crossEntropy(contiguous(logits), contiguous(target), out, ignore),
  gradient: {
    logits: ({ g, logits, target, attrs }) => crossEntropyGradient({ logits, target, g }, attrs),
    target: null,
  },
});

const crossEntropyGradient = op("cross_entropy_gradient", {
  formula: "g · (softmax(logits) − one-hot(target)), 0 where target is `ignore`",
  inputs: ["logits", "target", "g"],
  shape: ({ logits }) => logits.shape,
  forward: (kernels, { logits, target, g }, out, { ignore }: Ignore) =>
    kernels.crossEntropyGradient(contiguous(logits), contiguous(target), contiguous(g), out, ignore),
  composed: ({ logits, target, g }, { ignore }) => {
    const ignored = equal(target, ignore);
    const index = unsqueeze(where(ignored, 0, target), -1);
    const { dtype } = logits;
    const oneHot = scatterAdd(zeros(logits.shape, { dtype }), index, ones(index.shape, { dtype }), -1);
    return mul(where(unsqueeze(ignored, -1), 0, sub(softmax(logits), oneHot)), unsqueeze(g, -1));
  },
});

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions {
  /** Default `mean`, over the rows that count. */
  reduction?: "mean" | "sum" | "none";
  /** Rows with this target count 0. Default -100. */
  ignoreIndex?: number;
}

/** Cross-entropy of `logits [.., classes]` against `target [..]` (i32), in nats. */
export function crossEntropy(logits: Tensor, target: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { reduction = "mean", ignoreIndex = -100 } = options;
  const losses = crossEntropyOp({ logits, target }, { ignore: ignoreIndex });
  if (reduction === "none") return losses;
  if (reduction === "sum") return sum(losses);
  if (reduction !== "mean") {
    throw new ArgumentError("cross_entropy", `no reduction "${reduction}"`, { hint: "Valid: mean, sum, none." });
  }
  const counted = Array.from(target.toTypedArray()).filter((id) => id !== ignoreIndex).length;
  return div(sum(losses), counted);
}
