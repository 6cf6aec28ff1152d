import type { Page } from "playwright-core";
import type { Seen } from "./worker";

/** What the engine of the probe says, once it has. */
export async function seen(page: Page): Promise<Seen> {
  const text = await page.locator("body[data-seen]").getAttribute("data-seen");
  return JSON.parse(text!) as Seen;
}
