import { expect, test } from "vitest";
import { compact, duration, fixed, probability } from "../../../src/text/numbers";

test("numbers are written without hiding small ones", () => {
  expect([0, 0.0004, 0.5, 0.9999, 1].map(probability).join(" ")).toBe("0.0% <0.1% 50.0% >99.9% 100.0%");
  expect([-1.5, 0.5, 0, -0.001].map((value) => fixed(value, 2, true)).join(" ")).toBe("−1.50 +0.50 0.00 0.00");
  expect([4.21, 254.2, 3720].map(duration)).toEqual(["4.21 s", "4 min 14 s", "1 h 2 min"]);
  expect(compact(124_439_808)).toBe("124M");
});
