import type { Tensor } from "../tensor";
import type { Activation, Binary, Compare, Reduce, Unary } from "./numbers";

/** Names of kernels, by the number of their operands: see `numbers.ts`. */
export type UnaryKernel = keyof typeof Unary;
export type BinaryKernel = keyof typeof Binary;
export type CompareKernel = keyof typeof Compare;
export type ReduceKernel = keyof typeof Reduce;
export type ActivationGradient = keyof typeof Activation;

/**
 * The kernels of a backend. Inputs and outputs are tensors that the caller made; every kernel fills its output wholly.
 * "Rows" kernels take contiguous tensors and work along the last axis (size `n`); the others take any layout unless
 * they say otherwise. Outputs are contiguous except for `copy` and `attentionGradient`. Zero sizes are valid everywhere.
 */
export interface Kernels {
  readonly name: string;
  unary(op: UnaryKernel, x: Tensor, out: Tensor): void;
  /** `a` and `b` already expanded to the shape of `out`. */
  binary(op: BinaryKernel, a: Tensor, b: Tensor, out: Tensor): void;
  /** As `binary`, into a `bool` tensor. */
  compare(op: CompareKernel, a: Tensor, b: Tensor, out: Tensor): void;
  where(condition: Tensor, a: Tensor, b: Tensor, out: Tensor): void;
  /** Any layout to any layout, also between dtypes; to `f16` and `bf16` rounded to the nearest, ties to even. */
  copy(x: Tensor, out: Tensor): void;
  fill(out: Tensor, value: number): void;
  /** Gradient of an activation: `out = g · f′(x)`. Contiguous. */
  activationGradient(op: ActivationGradient, x: Tensor, g: Tensor, out: Tensor): void;
  /** Contiguous `x [outer, n, inner]` to `out [outer, inner]`. Over no elements: 0, -inf, inf. */
  reduce(op: ReduceKernel, x: Tensor, out: Tensor): void;
  /** Rows: index of the first largest element, as `i32`. */
  argmax(x: Tensor, out: Tensor): void;
  /** Rows. A row of only -inf gives zeros. */
  softmax(x: Tensor, out: Tensor): void;
  logSoftmax(x: Tensor, out: Tensor): void;
  /** Rows of matrices `[…, rows, n]`: columns beyond the row count as -inf. */
  causalSoftmax(x: Tensor, out: Tensor): void;
  /** Rows: `y · (g − Σ g·y)`. */
  softmaxGradient(y: Tensor, g: Tensor, out: Tensor): void;
  /** Rows: `g − exp(y) · Σ g`. */
  logSoftmaxGradient(y: Tensor, g: Tensor, out: Tensor): void;
  /**
   * `a [batch, m, k] @ b [batch, k, n]`, any strides in the last two axes; batch strides may be 0. Plus `bias [n]`,
   * contiguous, on every row. `b` may be `f16` or `bf16`.
   */
  matmul(a: Tensor, b: Tensor, out: Tensor, bias?: Tensor): void;
  /**
   * `softmax(scale · q kᵀ) v` per head into contiguous `out`: `q` and `out [batch, queries, heads, d]`, `k` and `v
   * [batch, keys, kvHeads, d]`, the last axis contiguous, the others of any stride. Query `i` sees the keys from
   * `starts[batch]` (i32, 0 to `keys`) to `i + keys − queries`; head `h` reads key head `⌊h · kvHeads / heads⌋`.
   */
  attention(q: Tensor, k: Tensor, v: Tensor, starts: Tensor, out: Tensor, scale: number): void;
  /** Fills `dq`, `dk`, `dv`, whose strides are those of `q`, `k`, `v`, from the gradient `g` of `out`. */
  attentionGradient(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    starts: Tensor,
    g: Tensor,
    dq: Tensor,
    dk: Tensor,
    dv: Tensor,
    scale: number,
  ): void;
  /** Rows. */
  layerNorm(x: Tensor, weight: Tensor, bias: Tensor, out: Tensor, eps: number): void;
  layerNormGradient(x: Tensor, weight: Tensor, g: Tensor, out: Tensor, eps: number): void;
  /** Rows: `Σ over rows of g · x̂` into `out [n]`. */
  layerNormWeightGradient(x: Tensor, g: Tensor, out: Tensor, eps: number): void;
  rmsNorm(x: Tensor, weight: Tensor, out: Tensor, eps: number): void;
  rmsNormGradient(x: Tensor, weight: Tensor, g: Tensor, out: Tensor, eps: number): void;
  rmsNormWeightGradient(x: Tensor, g: Tensor, out: Tensor, eps: number): void;
  /** `out[i] = weight[index[i]]`, rows of `weight [rows, d]`, also `f16` or `bf16`, contiguous; indices already checked. */
  embedding(weight: Tensor, index: Tensor, out: Tensor): void;
  /** `out = 0; out[index[i]] += g[i]`. */
  embeddingGradient(index: Tensor, g: Tensor, out: Tensor): void;
  /** `out[p] = x[p with p[axis] = index[p]]`, contiguous. */
  gather(x: Tensor, index: Tensor, out: Tensor, axis: number): void;
  /** `out[p with p[axis] = index[p]] += source[p]`, contiguous; `out` already holds the start values. */
  scatterAdd(out: Tensor, index: Tensor, source: Tensor, axis: number): void;
  /** Rows of `logits [rows, n]` against `target [rows]`; 0 where `target` is `ignore`. */
  crossEntropy(logits: Tensor, target: Tensor, out: Tensor, ignore: number): void;
  crossEntropyGradient(logits: Tensor, target: Tensor, g: Tensor, out: Tensor, ignore: number): void;
  /**
   * Contiguous `x [batch, length, vectors, d]`: in the first `heads` vectors turns the pairs `(i, i + half)` by the
   * angles of `cos`, `sin [batch, length, half]`; copies the rest.
   */
  rotary(x: Tensor, cos: Tensor, sin: Tensor, out: Tensor, heads: number): void;
  /** `silu(gate) · up`. Contiguous. */
  swiglu(gate: Tensor, up: Tensor, out: Tensor): void;
  /** `g · up · silu′(gate)`. Contiguous. */
  swigluGateGradient(gate: Tensor, up: Tensor, g: Tensor, out: Tensor): void;
  /**
   * Rows of `clean` and `edited [rows, n]`: KL of their softmax over the columns that are not in `index [rows, k]`,
   * into `out [rows]`; 0 where none is left.
   */
  klWithout(clean: Tensor, edited: Tensor, index: Tensor, out: Tensor): void;
  /** Its gradient for `edited`: `g · (softmax(edited) − softmax(clean))`, 0 at the columns in `index`. */
  klWithoutGradient(clean: Tensor, edited: Tensor, index: Tensor, g: Tensor, out: Tensor): void;
  /** In place on `p`, `m`, `v` (contiguous): AdamW with decoupled weight decay. */
  adam(p: Tensor, g: Tensor, m: Tensor, v: Tensor, settings: AdamSettings): void;
}

/** Numbers of one update: see `Adam`. */
export interface AdamSettings {
  lr: number;
  beta1: number;
  beta2: number;
  eps: number;
  weightDecay: number;
  /** `1 − beta1^t` and `1 − beta2^t`. */
  correction1: number;
  correction2: number;
}
