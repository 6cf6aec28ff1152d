import {
  add,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  minimum,
  mul,
  notEqual,
  pow,
  sub,
} from "./ops/arithmetic";
import * as unary from "./ops/elementwise";
import { gather, indexSelect, scatterAdd } from "./ops/indexing";
import { matmul } from "./ops/matmul";
import { argmax, logsumexp, max, mean, min, sum, variance } from "./ops/reduce";
import { cast, maskedFill, tril } from "./ops/select";
import { causalSoftmax, logSoftmax, softmax } from "./ops/softmax";
import {
  expand,
  flip,
  pad,
  permute,
  repeatInterleave,
  reshape,
  slice,
  split,
  squeeze,
  transpose,
  unsqueeze,
} from "./ops/views";
import { Tensor, type TensorMethods } from "./tensor";

type Functions = {
  [K in keyof TensorMethods]: (x: Tensor, ...rest: Parameters<TensorMethods[K]>) => ReturnType<TensorMethods[K]>;
};

/** Attaches the ops as methods. Called once by the layer's index, after all ops are declared. */
export function attachMethods(): void {
  const methods: Functions = {
    ...unary,
    ...{ add, sub, mul, div, pow, maximum, minimum },
    ...{ equal, notEqual, less, lessEqual, greater, greaterEqual },
    ...{ sum, mean, max, min, variance, logsumexp, argmax, softmax, logSoftmax, causalSoftmax, matmul },
    ...{ transpose, permute, reshape, expand, slice, flip, squeeze, unsqueeze, pad, split, repeatInterleave },
    ...{ gather, indexSelect, scatterAdd, maskedFill, tril, cast },
  };
  for (const [name, apply] of Object.entries(methods) as [string, (x: Tensor, ...rest: unknown[]) => unknown][]) {
    Object.defineProperty(Tensor.prototype, name, {
      value(this: Tensor, ...rest: unknown[]) {
        return apply(this, ...rest);
      },
    });
  }
}
