import { afterAll, describe, expect, test } from "vitest";
import { expectAsNode, expectTourInSight, faderAt, openDesk } from "./desk-page";
import { buildTime, chromium, closeBrowser, open, pageFolder } from "./open";

describe.skipIf(chromium === undefined)("a first visit", () => {
  afterAll(closeBrowser);

  test("gets an answer soon, with the threads of the machine, and a tour", { timeout: buildTime }, async () => {
    await pageFolder("playground");
    await using opened = await open("playground", { profile: { reducedMotion: "reduce" } });
    const { page } = opened;
    await page.locator("[data-answer=correct]").waitFor();
    const time = await page.evaluate(() => performance.now());
    console.log(`the first answer was there ${(time / 1000).toFixed(2)} s after the address was entered`);
    expect(time).toBeLessThan(10_000);
    await expectAsNode(page);
    const cores = await page.evaluate(() => navigator.hardwareConcurrency);
    const threads = Number.parseInt((await page.locator("[data-status=threads]").textContent())!, 10);
    if (cores > 1) expect(threads).toBeGreaterThan(1);
    expect(threads).toBeLessThanOrEqual(cores);

    const tour = page.locator(".tour");
    const count = Number(/1 of (\d)/.exec((await tour.textContent())!)![1]);
    const titles: string[] = [];
    for (let stop = 1; stop <= count; stop++) {
      await tour.getByText(`${stop} of ${count}`).waitFor();
      titles.push((await tour.locator("h2").textContent())!);
      await expect.poll(() => page.locator("[data-toured]").count()).toBe(1);
      await expectTourInSight(page);
      // Focus is on the words; from there Tab goes to End, then to Next.
      await page.keyboard.press("Tab");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
    }
    expect(new Set(titles).size).toBe(count);
    await tour.waitFor({ state: "detached" });
    expect(await page.evaluate(() => document.activeElement?.getAttribute("role"))).toBe("slider");

    await page.reload();
    await page.locator("[data-answer=correct]").waitFor();
    expect(await tour.count()).toBe(0);
    await page.getByRole("button", { name: "Tour" }).click();
    await tour.waitFor();
    await page.keyboard.press("Escape");
    await tour.waitFor({ state: "detached" });
    // The mark is taken off after the page is drawn without the tour.
    await expect.poll(() => page.locator("[data-toured]").count()).toBe(0);
    expect(opened.errors).toEqual([]);
  });

  test("computes with one thread where threads cannot be, and says why", async () => {
    await using opened = await openDesk({ isolation: false, profile: { serviceWorkers: "block" } });
    const { page } = opened;
    const status = page.locator("[data-status=threads]");
    expect(await status.textContent()).toBe("1 thread (this page is not cross-origin isolated)");
    await faderAt(page, "attn_out/1/19").focus();
    await page.keyboard.press("PageDown");
    expect(await expectAsNode(page)).toHaveLength(1);
    expect(opened.errors).toEqual([]);
  });
});
