// Every kernel as a job over units that can be computed apart: how a range of units becomes a call.
// The arguments are numbered as `launch` in `kernels.ts` passes them.
import { integersAt, Job } from "../../numbers";
import { attention } from "./attention";
import { attentionGradient } from "./attention-gradient";
import { binary, compare, where_ } from "./binary";
import { convertStrided, sourceShift, targetShift } from "./convert";
import { copyStrided, fill } from "./copy";
import { BF16, F16, Stored } from "./elements";
import { gatherAlong, scatterAddAlong } from "./gather";
import { swiglu, swigluGateGradient } from "./gated";
import { gemmParts, Product } from "./gemm";
import { klWithout, klWithoutGradient } from "./kl";
import { crossEntropy, crossEntropyGradient } from "./loss";
import {
  layerNorm,
  layerNormGradient,
  layerNormStatistics,
  rmsNorm,
  rmsNormGradient,
  rmsNormStatistics,
} from "./norm";
import { normWeightGradient } from "./norm-weight";
import { float, integer } from "./pool";
import { argmax, reduceDown, reduceLast } from "./reduce";
import { rotary } from "./rotary";
import { causalSoftmax, logSoftmax, logSoftmaxGradient, softmax, softmaxGradient } from "./softmax";
import { adam, embedding, embeddingWidened, scatterAddRows } from "./train";
import { unary, activationGradient } from "./unary";

/** Most integers of the shapes and strides of one call. */
const META_BYTES: usize = 512;

/** Address of argument `i`, moved on by `elements` of four bytes. */
// @ts-ignore: decorator
@inline
function at(i: i32, elements: i32): usize {
  return <usize>integer(i) + (<usize>elements << 2);
}

/** The shapes and strides of a strided call, cut to a range of the first axis: a copy of this thread's own. */
function ownMeta(thread: i32, rank: i32, count: i32): usize {
  const shared = <usize>integer(1);
  if (rank == 0 || load<i32>(shared) == count) return shared;
  const own = <usize>integer(2) + <usize>thread * META_BYTES;
  memory.copy(own, shared, META_BYTES);
  store<i32>(own, count);
  return own;
}

/** Stride of the first axis of an operand. */
// @ts-ignore: decorator
@inline
function firstStride(meta: usize, rank: i32, operand: i32): i32 {
  return rank == 0 ? 0 : load<i32>(meta + ((rank * (1 + operand)) << 2));
}

/** Elements of the output for each step of the first axis. */
function rest(meta: usize, rank: i32): i32 {
  let size = 1;
  for (let axis = 1; axis < rank; axis++) size *= load<i32>(meta + (axis << 2));
  return size;
}

function strided(job: i32, from: i32, to: i32, thread: i32): void {
  const rank = integer(0);
  const op = integer(3);
  const meta = ownMeta(thread, rank, to - from);
  if (job == Job.convert) {
    const source = <usize>integer(4) + <usize>((from * firstStride(meta, rank, 0)) << sourceShift(op));
    const target = <usize>integer(5) + <usize>((from * firstStride(meta, rank, 1)) << targetShift(op));
    return convertStrided(op, rank, meta, source, target);
  }
  const a = at(4, from * firstStride(meta, rank, 0));
  if (job == Job.copy) return copyStrided(rank, meta, a, at(5, from * firstStride(meta, rank, 1)));
  const b = at(5, from * firstStride(meta, rank, 1));
  const done = from * rest(meta, rank);
  if (job == Job.binary) return binary(op, rank, meta, a, b, at(6, done));
  if (job == Job.compare) return compare(op, rank, meta, a, b, <usize>integer(6) + <usize>done);
  const condition = <usize>integer(4) + <usize>(from * firstStride(meta, rank, 0));
  where_(rank, meta, condition, b, at(6, from * firstStride(meta, rank, 2)), at(7, done));
}

