import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeServiceWorker } from "../../../playground/build/works-offline";
import { safetyHeaders } from "../../../playground/policy";
import { buildTime, chromium, closeBrowser, open, pageFolder, whenKept } from "./open";
import { seen } from "./probe/seen";

const threads = { isolated: true, threads: 3, helpers: 2, word: " Paris" };

describe.skipIf(chromium === undefined)("the service worker", () => {
  /** A build of the probe that a test may change. */
  let folder = "";
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "fader-probe-"));
    cpSync(await pageFolder("probe"), folder, { recursive: true });
  }, buildTime);
  afterEach(() => rmSync(folder, { recursive: true }));
  afterAll(closeBrowser);

  /** Publishes a version of the page with another title. */
  async function publish(title: string): Promise<void> {
    const path = join(folder, "index.html");
    writeFileSync(path, readFileSync(path, "utf8").replace(/<title>.*<\/title>/, `<title>${title}</title>`));
    await writeServiceWorker(folder);
  }

  test("opens the page without a network after the first visit, at any path", async () => {
    await using opened = await open("probe", { path: "/some/where/" });
    const { page, context } = opened;
    await whenKept(page);
    await opened.stopServing();
    await context.setOffline(true);
    for (const address of [opened.url, `${opened.url}index.html`, `${opened.url}?beta=1#prompt`]) {
      await page.goto(address);
      expect(await seen(page), address).toEqual(threads);
    }
    expect(opened.errors).toEqual([]);
  });

  test("isolates the page from the second visit on where the host does not, and states the policy", async () => {
    await using opened = await open("probe", { isolation: false });
    const { page } = opened;
    expect(await seen(page)).toMatchObject({ isolated: false, threads: 1 });
    await whenKept(page);
    await page.reload();
    expect(await seen(page)).toEqual(threads);
    const [worker] = page.workers();
    const policyOf = (address: string) => fetch(address).then(({ headers }) => headers.get("Content-Security-Policy"));
    expect(await page.evaluate(policyOf, worker!.url())).toBe(safetyHeaders["Content-Security-Policy"]);
    expect(opened.errors).toEqual([]);
  });

  test("shows a newer version at the next opening, drops the older, and leaves other caches alone", async () => {
    await using opened = await open("probe", { folder });
    const { page } = opened;
    await whenKept(page);
    const others = ["fader-models", "fader-page https://elsewhere.test/ 1"];
    await page.evaluate((names) => Promise.all(names.map((name) => caches.open(name))), others);
    await publish("Newer");
    await page.reload();
    expect(await page.title()).toBe("Probe");
    await whenWaiting(page);
    await page.goto(opened.url);
    await page.waitForFunction(() => document.title === "Newer");
    expect(await seen(page)).toEqual(threads);
    await expect.poll(() => page.evaluate(() => caches.keys())).toHaveLength(others.length + 1);
    const names = await page.evaluate(() => caches.keys());
    expect(names).toEqual(expect.arrayContaining(others));
  });

  test("does not change the version under a page that stays open", async () => {
    await using opened = await open("probe", { folder });
    const { page, context } = opened;
    await whenKept(page);
    await page.reload();
    await publish("Newer");
    const second = await context.newPage();
    await second.goto(opened.url);
    await whenWaiting(second);
    await second.reload();
    expect(await second.title()).toBe("Probe");
    expect(await page.title()).toBe("Probe");
  });

  test("keeps nothing where a file is not that of the build", async () => {
    writeFileSync(join(folder, "icon.svg"), "<svg/>");
    await using opened = await open("probe", { folder });
    const { page } = opened;
    expect(await seen(page)).toEqual(threads);
    const registered = () => navigator.serviceWorker.getRegistration().then((found) => found !== undefined);
    await expect.poll(() => page.evaluate(registered)).toBe(false);
    await page.reload();
    expect(await seen(page)).toEqual(threads);
  });
});

/** Waits until a newer version has all its files. */
async function whenWaiting(page: Page): Promise<void> {
  const isWaiting = () => navigator.serviceWorker.getRegistration().then((found) => Boolean(found?.waiting));
  await expect.poll(() => page.evaluate(isWaiting), { timeout: 20_000 }).toBe(true);
}
