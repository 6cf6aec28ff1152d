import { afterAll, describe, expect, test } from "vitest";
import { isolationHeaders, policy } from "../../../playground/policy";
import { chromium, closeBrowser, open } from "./open";
import { seen } from "./probe/seen";

const threads = { isolated: true, threads: 3, helpers: 2, word: " Paris" };
const oneThread = { isolated: false, threads: 1, helpers: 0, word: " Paris" };

describe.skipIf(chromium === undefined)("a built page", () => {
  afterAll(closeBrowser);

  test("computes with threads on a host that isolates it, at any path", async () => {
    for (const path of ["/", "/people/someone/desk/"]) {
      await using opened = await open("probe", { path });
      expect(opened.url).toMatch(new RegExp(`^http://localhost:\\d+${path}$`));
      expect(await seen(opened.page)).toEqual(threads);
      expect(opened.errors).toEqual([]);
    }
  });

  test("computes with one thread on a host that does not, without a service worker", async () => {
    await using opened = await open("probe", { isolation: false, profile: { serviceWorkers: "block" } });
    expect(await seen(opened.page)).toEqual(oneThread);
    await opened.page.reload();
    expect(await seen(opened.page)).toEqual(oneThread);
    expect(opened.errors).toEqual([]);
  });

  test("reads a model that the browser keeps compressed", async () => {
    await using opened = await open("probe", { profile: { serviceWorkers: "block" } });
    const { page } = opened;
    await seen(page);
    const encoding = await page.workers()[0]!.evaluate(async () => {
      const [tokenizer] = performance.getEntriesByType("resource").filter(({ name }) => /\/tokenizer.json$/.test(name));
      const response = await fetch(tokenizer!.name, { cache: "reload" });
      await response.text();
      return response.headers.get("Content-Encoding");
    });
    expect(encoding).toBe("gzip");
    await page.reload();
    expect(await seen(page)).toEqual(threads);
  });

  test("says so where a policy forbids the engine's threads, and does not wait for them", async () => {
    await using opened = await open("probe", {
      profile: { serviceWorkers: "block" },
      prepare: (page) =>
        page.route("**/assets/worker-*.js", async (route) => {
          const response = await route.fetch();
          const headers = { ...isolationHeaders, "Content-Security-Policy": policy.replace(" blob:;", ";") };
          await route.fulfill({ body: await response.body(), contentType: "text/javascript", headers });
        }),
    });
    const found = await seen(opened.page);
    expect(found).toMatchObject({ isolated: true, threads: 1, helpers: 0 });
    expect(found.problem).toMatch(/^ThreadError: threads: a worker died: it could not start; a policy must allow /);
  });

  test("states its policy, and the policy holds on the page and in its worker", async () => {
    await using opened = await open("probe");
    const { page } = opened;
    await seen(page);
    const stated = page.locator('meta[http-equiv="Content-Security-Policy"]');
    expect(await stated.count()).toBe(1);
    expect(await stated.getAttribute("content")).toBe(policy);
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|\*[ ;]|http:/);

    /** The directive that a request is refused by. */
    const refusedBy = (address: string) =>
      new Promise<string>((resolve) => {
        addEventListener("securitypolicyviolation", (event) => {
          resolve((event as SecurityPolicyViolationEvent).effectiveDirective);
        });
        fetch(address).catch(() => setTimeout(resolve, 1000, "nothing"));
      });
    const elsewhere = "https://example.com/";
    const ownFile = new URL("icon.svg", opened.url).href;
    const [worker] = page.workers();
    expect(await page.evaluate(refusedBy, elsewhere)).toBe("connect-src");
    expect(await worker!.evaluate(refusedBy, elsewhere)).toBe("connect-src");
    expect(await worker!.evaluate(async (address) => (await fetch(address)).status, ownFile)).toBe(200);
    const inlineRuns = await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "document.body.dataset.inline = 'ran'";
      document.body.append(script);
      return document.body.dataset.inline === "ran";
    });
    expect(inlineRuns).toBe(false);
  });
});
