import { encoder, numbersOf } from "../../half";
import type { Tensor } from "../../tensor";
import type { AdamSettings, Kernels } from "../interface";
import { referenceAttention } from "./attention";
import { referenceRows } from "./rows";
import { activationGradient, binary, compare, unary } from "./scalar";

/**
 * Plain loops for any dtype and any strides: slow and obviously right. It is what every other backend is tested
 * against, and it computes all that is not `f32`.
 */
export const reference: Kernels = {
  name: "reference",
  ...referenceRows,
  ...referenceAttention,

  unary(op, x, out) {
    const f = unary[op];
    map(out, [x], f);
  },
  binary(op, a, b, out) {
    const f = binary[op];
    map(out, [a, b], f);
  },
  compare(op, a, b, out) {
    const f = compare[op];
    map(out, [a, b], (u, v) => (f(u!, v!) ? 1 : 0));
  },
  where(condition, a, b, out) {
    map(out, [condition, a, b], (c, u, v) => (c ? u! : v!));
  },
  copy(x, out) {
    // Bits of one dtype stay as they are, NaNs of 16 bits included.
    if (x.dtype === out.dtype) return map(out, [x], (v) => v!, false);
    const encode = encoder(out.dtype);
    map(out, [x], (v) => encode(v!));
  },
  fill(out, value) {
    map(out, [], () => value);
  },
  swiglu(gate, up, out) {
    map(out, [gate, up], (x, v) => unary.silu(x!) * v!);
  },
  swigluGateGradient(gate, up, g, out) {
    map(out, [gate, up, g], (x, v, slope) => slope! * v! * activationGradient.silu(x!));
  },
  activationGradient(op, x, g, out) {
    const f = activationGradient[op];
    map(out, [x, g], (u, v) => v! * f(u!));
  },

  reduce(op, x, out) {
    const [outer, n, inner] = x.shape as [number, number, number];
    const source = x.storage.data();
    const target = out.storage.data();
    const start = op === "sum" ? 0 : op === "max" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    const combine = op === "sum" ? binary.add : op === "max" ? Math.max : Math.min;
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        let value = start;
        for (let j = 0; j < n; j++) value = combine(value, source[x.layout.offset + (o * n + j) * inner + i]!);
        target[out.layout.offset + o * inner + i] = value;
      }
    }
  },

  matmul(a, b, out, bias) {
    const [batch, m, k] = a.shape as [number, number, number];
    const n = b.shape[2]!;
    const [x, y, target] = [a.storage.data(), numbersOf(b.storage.data(), b.dtype), out.storage.data()];
    const [aBatch, aRow, aColumn] = a.layout.strides as [number, number, number];
    const [bBatch, bRow, bColumn] = b.layout.strides as [number, number, number];
    const shift = bias?.storage.data().subarray(bias.layout.offset);
    let at = out.layout.offset;
    for (let s = 0; s < batch; s++) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = shift === undefined ? 0 : shift[j]!;
          const row = a.layout.offset + s * aBatch + i * aRow;
          const column = b.layout.offset + s * bBatch + j * bColumn;
          for (let p = 0; p < k; p++) sum += x[row + p * aColumn]! * y[column + p * bRow]!;
          target[at++] = sum;
        }
      }
    }
  },

  embedding(weight, index, out) {
    const d = weight.shape[1]!;
    const w = numbersOf(weight.storage.data(), weight.dtype);
    const [ids, target] = [index.storage.data(), out.storage.data()];
    for (let i = 0; i < index.size; i++) {
      const from = weight.layout.offset + ids[index.layout.offset + i]! * d;
      for (let j = 0; j < d; j++) target[out.layout.offset + i * d + j] = w[from + j]!;
    }
  },
  embeddingGradient(index, g, out) {
    const d = out.shape[1]!;
    const [ids, source, target] = [index.storage.data(), g.storage.data(), out.storage.data()];
    target.fill(0, out.layout.offset, out.layout.offset + out.size);
    for (let i = 0; i < index.size; i++) {
      const to = out.layout.offset + ids[index.layout.offset + i]! * d;
      for (let j = 0; j < d; j++) target[to + j]! += source[g.layout.offset + i * d + j]!;
    }
  },
  gather(x, index, out, axis) {
    const [source, target] = [x.storage.data(), out.storage.data()];
    alongIndex(x, index, axis, (i, at) => {
      target[out.layout.offset + i] = source[at]!;
    });
  },
  scatterAdd(out, index, source, axis) {
    const [values, target] = [source.storage.data(), out.storage.data()];
    alongIndex(out, index, axis, (i, at) => {
      target[at]! += values[source.layout.offset + i]!;
    });
  },

  adam(p, g, m, v, settings: AdamSettings) {
    const { lr, beta1, beta2, eps, weightDecay, correction1, correction2 } = settings;
    const [values, gradient, mean, square] = [p, g, m, v].map((x) => x.storage.data()) as [Arr, Arr, Arr, Arr];
    for (let i = 0; i < p.size; i++) {
      const slope = gradient[g.layout.offset + i]!;
      const first = beta1 * mean[m.layout.offset + i]! + (1 - beta1) * slope;
      const second = beta2 * square[v.layout.offset + i]! + (1 - beta2) * slope * slope;
      mean[m.layout.offset + i] = first;
      square[v.layout.offset + i] = second;
      const at = p.layout.offset + i;
      const decayed = values[at]! * (1 - lr * weightDecay);
      values[at] = decayed - (lr * (first / correction1)) / (Math.sqrt(second / correction2) + eps);
    }
  },
};

type Arr = Float32Array | Float64Array;

/** `out[i] = f(inputs[0][i], …)` in row-major order, whatever the layouts; 16-bit inputs `widened` unless told not to. */
function map(out: Tensor, inputs: Tensor[], f: (...values: number[]) => number, widened = true): void {
  const target = out.storage.data();
  const to = out.layout.offsets();
  const sources = inputs.map((x) => ({
    data: widened ? numbersOf(x.storage.data(), x.dtype) : x.storage.data(),
    from: x.layout.offsets(),
  }));
  for (let i = 0; i < to.length; i++) target[to[i]!] = f(...sources.map(({ data, from }) => data[from[i]!]!));
}

/** Calls `visit(i, at)`: entry `i` of `index` points to storage index `at` of `x`. */
function alongIndex(x: Tensor, index: Tensor, axis: number, visit: (i: number, at: number) => void): void {
  const ids = index.storage.data();
  const shape = index.shape;
  const stride = x.layout.strides[axis]!;
  const position = new Array<number>(shape.length).fill(0);
  for (let i = 0; i < index.size; i++) {
    let at = x.layout.offset + ids[index.layout.offset + i]! * stride;
    for (let k = 0; k < shape.length; k++) if (k !== axis) at += position[k]! * x.layout.strides[k]!;
    visit(i, at);
    for (let k = shape.length - 1; k >= 0; k--) {
      if (++position[k]! < shape[k]!) break;
      position[k] = 0;
    }
  }
}
