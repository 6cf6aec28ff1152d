import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { faderAt, notice, openDesk } from "./desk-page";
import { buildTime, chromium, closeBrowser, type Opened } from "./open";

describe.skipIf(chromium === undefined)("a picture", () => {
  let opened: Opened;
  /** A page of its own, which knows nothing of the playground. */
  let elsewhere: Page;
  beforeAll(async () => {
    opened = await openDesk({ profile: { colorScheme: "dark" } });
    elsewhere = await opened.context.newPage();
    const { page } = opened;
    for (const [key, alpha] of Object.entries({ "attn_out/1/19": "-0.5", "attn_out/1/18": "3" })) {
      await faderAt(page, key).focus();
      await page.keyboard.type(alpha);
      await page.keyboard.press("Enter");
    }
  }, buildTime);
  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
    await closeBrowser();
  });

  /** Saves the view, and reads the file without the page: as an image, and as a document. */
  async function saved(view: string) {
    const { page } = opened;
    await page.locator(`#tab-${view}`).click();
    await page.locator("#inside-panel svg.drawing").first().waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Picture" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`fader-${view}.svg`);
    const markup = readFileSync(await download.path(), "utf8");
    const path = `${await download.path()}.svg`;
    await download.saveAs(path);
    const image = await elsewhere.evaluate(async (text) => {
      const shown = new Image();
      shown.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
      await shown.decode();
      return { width: shown.naturalWidth, height: shown.naturalHeight };
    }, markup);
    await elsewhere.goto(pathToFileURL(path).href);
    const document = await elsewhere.evaluate(() => {
      const root = window.document.documentElement as unknown as SVGSVGElement;
      const { width, height } = root.getBoundingClientRect();
      const texts = Array.from(root.querySelectorAll("text"));
      const outside = Array.from(root.querySelectorAll("text, rect, path")).filter((shape) => {
        const box = shape.getBoundingClientRect();
        return box.left < -1 || box.top < -1 || box.right > width + 1 || box.bottom > height + 1;
      });
      const edges = texts.map((text) => {
        const [own, frame] = [text.getBoundingClientRect(), text.closest("svg")!.getBoundingClientRect()];
        const inner = frame.left - 1 <= own.left && own.right <= frame.right + 1;
        return inner ? "" : text.textContent;
      });
      return {
        texts: texts.map(({ textContent }) => textContent ?? ""),
        titles: Array.from(root.querySelectorAll("title")).map(({ textContent }) => textContent ?? ""),
        size: { width, height },
        outside: outside.length,
        cut: edges.filter(Boolean),
        fills: [...new Set(Array.from(root.querySelectorAll("[fill]")).map((shape) => shape.getAttribute("fill")))],
      };
    });
    expect(document.size).toEqual(image);
    expect(document.outside).toBe(0);
    expect(document.cut).toEqual([]);
    // Nothing of the page is needed: no style sheet, no variable, no file, and no colour that only browsers know.
    expect(markup).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>\n<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(markup).not.toMatch(/var\(|class=|style=|href=|url\(|NaN|undefined|Infinity/);
    for (const fill of document.fills) expect(fill).toMatch(/^(none|#[0-9a-f]{6}|rgb\(\d+, \d+, \d+\))$/);
    // The ink of the light theme on white, though the page is dark.
    expect(document.fills).toContain("#1f1d1a");
    const prompt = await page.locator("#prompt").inputValue();
    expect(document.texts[1]).toBe(`“${prompt.replaceAll("\n", "⏎")}”`);
    expect(document.texts[2]).toMatch(/^capitals · 2 faders turned · β \+1\.00 · “Rome” \d+% → /);
    return { ...document, markup };
  }

  test("of the faders: caps at their heights, and the numbers of those that are turned", async () => {
    const { texts, titles, markup } = await saved("faders");
    expect(texts).toEqual(expect.arrayContaining(["Italy", "⏎", "−0.50", "+3.00", "0", "1", "2"]));
    expect(texts[0]).toBe("Faders at attn_out: one for each layer and token");
    expect(titles.filter((title) => title.startsWith("attn_out, layer"))).toHaveLength(3 * 20);
    expect(titles).toContain('attn_out, layer 1, token 19 ":": −0.50');
    const caps = await elsewhere.evaluate(() => {
      const at = (name: string) => {
        const title = Array.from(document.querySelectorAll("title")).find((one) => one.textContent!.startsWith(name))!;
        const boxes = Array.from(title.parentElement!.querySelectorAll("rect"));
        return Number(boxes.find((box) => box.getAttribute("height") === "12")!.getAttribute("y"));
      };
      return ["18", "19", "17"].map((token) => at(`attn_out, layer 1, token ${token} `));
    });
    const [up, down, rest] = caps as [number, number, number];
    expect(rest - up).toBeCloseTo(6 * (down - rest), 3);
    expect(down).toBeGreaterThan(rest);
    // Which fader is chosen is of the page.
    expect(markup).not.toContain('stroke-width="1.5px"');
  });

  test("of all sites: a cell for each place, and the scale", async () => {
    const { texts, titles } = await saved("map");
    expect(texts).toEqual(expect.arrayContaining(["attn_out", "what attention adds to the stream", "layer"]));
    expect(texts).toEqual(expect.arrayContaining(["turned down −3.00", "+3.00 turned up"]));
    expect(titles.filter((title) => /, layer \d+, token /.test(title))).toHaveLength(5 * 3 * 20);
    expect(titles).toContain("attn_out, layer 1, token 18 “A”: α +3.00");
  });

  test("of the lens: the token of each cell, and the scale", async () => {
    const { texts, titles } = await saved("lens");
    expect(texts[0]).toBe("What each layer would say next: with your faders");
    expect(texts).toEqual(expect.arrayContaining(["before 0", "output", "stream", "London", "Rome"]));
    expect(titles.filter((title) => title.startsWith("output, at token"))).toHaveLength(20);
  });

  test("of attention: the head before and after, and what the token reads", async () => {
    const { texts, markup } = await saved("attention");
    expect(texts[0]).toBe("Attention of layer 2, head 0");
    expect(texts[3]).toMatch(/^as it is: “:” reads “/);
    expect(texts).toEqual(expect.arrayContaining(["Head 0, as it is", "Head 0, with your faders"]));
    expect(markup.match(/<path /g)!.length).toBeGreaterThan(10);
  });

  test("of what is narrow and scrolled is whole, and shows the state of now", async () => {
    const { page } = opened;
    await page.setViewportSize({ width: 390, height: 800 });
    await page.locator("#tab-map").click();
    await page.locator("#inside-panel .scroller").evaluate((frame) => {
      frame.scrollLeft = 120;
    });
    const { texts } = await saved("map");
    expect(texts).toEqual(expect.arrayContaining(["The", "layer", "resid_post"]));
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  test("of a prompt with signs that no file may hold, and none of no prompt", async () => {
    const { page } = opened;
    await page.locator("#tab-faders").click();
    await page.locator("#prompt").fill('<&"\u0001\ud800 ]]> is');
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Picture" }).click(),
    ]);
    const said = await elsewhere.evaluate(
      (markup) => {
        const read = new DOMParser().parseFromString(markup, "image/svg+xml");
        return read.querySelector("parsererror")?.textContent ?? read.querySelectorAll("text")[1]!.textContent;
      },
      readFileSync(await download.path(), "utf8"),
    );
    expect(said).toMatch(/^“<&"�+ \]\]> is”$/);
    await page.locator("#prompt").fill("");
    await page.getByText("Type a prompt, and the model answers.").waitFor();
    await page.getByRole("button", { name: "Picture" }).click();
    await notice(page).getByText("There is nothing to draw: the prompt is empty.").waitFor();
    expect(opened.errors).toEqual([]);
  });
});
