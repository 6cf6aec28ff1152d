import { acrossLengths, countryCapitals, evaluate, type Kind, type LearnedIntervention } from "fader";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { learn } from "../../../src/steering/learn/learn";
import {
  asked,
  expectAsNode,
  expectLearned,
  faderAt,
  nodeModel,
  notice,
  openDesk,
  shownOn,
  slide,
  turnedAt,
  turnedFaders,
} from "./desk-page";
import { buildTime, chromium, closeBrowser, type Opened } from "./open";

const sites = ["attn_out", "mlp_out"] as const;
const seed = 3;

/** What the page is asked to learn, learned in Node. */
async function learnInNode(method: Kind, steps: number): Promise<LearnedIntervention> {
  const model = await nodeModel();
  const task = method === "dynamic" ? acrossLengths(model, "ccc", { seed }) : countryCapitals(model, { seed });
  return learn(method, model, task.train, { sites: [...sites], steps, seed, faithfulnessWeight: 0.5, task: "ccc" });
}

/** Fills in the form and presses Learn. */
async function learnIn(page: Page, method: Kind, steps: number): Promise<void> {
  const form = page.locator(".learn form");
  if (!(await page.locator("#steps").isVisible())) {
    if (!(await page.locator(`[name=learn-method]`).first().isVisible())) await form.locator("summary").first().click();
    if (!(await page.locator("#steps").isVisible())) await form.getByText("More", { exact: true }).click();
  }
  await page.locator(`label:has([name=learn-method][value=${method}])`).click();
  await page.locator("#steps").fill(String(steps));
  await page.locator("#seed").fill(String(seed));
  await page.locator("#learn").click();
}

/** Numbers of a row of the comparison, in its order. */
async function rowOf(page: Page, name: string): Promise<number[]> {
  const row = page.locator(".compared tbody tr", { hasText: name });
  const text = (await row.locator("td").allInnerTexts()).join(" ").replaceAll(",", "");
  return [...text.matchAll(/[\d.]+/g)].map(([number]) => Number(number));
}

describe.skipIf(chromium === undefined)("learning in the page", () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await openDesk();
    await opened.page.locator("#tab-learn").click();
  }, buildTime);
  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
    await closeBrowser();
  });

  /** Waits for the end, and compares the table and the answer with what Node has learned. */
  async function expectResult(name: string, learned: LearnedIntervention): Promise<void> {
    const { page } = opened;
    await page.locator(".compared tr.shown", { hasText: name }).waitFor({ timeout: 60_000 });
    const model = await nodeModel();
    const metrics = evaluate(model, countryCapitals(model, { seed }).test, learned);
    const [plus, minus, kl, kept, parameters, places] = await rowOf(page, name);
    // As far as the table's digits go.
    expect(Math.abs(plus! - 100 * metrics.flipsPlus)).toBeLessThanOrEqual(0.51);
    expect(Math.abs(minus! - 100 * metrics.flipsMinus)).toBeLessThanOrEqual(0.51);
    expect(Math.abs(kl! - metrics.klOthers)).toBeLessThanOrEqual(0.0006);
    expect(Math.abs(kept! - 100 * metrics.bestOtherKept)).toBeLessThanOrEqual(0.51);
    expect([parameters, places]).toEqual([metrics.activeParameters, metrics.activeLocations]);
    await expectLearned(page, learned);
  }

  test("shows its course, and leaves the desk as it was when it is cancelled", async () => {
    const { page } = opened;
    await faderAt(page, "attn_out/1/19").focus();
    await page.keyboard.type("-0.7");
    await page.keyboard.press("Enter");
    const faders = await expectAsNode(page);
    const before = await asked(page);
    await learnIn(page, "scalars", 3000);
    await page.locator(".learn figure.chart path.curve").first().waitFor();
    const standing = async () => JSON.stringify(await turnedFaders(page));
    const early = await standing();
    await expect.poll(standing, { timeout: 15_000 }).not.toBe(early);
    expect(await page.locator(".learn progress").getAttribute("max")).toBe("3000");
    expect(await page.getByRole("button", { name: "Export" }).isDisabled()).toBe(true);
    await page.evaluate(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["{}"], "config.json"));
      document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    });
    await notice(page).getByText("Files can be opened once learning has ended.").waitFor();
    await page.locator("#learn").click();
    await page.locator(".learn progress").waitFor({ state: "detached" });
    expect(await asked(page)).toEqual(before);
    expect(await expectAsNode(page)).toEqual(faders);
    expect(await page.locator(".compared").count()).toBe(0);
  });

  test("ends with what Node learns: faders, comparison, and a dial that flips the answers", async () => {
    const { page } = opened;
    const steps = 24;
    await learnIn(page, "scalars", steps);
    const learned = await learnInNode("scalars", steps);
    await expectResult("Scalars", learned);
    const shown = await turnedAt(page, sites);
    const places = learned.activeLocations();
    expect(shown).toHaveLength(places.length);
    for (const { site, layer, position, value } of places) {
      const fader = shown.find((one) => one.site === site && one.layer === layer && one.position === position);
      expect(fader?.alpha).toBeCloseTo(value, 4);
    }
    await expectAsNode(page, { sites: [...sites] });
    const leads: boolean[] = [];
    for (const beta of [-1, 0, 1]) {
      await slide(page, "#learned-beta", beta);
      await expectLearned(page, learned);
      const { correct, wrong } = await shownOn(page, "steered");
      leads.push(correct > wrong);
    }
    expect(leads[0]).toBe(false);
    expect(leads[2]).toBe(true);
    await page.getByRole("button", { name: "The next prompt" }).click();
    await expectLearned(page, learned);
  });

  test.each([
    ["vectors", "Vectors"],
    ["dynamic", "Dynamic"],
  ] as const)("carries %s, which faders cannot show", async (method, name) => {
    const { page } = opened;
    await page.locator(".learn form summary").first().click();
    await learnIn(page, method, 6);
    const learned = await learnInNode(method, 6);
    await expectResult(name, learned);
    expect(await page.locator(".carried").textContent()).toContain(`${method} loaded`);
    expect(await turnedFaders(page)).toEqual([]);
    await slide(page, "#learned-beta", -1.5);
    await expectLearned(page, learned);
  });

  test("puts what was learned before on the desk again", async () => {
    const { page } = opened;
    await page.getByRole("button", { name: /^Show scalars/i }).click();
    expect(await page.locator(".carried").count()).toBe(0);
    const faders = await expectAsNode(page, { sites: [...sites] });
    expect(faders.length).toBeGreaterThan(0);
    await page.getByRole("button", { name: "Undo" }).click();
    expect(await page.locator(".carried").textContent()).toContain("dynamic loaded");
    expect(opened.errors).toEqual([]);
  });
});
