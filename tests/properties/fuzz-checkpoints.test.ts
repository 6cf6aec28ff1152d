import { expect, test } from "vitest";
import { fuzz } from "../../scripts/fuzz/supervise";

/** `npm run fuzz` runs more of these, and others with `--seed`. */
test("mutated checkpoint folders load as their files say or are refused with a typed error", async () => {
  const count = 600;
  const { loaded, refused, failures } = await fuzz({ seed: 7, from: 0, to: count });
  expect(failures.map(({ index, problem }) => `case ${index}: ${problem}`)).toEqual([]);
  expect(loaded + refused).toBe(count);
  // Neither of the two is the rule: what always refuses would find no wrong value, what always loads no wrong error.
  expect(Math.min(loaded, refused)).toBeGreaterThan(count / 5);
}, 120_000);
