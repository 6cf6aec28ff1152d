import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

  /** Publishes a version of the page with another title, and its worker under another name. */
  function publish(title: string): void {
    const assets = join(folder, "assets");
    const [worker] = readdirSync(assets).filter((name) => name.startsWith("worker-"));
    renameSync(join(assets, worker!), join(assets, "worker-newer.js"));
    const replace = (path: string, from: string | RegExp, to: string) =>
      writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
    const [script] = readdirSync(assets).filter((name) => name.startsWith("index-"));
    renameSync(join(assets, script!), join(assets, "index-newer.js"));
    replace(join(assets, "index-newer.js"), worker!, "worker-newer.js");
    replace(join(folder, "index.html"), script!, "index-newer.js");
    replace(join(folder, "index.html"), /<title>.*<\/title>/, `<title>${title}</title>`);
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

  test("shows a newer version at the next opening, and an older page still gets its files", async () => {
    await using opened = await open("probe", { folder, isolation: false });
    const { page, context } = opened;
    await whenKept(page);
    await page.reload();
    expect(await seen(page)).toEqual(threads);
    const older = page.workers()[0]!.url();
    // The newer version has a worker of another name; that of the older one is gone.
    publish("Newer");
    const second = await context.newPage();
    await second.goto(opened.url);
    expect(await second.title()).toBe("Newer");
    expect(await seen(second)).toEqual(threads);
    expect(second.workers()[0]!.url()).not.toBe(older);
    const status = (address: string) => fetch(address).then((response) => response.status);
    expect(await page.evaluate(status, older)).toBe(200);
    expect(await second.evaluate(status, new URL("./assets/nothing.js", opened.url).href)).toBe(404);
  });

  test("drops the older version when the newer one takes over, and leaves other caches alone", async () => {
    await using opened = await open("probe", { folder });
    const { page, context } = opened;
    await whenKept(page);
    const others = ["fader-models", "fader-page https://elsewhere.test/ 1"];
    await page.evaluate((names) => Promise.all(names.map((name) => caches.open(name))), others);
    const [older] = (await page.evaluate(() => caches.keys())).filter((name) => !others.includes(name));
    publish("Newer");
    await writeServiceWorker(folder);
    await page.reload();
    const isWaiting = () => navigator.serviceWorker.getRegistration().then((found) => Boolean(found?.waiting));
    await expect.poll(() => page.evaluate(isWaiting), { timeout: 20_000 }).toBe(true);
    // Nobody looks at the older version any more.
    await page.goto("about:blank");
    await opened.stopServing();
    await context.setOffline(true);
    await page.goto(opened.url);
    expect(await page.title()).toBe("Newer");
    expect(await seen(page)).toEqual(threads);
    const names = await page.evaluate(() => caches.keys());
    expect(names).toHaveLength(others.length + 1);
    expect(names).toEqual(expect.arrayContaining(others));
    expect(names).not.toContain(older);
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