/** Units are rows of `n` elements. */
function overRows(job: i32, from: i32, to: i32): void {
  const rows = to - from;
  const n = integer(0);
  const done = from * n;
  switch (job) {
    case Job.argmax: return argmax(at(1, done), at(2, from), rows, n);
    case Job.reduceLast: return reduceLast(integer(3), at(1, done), at(2, from), rows, n);
    case Job.softmax: return softmax(at(1, done), at(2, done), rows, n);
    case Job.logSoftmax: return logSoftmax(at(1, done), at(2, done), rows, n);
    case Job.softmaxGradient: return softmaxGradient(at(1, done), at(2, done), at(3, done), rows, n);
    case Job.logSoftmaxGradient: return logSoftmaxGradient(at(1, done), at(2, done), at(3, done), rows, n);
    case Job.layerNorm: return layerNorm(at(1, done), integer(2), integer(3), at(4, done), rows, n, float(0));
    case Job.layerNormGradient:
      return layerNormGradient(at(1, done), integer(2), at(3, done), at(4, done), rows, n, float(0));
    case Job.rmsNorm: return rmsNorm(at(1, done), integer(2), at(3, done), rows, n, float(0));
    case Job.rmsNormGradient:
      return rmsNormGradient(at(1, done), integer(2), at(3, done), at(4, done), rows, n, float(0));
    case Job.layerNormStatistics: return layerNormStatistics(at(1, done), at(2, 2 * from), rows, n, float(0));
    case Job.rmsNormStatistics: return rmsNormStatistics(at(1, done), at(2, 2 * from), rows, n, float(0));
    case Job.klWithout: {
      const k = integer(5);
      return klWithout(at(1, done), at(2, done), at(3, from * k), at(4, from), rows, n, k);
    }
    case Job.klWithoutGradient: {
      const k = integer(6);
      return klWithoutGradient(at(1, done), at(2, done), at(3, from * k), at(4, from), at(5, done), rows, n, k);
    }
    case Job.embedding: return embedding(integer(1), at(2, from), at(3, done), rows, n);
    case Job.embeddingF16: return embeddingWidened<F16>(integer(1), at(2, from), at(3, done), rows, n);
    case Job.embeddingBf16: return embeddingWidened<BF16>(integer(1), at(2, from), at(3, done), rows, n);
    case Job.crossEntropy: return crossEntropy(at(1, done), at(2, from), at(3, from), rows, n, integer(4));
    case Job.crossEntropyGradient:
      return crossEntropyGradient(at(1, done), at(2, from), at(3, from), at(4, done), rows, n, integer(5));
    default: unreachable();
  }
}

/** Computes the units [from, to) of a job; `thread` numbers the scratch memory. */
export function perform(job: i32, from: i32, to: i32, thread: i32): void {
  const count = to - from;
  switch (job) {
    case Job.unary: return unary(integer(0), at(1, from), at(2, from), count);
    case Job.activationGradient: return activationGradient(integer(0), at(1, from), at(2, from), at(3, from), count);
    case Job.binary:
    case Job.compare:
    case Job.where:
    case Job.copy:
    case Job.convert: return strided(job, from, to, thread);
    case Job.fill: return fill(at(0, from), count, float(0));
    case Job.reduceDown: {
      const columns = integer(2);
      const n = integer(4);
      for (let outer = 0; outer < integer(5); outer++) {
        const x = at(0, outer * n * columns + from);
        reduceDown(integer(3), x, at(1, outer * columns + from), n, columns << 2, count);
      }
      return;
    }
    case Job.causalSoftmax: {
      const size = integer(2) * integer(3);
      return causalSoftmax(at(0, from * size), at(1, from * size), count, integer(2), integer(3));
    }
    case Job.gemm: return gemmParts(Stored.F32, changetype<Product>(integersAt), from, to, thread);
    case Job.gemmF16: return gemmParts(Stored.F16, changetype<Product>(integersAt), from, to, thread);
    case Job.gemmBf16: return gemmParts(Stored.BF16, changetype<Product>(integersAt), from, to, thread);
    // Units are columns: each is summed over all rows by one thread.
    case Job.normWeightGradient: {
      const n = integer(5);
      return normWeightGradient(at(0, from), at(1, from), integer(2), at(3, from), integer(4), n, count);
    }
    case Job.embeddingGradient: {
      return scatterAddRows(integer(0), at(1, from), at(2, from), integer(3), count, integer(4));
    }
    case Job.attention:
      return attention(
        integer(0), integer(1), integer(2), integer(3), integer(4), integer(5), float(0),
        <usize>integer(6) + <usize>thread * <usize>integer(7), from, to,
      );
    case Job.attentionGradient:
      return attentionGradient(
        integer(0), integer(1), integer(2), integer(3), integer(4), integer(5), integer(6), integer(7), integer(8),
        float(0), <usize>integer(9) + <usize>thread * <usize>integer(10), from, to,
      );
    case Job.rotary: {
      const row = integer(5) * integer(6);
      const half = integer(7);
      return rotary(
        at(0, from * row), at(1, from * half), at(2, from * half), at(3, from * row), count,
        integer(4), integer(5), integer(6), half,
      );
    }
    case Job.swiglu: return swiglu(at(0, from), at(1, from), at(2, from), count);
    case Job.swigluGateGradient:
      return swigluGateGradient(at(0, from), at(1, from), at(2, from), at(3, from), count);
    case Job.gather:
      return gatherAlong(integer(0), integer(1), integer(2), integer(3), integer(4), integer(5), integer(6));
    case Job.scatterAdd:
      return scatterAddAlong(integer(0), integer(1), integer(2), integer(3), integer(4), integer(5), integer(6));
    case Job.adam:
      return adam(
        at(0, from), at(1, from), at(2, from), at(3, from), count,
        float(0), float(1), float(2), float(3), float(4), float(5), float(6),
      );
    default: return overRows(job, from, to);
  }
}
