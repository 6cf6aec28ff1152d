import type { DType } from "./dtype";
import type { Range, Shape } from "./layout";
import type { TensorLike } from "./op";
import * as ops from "./ops";
import type { Axis } from "./ops/reduce";
import { Tensor } from "./tensor";

/** Every op as a method: `x.add(y)` is `add(x, y)`. */
export interface Fluent {
  add(other: TensorLike): Tensor;
  sub(other: TensorLike): Tensor;
  mul(other: TensorLike): Tensor;
  div(other: TensorLike): Tensor;
  pow(exponent: TensorLike): Tensor;
  maximum(other: TensorLike): Tensor;
  minimum(other: TensorLike): Tensor;
  equal(other: TensorLike): Tensor;
  notEqual(other: TensorLike): Tensor;
  less(other: TensorLike): Tensor;
  lessEqual(other: TensorLike): Tensor;
  greater(other: TensorLike): Tensor;
  greaterEqual(other: TensorLike): Tensor;
  neg(): Tensor;
  exp(): Tensor;
  log(): Tensor;
  sqrt(): Tensor;
  rsqrt(): Tensor;
  square(): Tensor;
  reciprocal(): Tensor;
  abs(): Tensor;
  sign(): Tensor;
  sin(): Tensor;
  cos(): Tensor;
  tanh(): Tensor;
  erf(): Tensor;
  sigmoid(): Tensor;
  relu(): Tensor;
  silu(): Tensor;
  softplus(): Tensor;
  geluTanh(): Tensor;
  geluErf(): Tensor;
  sum(axis?: Axis, keepdims?: boolean): Tensor;
  mean(axis?: Axis, keepdims?: boolean): Tensor;
  max(axis?: Axis, keepdims?: boolean): Tensor;
  min(axis?: Axis, keepdims?: boolean): Tensor;
  variance(axis?: Axis, keepdims?: boolean, correction?: number): Tensor;
  logsumexp(axis?: Axis, keepdims?: boolean): Tensor;
  argmax(axis?: number): Tensor;
  softmax(axis?: number): Tensor;
  logSoftmax(axis?: number): Tensor;
  causalSoftmax(): Tensor;
  matmul(other: TensorLike): Tensor;
  transpose(i?: number, j?: number): Tensor;
  permute(perm: readonly number[]): Tensor;
  reshape(shape: Shape): Tensor;
  expand(shape: Shape): Tensor;
  slice(ranges: readonly (Range | null | undefined)[]): Tensor;
  flip(axes: readonly number[]): Tensor;
  squeeze(axis: number): Tensor;
  unsqueeze(axis: number): Tensor;
  pad(pads: readonly (readonly [number, number])[], value?: number): Tensor;
  split(sizes: readonly number[], axis?: number): Tensor[];
  repeatInterleave(repeats: number, axis: number): Tensor;
  gather(index: Tensor, axis: number): Tensor;
  indexSelect(index: Tensor, axis: number): Tensor;
  scatterAdd(index: Tensor, source: Tensor, axis: number): Tensor;
  maskedFill(mask: TensorLike, value: number): Tensor;
  tril(diagonal?: number): Tensor;
  cast(dtype: DType): Tensor;
}

type Functions = { [K in keyof Fluent]: (x: Tensor, ...rest: Parameters<Fluent[K]>) => ReturnType<Fluent[K]> };

/** Attaches the methods. Called once by the layer's index, after all ops are declared. */
export function attachMethods(): void {
  const functions: Functions = ops;
  const names = [
    ..."add sub mul div pow maximum minimum equal notEqual less lessEqual greater greaterEqual".split(" "),
    ..."neg exp log sqrt rsqrt square reciprocal abs sign sin cos tanh erf sigmoid relu silu softplus".split(" "),
    ..."geluTanh geluErf sum mean max min variance logsumexp argmax softmax logSoftmax causalSoftmax".split(" "),
    ..."matmul transpose permute reshape expand slice flip squeeze unsqueeze pad split repeatInterleave".split(" "),
    ..."gather indexSelect scatterAdd maskedFill tril cast".split(" "),
  ] as (keyof Fluent)[];
  for (const name of names) {
    const apply = functions[name] as (x: Tensor, ...rest: unknown[]) => unknown;
    Object.defineProperty(Tensor.prototype, name, {
      value(this: Tensor, ...rest: unknown[]) {
        return apply(this, ...rest);
      },
    });
  }
}
