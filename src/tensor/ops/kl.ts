import { ones, zeros } from "../create";
import { ShapeError } from "../errors";
import { sameShape } from "../layout";
import { contiguous, op } from "../op";
import type { Tensor } from "../tensor";
import { mul, notEqual, sub } from "./arithmetic";
import { exp } from "./elementwise";
import { checkIndex, scatterAdd } from "./indexing";
import { maskedFill } from "./select";
import { logSoftmax } from "./softmax";
import { unsqueeze } from "./views";

const klWithoutOp = op("kl_without", {
  formula: "Σ p · ln(p/q) per row, p = softmax(clean) and q = softmax(edited) without the entries in index",
  inputs: ["clean", "edited", "index"],
  floats: true,
  shape: ({ clean, edited, index }) => {
    checkRows(clean, edited, index);
    return [clean.shape[0]!];
  },
  forward: (kernels, { clean, edited, index }, out) =>
    kernels.klWithout(contiguous(clean), contiguous(edited), contiguous(index), out),
  gradient: {
    clean: ({ g, clean, edited, index, out }) => {
      const logP = logSoftmaxWithout(clean, index);
      const change = sub(sub(logP, logSoftmaxWithout(edited, index)), unsqueeze(out, -1));
      return mul(unsqueeze(g, -1), mul(exp(logP), change));
    },
    edited: ({ g, clean, edited, index }) => klWithoutGradient({ clean, edited, index, g }),
    index: null,
  },
});

const klWithoutGradient = op("kl_without_gradient", {
  formula: "g · (q − p), 0 at the entries in index",
  inputs: ["clean", "edited", "index", "g"],
  shape: ({ clean }) => clean.shape,
  forward: (kernels, { clean, edited, index, g }, out) =>
    kernels.klWithoutGradient(contiguous(clean), contiguous(edited), contiguous(index), contiguous(g), out),
  composed: ({ clean, edited, index, g }) =>
    mul(unsqueeze(g, -1), sub(exp(logSoftmaxWithout(edited, index)), exp(logSoftmaxWithout(clean, index)))),
});

/**
 * KL(p ‖ q) of each row in nats, `[rows]`: p and q are the softmax of `clean` and `edited [rows, n]` over the columns
 * that are not in `index [rows, k]` (i32; repeats count once), renormalised. 0 where no column is left. Throws
 * `ShapeError` when the shapes do not fit and `ArgumentError` when an index is out of range.
 */
export function klWithout(clean: Tensor, edited: Tensor, index: Tensor): Tensor {
  return klWithoutOp({ clean, edited, index });
}

/** Far below any logit, yet finite, so that 0 · (low − low) stays 0. */
const low = -1e9;

/** Log-probabilities without the entries in `index`, which stand at about −1e9. */
function logSoftmaxWithout(x: Tensor, index: Tensor): Tensor {
  const { dtype } = x;
  const named = scatterAdd(zeros(x.shape, { dtype }), index, ones(index.shape, { dtype }), 1);
  return logSoftmax(maskedFill(x, notEqual(named, 0), low));
}

function checkRows(clean: Tensor, edited: Tensor, index: Tensor): void {
  const fits = clean.rank === 2 && sameShape(clean.shape, edited.shape);
  if (!fits || index.rank !== 2 || index.shape[0] !== clean.shape[0]) {
    throw new ShapeError("kl_without", "takes clean and edited [rows, n] and index [rows, k]", {
      details: { clean: clean.shape, edited: edited.shape, index: index.shape },
    });
  }
  checkIndex("kl_without", index, clean.shape[1]!);
}
