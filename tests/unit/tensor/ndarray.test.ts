import { fromNdarray, toNdarray } from "fader/ndarray";
import { arange, full, tensor } from "fader/tensor";
import ndarray from "ndarray";
import { describe, expect, test } from "vitest";

describe("toNdarray", () => {
  test("keeps shape, dtype and elements, of views too", () => {
    const nd = toNdarray(arange(6).reshape([2, 3]).transpose());
    expect([nd.shape, nd.dtype, nd.get(2, 1), nd.get(0, 1)]).toEqual([[3, 2], "float32", 5, 3]);
    expect(toNdarray(tensor([1, 2], { dtype: "f64" })).dtype).toBe("float64");
    expect(toNdarray(tensor([1, 2], { dtype: "i32" })).dtype).toBe("int32");
    expect(toNdarray(tensor([true])).dtype).toBe("uint8");
  });
  test("of one number and of none", () => {
    expect(toNdarray(tensor(3)).get()).toBe(3);
    expect(toNdarray(full([2, 0], 1)).shape).toEqual([2, 0]);
  });
  test("copies", () => {
    const x = arange(3);
    toNdarray(x).set(0, 9);
    expect(x.toArray()).toEqual([0, 1, 2]);
  });
});

describe("fromNdarray", () => {
  const nd = ndarray(
    Float64Array.from({ length: 24 }, (_, i) => i),
    [2, 3, 4],
  );
  test("reads any view", () => {
    const view = nd.transpose(2, 0, 1).step(-2, 1, 1).lo(0, 1, 1);
    const x = fromNdarray(view);
    expect([x.shape, x.dtype]).toEqual([[2, 1, 2], "f64"]);
    expect(x.toArray()).toEqual([[[19, 23]], [[17, 21]]]);
    expect(fromNdarray(nd.pick(1, null, 0)).toArray()).toEqual([12, 16, 20]);
    expect(fromNdarray(nd.pick(1, 1, 1)).toArray()).toBe(17);
    expect(fromNdarray(nd.hi(0, 3, 4)).shape).toEqual([0, 3, 4]);
  });
  test("goes there and back", () => {
    const x = arange(24).reshape([2, 3, 4]).permute([1, 2, 0]).flip([1]);
    expect(fromNdarray(toNdarray(x)).toArray()).toEqual(x.toArray());
  });
  test("chooses or takes a dtype", () => {
    expect(fromNdarray(ndarray([1, 0.1])).toArray()).toEqual([1, 0.1]);
    expect(fromNdarray(ndarray(Uint8Array.of(0, 3))).toArray()).toEqual([false, true]);
    expect(fromNdarray(ndarray(Uint8Array.of(0, 3)), { dtype: "f32" }).toArray()).toEqual([0, 3]);
    expect(fromNdarray(ndarray(Int16Array.of(-5)), { dtype: "i32" }).toArray()).toEqual([-5]);
  });
  test("says what to do about other element types", () => {
    expect(() => fromNdarray(ndarray(Int16Array.of(1)))).toThrowErrorMatchingInlineSnapshot(`
      [DtypeError: fromNdarray: no dtype for ndarray type "int16"
        Say which to convert to: fromNdarray(view, { dtype: "f32" }). Known: float32, float64, int32, uint8, array.]
    `);
  });
  test("reads stores that are not arrays", () => {
    const store = { length: 3, get: (i: number) => 10 * i, set: () => {} };
    expect(fromNdarray(ndarray(store as never, [3]), { dtype: "f32" }).toArray()).toEqual([0, 10, 20]);
  });
  test("reads big integers as its hint promises", () => {
    expect(fromNdarray(ndarray(BigInt64Array.of(3n) as never), { dtype: "f32" }).toArray()).toEqual([3]);
  });
});
