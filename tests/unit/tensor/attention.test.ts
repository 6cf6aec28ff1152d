import {
  ArgumentError,
  add,
  causalAttention,
  causalSoftmax,
  DtypeError,
  type FaderError,
  grad,
  matmul,
  mul,
  randn,
  ShapeError,
  step,
  sum,
  type Tensor,
  tensor,
  transpose,
  zeros,
} from "fader/autograd";
import { describe, expect, test } from "vitest";

const values = (x: Tensor) => Array.from(x.toTypedArray());
const distance = (a: Tensor, b: Tensor) => {
  const want = values(b);
  return Math.max(0, ...values(a).map((v, i) => Math.abs(v - want[i]!)));
};
const i32 = (list: number[]) => tensor(list, { dtype: "i32" });

describe("causalAttention", () => {
  test("is softmax(q kᵀ / √d) v per head, key heads shared by groups of query heads", () => {
    for (const kvHeads of [1, 2, 4]) {
      step(() => {
        const qkv = randn([2, 19, 4 + 2 * kvHeads, 8], { seed: 1 });
        const [q, k, v] = qkv.transpose(1, 2).split([4, kvHeads, kvHeads], 1) as [Tensor, Tensor, Tensor];
        const shared = (x: Tensor) => x.repeatInterleave(4 / kvHeads, 1);
        const scores = matmul(q, transpose(shared(k))).mul(1 / Math.sqrt(8));
        const want = matmul(causalSoftmax(scores), shared(v)).transpose(1, 2);
        const got = causalAttention(qkv, { heads: 4, kvHeads });
        expect(got.shape).toEqual([2, 19, 4, 8]);
        expect(got.layout.isContiguous).toBe(true);
        expect(distance(got, want)).toBeLessThan(2e-6);
      });
    }
  });

  test("of a batch padded on the left is that of each row alone, and so is its gradient", () => {
    const starts = [0, 3, 16, 20, 39, 40];
    for (const dtype of ["f32", "f64"] as const) {
      step(() => {
        const qkv = randn([starts.length, 40, 6, 5], { seed: 2, dtype });
        const weights = randn([starts.length, 40, 4, 5], { seed: 3, dtype });
        const options = { heads: 4, kvHeads: 1, scale: 0.6 };
        const z = causalAttention(qkv, { ...options, starts });
        const slope = (x: Tensor, w: Tensor, more: object) =>
          grad((at: Tensor) => sum(mul(causalAttention(at, { ...options, ...more }), w)))(x);
        const together = slope(qkv, weights, { starts: i32(starts) });
        starts.forEach((start, row) => {
          const own = (x: Tensor) => x.slice([[row, row + 1], [start]]);
          const before = (x: Tensor) =>
            x.slice([
              [row, row + 1],
              [0, start],
            ]);
          expect(distance(own(z), causalAttention(own(qkv), options))).toBeLessThan(dtype === "f32" ? 2e-6 : 1e-14);
          expect(distance(own(together), slope(own(qkv), own(weights), {}))).toBeLessThan(
            dtype === "f32" ? 1e-5 : 1e-13,
          );
          for (const x of [z, together]) expect(values(before(x)).every((value) => value === 0)).toBe(true);
        });
      });
    }
  });

  test("takes any view of the projection, and empty ones", () => {
    const qkv = randn([2, 7, 6, 4], { seed: 4 });
    const view = transpose(add(transpose(qkv), 0));
    expect(view.layout.isContiguous).toBe(false);
    expect(values(causalAttention(view, { heads: 2 }))).toEqual(values(causalAttention(qkv, { heads: 2 })));
    for (const shape of [
      [0, 3, 6, 4],
      [2, 0, 6, 4],
      [2, 3, 6, 0],
    ]) {
      expect(causalAttention(zeros(shape), { heads: 2 }).shape).toEqual(shape.with(2, 2));
      expect(grad((x: Tensor) => sum(causalAttention(x, { heads: 2 })))(zeros(shape)).shape).toEqual(shape);
    }
  });

  test("says what does not fit", () => {
    const cases: Record<string, [typeof FaderError, () => unknown]> = {
      "three axes": [ShapeError, () => causalAttention(zeros([2, 3, 12]), { heads: 2 })],
      "wrong number of heads": [ShapeError, () => causalAttention(zeros([2, 3, 6, 4]), { heads: 4, kvHeads: 2 })],
      "heads not divisible": [ShapeError, () => causalAttention(zeros([2, 3, 7, 4]), { heads: 3, kvHeads: 2 })],
      "no heads": [ShapeError, () => causalAttention(zeros([2, 3, 0, 4]), { heads: 0 })],
      "starts of another batch": [ShapeError, () => causalAttention(zeros([2, 3, 6, 4]), { heads: 2, starts: [1] })],
      "start behind the end": [ArgumentError, () => causalAttention(zeros([1, 3, 6, 4]), { heads: 2, starts: [4] })],
      "float starts": [DtypeError, () => causalAttention(zeros([1, 3, 6, 4]), { heads: 2, starts: zeros([1]) })],
      "integer qkv": [DtypeError, () => causalAttention(zeros([1, 3, 6, 4], { dtype: "i32" }), { heads: 2 })],
    };
    const messages = Object.entries(cases).map(([name, [kind, run]]) => {
      expect(run, name).toThrow(kind);
      try {
        run();
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    });
    expect(messages.join("\n\n")).toMatchInlineSnapshot(`
      "causal_attention: qkv must be [batch, length, 6, d_head]
        qkv     [2, 3, 12]
        heads   2
        kvHeads 2
        The third axis holds the query heads, then the key heads, then the value heads.

      causal_attention: qkv must be [batch, length, 8, d_head]
        qkv     [2, 3, 6, 4]
        heads   4
        kvHeads 2
        The third axis holds the query heads, then the key heads, then the value heads.

      causal_attention: heads must be a multiple of kvHeads, both 1 or more
        heads   3
        kvHeads 2

      causal_attention: heads must be a multiple of kvHeads, both 1 or more
        heads   0
        kvHeads 0

      causal_attention: starts must have one entry for each entry of the batch
        qkv    [2, 3, 6, 4]
        starts [1]

      causal_attention: start 4 is out of range
        Valid: 0 to 3.

      causal_attention: starts is f32, not i32
        Create it with { dtype: "i32" }.

      causal_attention: takes floats, not i32
        Cast first: x.cast("f32")."
    `);
  });
});
