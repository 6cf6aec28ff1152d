import { afterAll, describe, expect, test } from "vitest";
import { cases } from "../../conformance/suite";
import type { Outcome } from "./kernels/worker";
import { chromium, closeBrowser, open } from "./open";

describe.skipIf(chromium === undefined)("the conformance suite in a browser", () => {
  afterAll(closeBrowser);

  test.each([
    { where: "an isolated page, also with three threads", isolation: true, threads: ["wasm with three threads"] },
    { where: "a page that cannot share memory", isolation: false, threads: [] },
  ])("passes in $where", { timeout: 600_000 }, async ({ isolation, threads }) => {
    await using opened = await open("kernels", { isolation, search: `?seed=${process.env.FADER_SEED ?? 0}` });
    const { page, errors } = opened;
    const text = await page.locator("body[data-outcome]").getAttribute("data-outcome", { timeout: 0 });
    const { isolated, passed, failed } = JSON.parse(text!) as Outcome;
    expect(failed).toEqual([]);
    expect(isolated).toBe(isolation);
    const variants = ["reference", "wasm with relaxed SIMD", "wasm with plain SIMD", ...threads];
    expect(passed).toEqual(Object.fromEntries(variants.map((variant) => [variant, cases.length])));
    expect(errors).toEqual([]);
  });
});
