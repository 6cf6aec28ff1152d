import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { reference } from "../../src/tensor/kernels/reference/kernels";
import { cases, variants } from "./suite";
import { covered } from "./support";

for (const { name: variant, begin, end } of variants(true)) {
  describe(variant, () => {
    beforeAll(begin);
    afterAll(end);
    for (const { name, run } of cases) {
      test(name, async () => {
        // Lets the runner say how far it is: cases that follow each other without a pause keep it silent for minutes.
        await setImmediate();
        run();
      });
    }
  });
}

test("every kernel of the interface is covered", () => {
  const methods = Object.keys(reference).filter((key) => key !== "name");
  expect([...covered].sort()).toEqual(methods.sort());
});
