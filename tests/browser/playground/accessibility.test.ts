import axe from "axe-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAsNode, expectTourInSight, faderAt, openDesk } from "./desk-page";
import { buildTime, chromium, closeBrowser, type Opened } from "./open";

const widths = [1280, 390];

/** Texts of drawings, which axe does not judge, with too little contrast to the card and the rectangles beneath them. */
function paleWords(): string[] {
  const numbers = (color: string) => (color.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
  const light = (color: readonly number[]) => {
    const [r, g, b] = color.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  };
  return Array.from(document.querySelectorAll("svg.drawing text")).flatMap((text) => {
    let ground = numbers(getComputedStyle(text.closest(".card")!).backgroundColor);
    const beneath = text.matches("g > text") ? ":scope > rect.well, :scope > [fill-opacity]" : "none";
    for (const rect of Array.from(text.parentElement!.querySelectorAll(beneath))) {
      const { fill, fillOpacity } = getComputedStyle(rect);
      ground = numbers(fill).map((part, i) => ground[i]! + (part - ground[i]!) * Number(fillOpacity));
    }
    const [a, b] = [light(ground), light(numbers(getComputedStyle(text).fill))];
    const contrast = Math.max(a, b) / Math.min(a, b);
    return contrast < 4.5 ? [`"${text.textContent}" has a contrast of ${contrast.toFixed(2)}`] : [];
  });
}

describe.skipIf(chromium === undefined)("everybody can use the page", () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await openDesk({ profile: { reducedMotion: "reduce", bypassCSP: true } });
    await opened.page.evaluate(axe.source);
  }, buildTime);
  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
    await closeBrowser();
  });

  /** What axe finds serious, in light and dark, wide and narrow; and whether the page scrolls sideways. */
  async function problems(): Promise<string[]> {
    const { page } = opened;
    const found: string[] = [];
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const seen = await page.evaluate(async () => {
          const { run } = (window as unknown as { axe: typeof axe }).axe;
          const { violations } = await run(document, { resultTypes: ["violations"] });
          const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
          return grave.flatMap(({ id, nodes }) =>
            nodes.slice(0, 4).map((node) => `${id}: ${node.target.join(" ")} ${node.any[0]?.message ?? ""}`),
          );
        });
        seen.push(...(await page.evaluate(paleWords)));
        found.push(...seen.map((problem) => `${width} ${colorScheme} ${problem}`));
      }
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) found.push(`${width}: scrolls ${over} px sideways`);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
    return found;
  }

  test.each(["faders", "map", "lens", "attention"])("inside: %s", async (view) => {
    const { page } = opened;
    await page.locator(`#tab-${view}`).click();
    if (view === "faders") {
      await faderAt(page, "attn_out/1/19").focus();
      await page.keyboard.press("PageDown");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("m");
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("PageUp");
      expect(await expectAsNode(page)).toHaveLength(3);
    } else await page.locator("#inside-panel .look").waitFor();
    expect(await problems()).toEqual([]);
  });

  test("learning, before and after", async () => {
    const { page } = opened;
    await page.locator("#tab-faders").click();
    await page.locator("#tab-learn").click();
    await page.locator(".learn").getByText("More", { exact: true }).click();
    expect(await problems()).toEqual([]);
    await page.locator("#steps").fill("4");
    await page.locator("#learn").click();
    await page.locator(".compared").waitFor({ timeout: 60_000 });
    expect(await problems()).toEqual([]);
    await page.locator("#tab-answer").click();
  });

  test("the choice of a model, also when it went wrong", async () => {
    const { page } = opened;
    await page.locator("button.model").click();
    await page.getByLabel("Name on the hub, owner and model").fill("no name");
    await page.keyboard.press("Enter");
    await page.locator("dialog .problem").waitFor();
    expect(await problems()).toEqual([]);
    await page.keyboard.press("Escape");
    expect(await page.locator("dialog.models").isVisible()).toBe(false);
    expect(await page.evaluate(() => document.activeElement?.className)).toBe("model");
  });

  test("the tour", async () => {
    const { page } = opened;
    await page.getByRole("button", { name: "Tour" }).click();
    expect(await problems()).toEqual([]);
    await page.setViewportSize({ width: 390, height: 800 });
    for (let stop = 1; stop < 6; stop++) {
      await expectTourInSight(page);
      await page.getByRole("button", { name: "Next" }).click();
    }
    await page.keyboard.press("Escape");
  });

  test("by keys alone: Tab comes to everything, arrows move within", async () => {
    const { page } = opened;
    await page.reload();
    await page.locator("[data-answer=correct]").waitFor();
    await faderAt(page, "attn_out/1/19").focus();
    await page.keyboard.press("PageDown");
    await expectAsNode(page);
    await page.locator(".skip").focus();
    const seen: string[] = [];
    const focused = () =>
      page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        const name = element.id || element.dataset.fader || element.getAttribute("name");
        return name || element.textContent!.trim() || element.tagName;
      });
    // After the last one it begins again.
    for (let name = ""; name !== "Skip to the faders" && seen.length < 60; seen.push(name)) {
      await page.keyboard.press("Tab");
      name = await focused();
    }
    const expected = ["Import", "Export", "Link", "Picture", "Tour", "prompt", "answer-correct", "answer-wrong"];
    expected.push(
      "Rome or London?",
      "tab-faders",
      "site",
      "attn_out/1/19",
      "alpha",
      "Mute",
      "Solo",
      "Reverse",
      "Reset",
    );
    expected.push("beta", "keep", "Undo", "Reset all", "tab-answer");
    expect(seen.filter((name) => expected.includes(name))).toEqual(expected);
    await page.locator(".skip").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("tab-faders");
    await page.keyboard.press("ArrowRight");
    expect(await focused()).toBe("tab-map");
    expect(await page.locator("#tab-map").getAttribute("aria-selected")).toBe("true");
    await page.keyboard.press("ArrowLeft");
    expect(await page.locator("#tab-faders").getAttribute("aria-selected")).toBe("true");
  });

  test("nothing moves by itself where less motion is asked for", async () => {
    const { page } = opened;
    await page.getByRole("button", { name: "Warsaw or London?" }).click();
    const moving = await page.evaluate(
      () =>
        document.getAnimations().filter((animation) => Number(animation.effect?.getComputedTiming().duration) > 1)
          .length,
    );
    expect(moving).toBe(0);
    await expectAsNode(page);
    expect(opened.errors).toEqual([]);
  });
});
