import { acrossLengths, type LearnedIntervention } from "fader";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { learn } from "../../../src/steering/learn/learn";
import {
  asked,
  expectAsNode,
  expectLearned,
  faderAt,
  importFile,
  nodeModel,
  notice,
  openDesk,
  reset,
  shownOn,
  slide,
  turnedFaders,
} from "./desk-page";
import { buildTime, chromium, closeBrowser, type Opened } from "./open";

describe.skipIf(chromium === undefined)("a link", () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await openDesk({ profile: { permissions: ["clipboard-read", "clipboard-write"] } });
  }, buildTime);
  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
    await closeBrowser();
  });

  /** Copies the link and takes it from the clipboard. */
  const copied = async (): Promise<string> => {
    await opened.page.getByRole("button", { name: "Link", exact: true }).click();
    await notice(opened.page).getByText("The link is copied").waitFor();
    return opened.page.evaluate(() => navigator.clipboard.readText());
  };
  const visit = async (link: string): Promise<Page> => {
    const page = await opened.context.newPage();
    page.on("pageerror", (error) => opened.errors.push(error.message));
    await page.goto(link);
    await page.locator("[data-answer=correct]").waitFor();
    return page;
  };

  test("brings the same desk to whoever opens it", async () => {
    const { page } = opened;
    await page.getByRole("button", { name: "Warsaw or London?" }).click();
    await page.locator(".sites label:has(input[value=mlp_out])").click();
    await faderAt(page, "mlp_out/1/17").focus();
    await page.keyboard.type("1.75");
    await page.keyboard.press("Enter");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("r");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("m");
    await slide(page, "#beta", 0.5);
    await slide(page, "#keep", 2);
    const faders = await expectAsNode(page, { keep: 2 });
    const link = await copied();
    expect(link.startsWith(`${opened.url}#d=`)).toBe(true);
    const other = await visit(link);
    expect(await asked(other)).toEqual(await asked(page));
    expect(await other.locator("[name=site]:checked").inputValue()).toBe("mlp_out");
    expect(await other.locator("#keep").inputValue()).toBe("2");
    expect(await expectAsNode(other, { keep: 2 })).toEqual(faders);
    expect(await shownOn(other, "steered")).toEqual(await shownOn(page, "steered"));
    // A link that is pasted into an open page.
    await reset(other);
    await other.evaluate((address) => {
      location.hash = "";
      location.href = address;
    }, link);
    await expect.poll(() => turnedFaders(other)).toEqual(faders);
    await other.close();
  });

  test("that is broken says so, and the page can be used", async () => {
    const link = await copied();
    for (const [address, says] of [
      [link.slice(0, -30), "This link is broken: a part of it is missing. Ask for it again."],
      [`${link}%20`, "This link is broken: it holds characters that no link of ours has."],
      [`${opened.url}#d=AAAA`, "This link is broken: a part of it is missing. Ask for it again."],
    ] as const) {
      const other = await visit(address);
      expect(await notice(other).locator("p").first().textContent()).toBe(says);
      await faderAt(other, "attn_out/1/19").focus();
      await other.keyboard.press("PageDown");
      expect(await expectAsNode(other)).toHaveLength(1);
      await other.close();
    }
  });

  test("holds dynamic scalars that are carried", async () => {
    const { page } = opened;
    const model = await nodeModel();
    const { train } = acrossLengths(model, "ccc", { seed: 1 });
    const learned: LearnedIntervention = await learn("dynamic", model, train, { steps: 3, minimality: 0 });
    await reset(page);
    await importFile(page, "gates.fader.safetensors", learned.toBytes());
    await page.getByText("dynamic loaded").waitFor();
    await expectLearned(page, learned);
    const other = await visit(await copied());
    await other.getByText("dynamic loaded").waitFor();
    await expectLearned(other, learned);
    await slide(other, "#beta", -1);
    await expectLearned(other, learned);
    await other.close();
    expect(opened.errors).toEqual([]);
  });
});
