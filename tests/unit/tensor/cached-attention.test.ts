import { ArgumentError, causalAttention, Random, step, tensor, zeros } from "fader/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { cachedAttention } from "../../../src/tensor/internal";

const ids = (values: number[]) => tensor(values, { dtype: "i32" });

test("positions fed in any portions give what all at once give", () => {
  const counts = fc.constantFrom([1, 1], [4, 2], [3, 1]);
  const portions = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 });
  const property = fc.property(counts, portions, fc.nat({ max: 3 }), fc.nat(), ([heads, kvHeads], sizes, room, seed) =>
    step(() => {
      const random = new Random(seed);
      const length = sizes.reduce((a, b) => a + b, 0);
      const [batch, d] = [2, 5];
      const shape = [batch, length, heads! + 2 * kvHeads!, d];
      const count = shape.reduce((a, b) => a * b, 1);
      const qkv = tensor(
        Float32Array.from({ length: count }, () => random.normal()),
        { shape },
      );
      const starts = ids([0, random.integer(0, length)]);
      const whole = causalAttention(qkv, { heads: heads!, kvHeads: kvHeads!, starts });
      const cache = zeros([batch, length + room, 2 * kvHeads!, d]);
      let past = 0;
      for (const size of sizes) {
        const range: [null, [number, number]] = [null, [past, past + size]];
        const got = cachedAttention(qkv.slice(range), cache, { heads: heads!, kvHeads: kvHeads!, past, starts });
        const [a, b] = [got.toTypedArray(), whole.slice(range).toTypedArray()];
        for (let i = 0; i < b.length; i++) expect(a[i]).toBeCloseTo(b[i]!, 5);
        past += size;
      }
    }),
  );
  fc.assert(property, { numRuns: 60 });
});

test("a full cache is an error", () => {
  const options = { heads: 1, kvHeads: 1, past: 8, starts: ids([0]) };
  const run = () => cachedAttention(zeros([1, 2, 3, 4]), zeros([1, 9, 2, 4]), options);
  expect(run).toThrow(ArgumentError);
  expect(run).toThrow("cached_attention: no room for 2 positions after 8");
});
