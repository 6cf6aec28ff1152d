import { arange, asTensor, zeros } from "../create";
import { ArgumentError, DtypeError, ShapeError } from "../errors";
import { contiguous, op } from "../op";
import { isTensor, type Tensor, type TensorLike } from "../tensor";
import { greater, less, mul, sub } from "./arithmetic";
import { concat } from "./join";
import { matmul } from "./matmul";
import { sum } from "./reduce";
import { maskedFill } from "./select";
import { softmax } from "./softmax";
import { permute, reshape, split, transpose, unsqueeze } from "./views";

interface Attention {
  heads: number;
  kvHeads: number;
  scale: number;
}

const causalAttentionOp = op("causal_attention", {
  formula: "softmax(scale · q kᵀ) v per head, over keys from `starts` to the query's own position",
  inputs: ["qkv", "starts"],
  // Two products over the visible half of the scores.
  flops: ({ qkv }, out) => 2 * out.size * (qkv.shape[1]! + 1),
  floats: true,
  shape: ({ qkv, starts }, attrs: Attention) => {
    checkAttention(qkv, starts, attrs);
    const [batch, length, , d] = qkv.shape as [number, number, number, number];
    return [batch, length, attrs.heads, d];
  },
  forward: (kernels, { qkv, starts }, out, attrs) => {
    const [q, k, v] = headViews(contiguous(qkv), attrs);
    kernels.attention(q, k, v, contiguous(starts), out, attrs.scale);
  },
  gradient: {
    qkv: ({ g, qkv, starts, attrs }) => causalAttentionGradient({ qkv, starts, g }, attrs),
    starts: null,
  },
});

const causalAttentionGradient = op("causal_attention_gradient", {
  formula: "dq = scale · dS k, dk = scale · dSᵀ q, dv = pᵀ g, where dp = g vᵀ and dS = p · (dp − Σ p · dp)",
  inputs: ["qkv", "starts", "g"],
  // Five products: the scores are computed again.
  flops: ({ g }, out) => 5 * g.size * (out.shape[1]! + 1),
  shape: ({ qkv }) => qkv.shape,
  forward: (kernels, { qkv, starts, g }, out, attrs: Attention) => {
    const [q, k, v] = headViews(contiguous(qkv), attrs);
    const [dq, dk, dv] = headViews(out, attrs);
    kernels.attentionGradient(q, k, v, contiguous(starts), contiguous(g), dq, dk, dv, attrs.scale);
  },
  composed: ({ qkv, starts, g }, attrs) => {
    const { heads, kvHeads, scale } = attrs;
    const [batch, length, , d] = qkv.shape as [number, number, number, number];
    // Matrices [batch, kvHeads, heads per key head, length, d]; keys and values broadcast over the third axis.
    const grouped = (x: Tensor, n: number) =>
      permute(reshape(x, [batch, length, kvHeads, n / kvHeads, d]), [0, 2, 3, 1, 4]);
    const ungrouped = (x: Tensor, n: number) => reshape(permute(x, [0, 3, 1, 2, 4]), [batch, length, n, d]);
    const [query, key, value] = split(qkv, [heads, kvHeads, kvHeads], 2) as [Tensor, Tensor, Tensor];
    const [q, k, v, slope] = [grouped(query, heads), grouped(key, kvHeads), grouped(value, kvHeads), grouped(g, heads)];
    const hide = (x: Tensor, hidden: Tensor) => maskedFill(x, hidden, Number.NEGATIVE_INFINITY);
    const at = arange(length, undefined, 1, { dtype: "i32" });
    const early = less(at, reshape(starts, [batch, 1, 1, 1, 1]));
    const p = softmax(hide(hide(mul(matmul(q, transpose(k)), scale), greater(at, unsqueeze(at, 1))), early));
    const dp = matmul(slope, transpose(v));
    const ds = mul(mul(p, sub(dp, sum(mul(dp, p), -1, true))), scale);
    const dq = matmul(ds, k);
    const dk = sum(matmul(transpose(ds), q), 2, true);
    const dv = sum(matmul(transpose(p), slope), 2, true);
    return concat([ungrouped(dq, heads), ungrouped(dk, kvHeads), ungrouped(dv, kvHeads)], 2);
  },
});

/** Options of `causalAttention`. */
export interface AttentionOptions {
  /** Query heads. */
  heads: number;
  /** Key and value heads; a divisor of `heads`, each read by `heads / kvHeads` query heads. Default `heads`. */
  kvHeads?: number;
  /** Factor of the scores. Default `1 / √d_head`. */
  scale?: number;
  /** `[batch]` (i32, 0 to length): keys before it are invisible, as padding on the left is. Default 0. */
  starts?: TensorLike;
}

/**
 * Causal self-attention (Vaswani et al. 2017, eq. 1) from a fused projection `qkv [batch, length, heads + 2 · kvHeads,
 * d_head]`: the query heads, then the key heads, then the value heads. Gives `[batch, length, heads, d_head]`. Each
 * query sees the keys up to its own position; one that sees none gives zeros. Keeps no matrix of scores.
 * @throws `ShapeError` when heads and shapes do not fit, `ArgumentError` for `starts` out of range.
 */
export function causalAttention(qkv: Tensor, options: AttentionOptions): Tensor {
  const { heads, kvHeads = heads, scale = 1 / Math.sqrt(qkv.shape[3] || 1), starts } = options;
  const first =
    starts === undefined
      ? zeros([qkv.shape[0] ?? 0], { dtype: "i32" })
      : isTensor(starts)
        ? starts
        : asTensor(starts, "i32");
  return causalAttentionOp({ qkv, starts: first }, { heads, kvHeads, scale });
}

/** Queries, keys and values as views of a contiguous `qkv`. */
function headViews(qkv: Tensor, { heads, kvHeads }: Attention): [Tensor, Tensor, Tensor] {
  const view = (from: number, to: number) => qkv.withLayout(qkv.layout.slice([null, null, [from, to]]));
  return [view(0, heads), view(heads, heads + kvHeads), view(heads + kvHeads, heads + 2 * kvHeads)];
}

function checkAttention(qkv: Tensor, starts: Tensor, { heads, kvHeads }: Attention): void {
  const where = "causal_attention";
  const isCount = (n: number) => Number.isInteger(n) && n > 0;
  if (!isCount(heads) || !isCount(kvHeads) || heads % kvHeads !== 0) {
    throw new ShapeError(where, "heads must be a multiple of kvHeads, both 1 or more", { details: { heads, kvHeads } });
  }
  if (qkv.rank !== 4 || qkv.shape[2] !== heads + 2 * kvHeads) {
    throw new ShapeError(where, `qkv must be [batch, length, ${heads + 2 * kvHeads}, d_head]`, {
      details: { qkv: qkv.shape, heads, kvHeads },
      hint: "The third axis holds the query heads, then the key heads, then the value heads.",
    });
  }
  if (starts.rank !== 1 || starts.shape[0] !== qkv.shape[0]) {
    throw new ShapeError(where, "starts must have one entry for each entry of the batch", {
      details: { qkv: qkv.shape, starts: starts.shape },
    });
  }
  if (starts.dtype !== "i32") {
    throw new DtypeError(where, `starts is ${starts.dtype}, not i32`, { hint: 'Create it with { dtype: "i32" }.' });
  }
  for (const value of starts.toTypedArray()) {
    if (value < 0 || value > qkv.shape[1]!) {
      throw new ArgumentError(where, `start ${value} is out of range`, { hint: `Valid: 0 to ${qkv.shape[1]}.` });
    }
  }
}
