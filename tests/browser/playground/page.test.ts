import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { policy } from "../../../playground/policy";
import { buildTime, chromium, closeBrowser, open, pageFolder, whenKept } from "./open";

describe("the built playground", () => {
  let folder = "";
  let files: string[] = [];
  beforeAll(async () => {
    folder = await pageFolder("playground");
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  }, buildTime);

  const compressed = (path: string) => gzipSync(readFileSync(path)).length;

  test("is less than 250 kB of code, compressed, of which the page itself is less than 80", () => {
    const code = files.filter((path) => /\.(js|css|html)$/.test(path));
    expect(code.length).toBeGreaterThanOrEqual(5);
    const kilobytes = (paths: string[]) => paths.reduce((sum, path) => sum + compressed(path), 0) / 1000;
    expect(kilobytes(code)).toBeLessThan(250);
    expect(kilobytes(code.filter((path) => !/\/worker-[^/]*$/.test(path)))).toBeLessThan(80);
  });

  test("comes with the built-in model, and asks nobody else for anything", () => {
    expect(files).toContain(join(folder, "models", "capitals", "model.safetensors"));
    const page = readFileSync(join(folder, "index.html"), "utf8");
    const addresses = [...page.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address!);
    expect(addresses.length).toBeGreaterThanOrEqual(4);
    for (const address of addresses) expect(address).toMatch(/^\.\//);
  });

  test("states the policy first, and has no script or style in the page itself", () => {
    const page = readFileSync(join(folder, "index.html"), "utf8");
    const [, stated] = /<head>\s*<meta http-equiv="Content-Security-Policy" content="([^"]*)">/.exec(page)!;
    expect(stated!.replaceAll("&#39;", "'")).toBe(policy);
    for (const [script] of page.matchAll(/<script[^>]*>/g)) expect(script).toContain(" src=");
    expect(page).not.toMatch(/<style|\son\w+=|\sstyle=/);
  });
});

describe.skipIf(chromium === undefined)("the playground in a browser", () => {
  afterAll(closeBrowser);

  const threads = Math.min(availableParallelism(), 8);
  const withThreads = threads > 1 ? `${threads} threads` : "1 thread";

  /** Waits until the model has answered; says with how many threads. */
  async function answered(page: Page): Promise<string> {
    await page
      .getByText(/\d+\s*%/)
      .first()
      .waitFor();
    return (await page.locator("[data-status=threads]").textContent())!;
  }

  test("answers with threads, under any path, and without a network after the first visit", async () => {
    await using opened = await open("playground", { path: "/desk/" });
    const { page } = opened;
    expect(await answered(page)).toBe(withThreads);
    await whenKept(page);
    await opened.stopServing();
    await opened.context.setOffline(true);
    await page.reload();
    expect(await answered(page)).toBe(withThreads);
    expect(opened.errors).toEqual([]);
  });

  test("has threads from the second visit on where the host knows nothing of them", async () => {
    await using opened = await open("playground", { isolation: false });
    const { page } = opened;
    expect(await answered(page)).toContain("1 thread (");
    await whenKept(page);
    await page.reload();
    expect(await answered(page)).toBe(withThreads);
    expect(opened.errors).toEqual([]);
  });

  test("answers with one thread where there is neither isolation nor a service worker", async () => {
    await using opened = await open("playground", { isolation: false, profile: { serviceWorkers: "block" } });
    expect(await answered(opened.page)).toContain("1 thread (");
    expect(opened.errors).toEqual([]);
  });

  test("can be installed", async () => {
    await using opened = await open("playground");
    const session = await opened.context.newCDPSession(opened.page);
    const { errors, url, data } = await session.send("Page.getAppManifest");
    expect(errors).toEqual([]);
    expect(url).toBe(new URL("manifest.webmanifest", opened.url).href);
    const { icons } = JSON.parse(data!) as { icons: { src: string }[] };
    const status = await opened.page.evaluate(async (icon) => (await fetch(icon)).status, icons[0]!.src);
    expect(status).toBe(200);
  });
});
