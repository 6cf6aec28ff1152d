import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";
import { serve } from "../playground/server/serve";

/** The pictures of the README, taken from the built playground. `npm run screenshots` */
const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find(existsSync);
if (executablePath === undefined) throw new Error("There is no Chromium here.");

/** Each on a fresh desk. */
const pictures: Readonly<Record<string, (page: Page) => Promise<unknown>>> = {
  async desk(page) {
    await page.locator('[data-fader="attn_out/1/19"]').press("-");
    await page.keyboard.type("0.5");
    await page.keyboard.press("Enter");
  },
  async learn(page) {
    await learn(page);
  },
  async lens(page) {
    await learn(page);
    await page.click("#tab-answer");
    await page.click("#tab-lens");
  },
};

const server = await serve({ folder: at("dist-playground"), port: 0 });
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
await mkdir(at("docs/images"), { recursive: true });
for (const [name, prepare] of Object.entries(pictures)) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, colorScheme: "light" });
  await context.addInitScript(() => localStorage.setItem("fader-tour-seen", "yes"));
  const page = await context.newPage();
  await page.goto(server.url);
  await page.waitForSelector("[data-answer]");
  await prepare(page);
  // Continuations and curves come to rest.
  await page.waitForTimeout(1500);
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await page.screenshot({ path: at(`docs/images/playground-${name}.png`), fullPage: true });
  console.log(`docs/images/playground-${name}.png`);
  await context.close();
}
await browser.close();
await server.close();

async function learn(page: Page): Promise<void> {
  await page.click("#tab-learn");
  await page.getByRole("button", { name: "Learn", exact: true }).click();
  await page.waitForSelector(".outside table", { timeout: 120_000 });
}
