import {
  DtypeError,
  detach,
  embedding,
  grad,
  linear,
  matmul,
  parameter,
  randn,
  step,
  sum,
  type Tensor,
  tensor,
  valueAndGrad,
  zeros,
} from "fader/autograd";
import { describe, expect, test } from "vitest";
import {
  bfloatToNumber,
  halfToNumber,
  narrowInto,
  numberToBfloat,
  numberToHalf,
  widenInto,
} from "../../../src/tensor/internal";

const formats = [
  { dtype: "f16", decode: halfToNumber, encode: numberToHalf, largest: 65504, least: 2 ** -24, infinity: 0x7c00 },
  {
    dtype: "bf16",
    decode: bfloatToNumber,
    encode: numberToBfloat,
    largest: (2 - 2 ** -7) * 2 ** 127,
    least: 2 ** -133,
    infinity: 0x7f80,
  },
] as const;
const everyPattern = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

describe.each(formats)("$dtype", ({ dtype, decode, encode, largest, least, infinity }) => {
  test("every number goes there and back", () => {
    for (const bits of everyPattern) {
      const value = decode(bits);
      if (Number.isNaN(value)) expect(Number.isNaN(decode(encode(value)))).toBe(true);
      else expect(encode(value)).toBe(bits);
    }
  });

  test("grows with its bits, from 0 over the smallest to the largest, then infinity, then NaN", () => {
    expect(decode(0)).toBe(0);
    expect(decode(1)).toBe(least);
    expect(decode(infinity - 1)).toBe(largest);
    expect(decode(infinity)).toBe(Number.POSITIVE_INFINITY);
    expect(decode(infinity + 1)).toBeNaN();
    for (let bits = 1; bits <= infinity; bits++) {
      if (!(decode(bits) > decode(bits - 1))) expect.fail(`${bits}`);
      if (decode(bits | 0x8000) !== -decode(bits)) expect.fail(`${bits | 0x8000}`);
    }
    expect(Object.is(decode(0x8000), -0)).toBe(true);
  });

  test("rounds to the nearer neighbour, and a tie to the even one", () => {
    for (let bits = 0; bits < infinity - 1; bits++) {
      const [low, high] = [decode(bits), decode(bits + 1)];
      const middle = low + (high - low) / 2;
      // A hair beside the middle in float64, which float32 would round to it.
      const hair = (high - low) * 2 ** -30;
      const got = [middle - hair, middle, middle + hair, -middle].map(encode);
      const tie = bits % 2 === 0 ? bits : bits + 1;
      const want = [bits, tie, bits + 1, tie | 0x8000];
      if (got.join() !== want.join()) expect.fail(`${bits}: ${got}, not ${want}`);
    }
  });

  test("overflows to infinity from half a step beyond the largest number", () => {
    const step = largest - decode(infinity - 2);
    expect(encode(largest + step * 0.4999)).toBe(infinity - 1);
    for (const x of [largest + step / 2, largest * 2, 1e300, Number.POSITIVE_INFINITY]) {
      expect(encode(x)).toBe(infinity);
      expect(encode(-x)).toBe(infinity | 0x8000);
    }
    expect(encode(least / 2)).toBe(0);
    expect(encode(least * 0.51)).toBe(1);
    expect(encode(5e-324)).toBe(0);
  });

  test("whole arrays are converted alike", () => {
    const wide = new Float32Array(65536);
    widenInto(everyPattern, dtype, wide);
    expect(Array.from(wide)).toEqual(Array.from(everyPattern, decode));
    const values = Float32Array.from({ length: 3 * 65536 }, (_, i) => {
      const [low, high] = [wide[Math.floor(i / 3)]!, wide[(Math.floor(i / 3) + 1) & 0xffff]!];
      return low + ((high - low) * (1 + (i % 3))) / 4;
    });
    const bits = new Uint16Array(values.length);
    narrowInto(values, dtype, bits);
    expect(Array.from(bits, decode)).toEqual(Array.from(values, (x) => decode(encode(x))));
  });

  test("tensors hold bits and show numbers", () => {
    const x = tensor(
      [
        [1, -2.5],
        [1e-6, 1e6],
      ],
      { dtype },
    ); // prettier-ignore
    expect(x.dtype).toBe(dtype);
    expect(x.storage.data()).toEqual(Uint16Array.from([1, -2.5, 1e-6, 1e6], encode));
    expect(x.toArray()).toEqual([1, -2.5, 1e-6, 1e6].map((v) => decode(encode(v))).reduce(pairs, []));
    expect(x.toTypedArray()).toBeInstanceOf(Float32Array);
    expect(
      x
        .transpose()
        .slice([[1], [0, 1]])
        .item(),
    ).toBe(-2.5);
    expect(x.slice([[0, 1]]).toString()).toBe(`tensor([[      1, -2.5000]], ${dtype})`);
    expect(zeros([2], { dtype }).toArray()).toEqual([0, 0]);
    expect(
      zeros([2], { dtype })
        .assign(tensor([3, 4], { dtype }))
        .toArray(),
    ).toEqual([3, 4]);
    expect(step(() => x.transpose()).toArray()).toEqual(x.transpose().toArray());
  });

  test("views and casts", () => {
    const x = randn([3, 4], { seed: 0 }).cast(dtype);
    const wide = x.cast("f32");
    const moved = (y: Tensor) => y.transpose().reshape([2, 6]).unsqueeze(0).expand([2, 2, 6]).flip([1]);
    expect(moved(x).dtype).toBe(dtype);
    expect(moved(x).cast("f64").toArray()).toEqual(moved(wide).toArray());
    expect(tensor([1.5, -2.5, 0]).cast(dtype).cast("i32").toArray()).toEqual([1, -2, 0]);
    expect(
      tensor([1 + 2 ** -40], { dtype: "f64" })
        .cast(dtype)
        .item(),
    ).toBe(1);
    expect(tensor([3, -4], { dtype: "i32" }).cast(dtype).toArray()).toEqual([3, -4]);
  });

  test("matmul, linear and embedding read it; the gradients of x arrive", () => {
    const [x, bias] = [randn([2, 3, 8], { seed: 1 }), randn([5], { seed: 2 })];
    const weight = randn([5, 8], { seed: 3 }).cast(dtype);
    const ids = tensor([[4, 0, 4]], { dtype: "i32" });
    const f = (w: Tensor) => (x: Tensor) =>
      sum(matmul(x, w.transpose()).mul(linear(x, w.transpose(), bias).tanh())).add(sum(embedding(w, ids).mul(x)));
    const [got, want] = [weight, weight.cast("f32")].map((w) => valueAndGrad(f(w))(x));
    expect(got!.value.item()).toBe(want!.value.item());
    expect(got!.grads.toArray()).toEqual(want!.grads.toArray());
    // The gradient of the gradient, too.
    const slope = (w: Tensor) => grad((x: Tensor) => sum(grad(f(w))(x).square()))(x).toArray();
    expect(slope(weight)).toEqual(slope(weight.cast("f32")));
  });

  test("stands beside float64, lists and vectors", () => {
    const weight = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { dtype },
    ); // prettier-ignore
    expect(matmul([1, 10], weight).toArray()).toEqual([31, 42]);
    const product = matmul(tensor([[0.1, 1]], { dtype: "f64" }), weight);
    expect([product.dtype, product.toArray()]).toEqual(["f64", [[3.1, 4.2]]]);
    expect(matmul(tensor([1, 1]), weight.slice([null, [1]]).reshape([2])).item()).toBe(6);
  });

  test("what cannot work is refused, with a hint that works", () => {
    const x = tensor([[1, 2]], { dtype });
    const refused: [() => unknown, string][] = [
      [() => x.add(1), `add: a is ${dtype}, which only stores weights\n  Cast it first: a.cast("f32").`],
      [() => x.exp(), `exp: x is ${dtype}, which only stores weights\n  Cast it first: x.cast("f32").`],
      [
        () => matmul(x, tensor([[1], [2]])),
        `matmul: a is ${dtype}, which only stores weights\n  Cast it first: a.cast("f32").`,
      ],
      [
        () => linear(tensor([[1]]), x, x.reshape([2])),
        `linear: bias is ${dtype}, which only stores weights\n  Cast it first: bias.cast("f32").`,
      ],
      [
        () => matmul(tensor([[1]], { dtype: "i32" }), x),
        `matmul: dtypes differ\n  a i32 [1, 1]\n  b ${dtype} [1, 2]\n  Cast one, for instance b.cast("i32").`,
      ],
      [
        () => parameter(x),
        `parameter: ${dtype} stores frozen weights, it cannot be learned\n  Learn it in float32: parameter(from, { dtype: "f32" }).`,
      ],
      [
        () => parameter([2], { dtype }),
        `parameter: ${dtype} stores frozen weights, it cannot be learned\n  Learn it in float32: parameter(from, { dtype: "f32" }).`,
      ],
      [
        () => grad((w: { w: Tensor }) => sum(matmul([[1]], w.w)))({ w: x }),
        `grad: w is ${dtype}, which only stores frozen weights\n  To train it, pass it as float32: x.cast("f32").`,
      ],
      [
        () => grad((w: Tensor) => sum(matmul([[1]], w.cast(dtype))))(x.cast("f32")),
        `cast: x is being differentiated, and ${dtype} passes no gradient on\n  For its value as a constant: detach(x).cast("${dtype}").`,
      ],
    ]; // prettier-ignore
    for (const [run, message] of refused) {
      expect(run).toThrow(DtypeError);
      expect(run).toThrow(message);
    }
    expect(x.cast("f32").add(1).toArray()).toEqual([[2, 3]]);
    expect(parameter(x, { dtype: "f32" }).toArray()).toEqual([[1, 2]]);
    expect(grad((w: Tensor) => sum(matmul([[1]], detach(w).cast(dtype)).mul(w)))(x.cast("f32")).toArray()).toEqual([
      [1, 2],
    ]);
  });
});

function pairs(rows: number[][], value: number, i: number): number[][] {
  if (i % 2 === 0) rows.push([]);
  rows.at(-1)!.push(value);
  return rows;
}
