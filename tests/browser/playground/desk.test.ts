import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asked, expectAsNode, faderAt, nodeModel, openDesk, reset, shownOn, slide, turnedFaders } from "./desk-page";
import { buildTime, chromium, closeBrowser, type Opened } from "./open";

const first = "attn_out/1/19";

describe.skipIf(chromium === undefined)("the desk", () => {
  let opened: Opened;
  beforeAll(async () => {
    opened = await openDesk();
  }, buildTime);
  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
    await closeBrowser();
  });

  const drag = async (key: string, pixels: number, options: { steps?: number; shift?: boolean } = {}) => {
    const { mouse, keyboard } = opened.page;
    await faderAt(opened.page, key).scrollIntoViewIfNeeded();
    const box = (await faderAt(opened.page, key).boundingBox())!;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await mouse.move(x, y);
    await mouse.down();
    if (options.shift) await keyboard.down("Shift");
    await mouse.move(x, y - pixels, { steps: options.steps ?? 6 });
    await mouse.up();
    if (options.shift) await keyboard.up("Shift");
  };
  const alphaOf = async (key: string) => Number(await faderAt(opened.page, key).getAttribute("data-alpha"));

  test("answers at once, with what Node computes", async () => {
    const { page } = opened;
    expect(await turnedFaders(page)).toEqual([]);
    await expectAsNode(page);
    expect(await page.locator("[data-status=threads]").textContent()).toMatch(/^\d+ threads?$/);
  });

  test("shows the tokens of a prompt that is typed, and answers it", async () => {
    const { page } = opened;
    const prompt = "The capital of France is Paris.\nQ: What is the capital of France?\nA:";
    await page.locator("#prompt").fill("");
    await page.getByText("Type a prompt, and the model answers.").waitFor();
    await page.locator("#prompt").pressSequentially(prompt);
    await page.locator("#answer-correct").fill("Paris");
    await page.locator("#answer-wrong").fill("Rome");
    await page.locator("#answer-wrong").press("Enter");
    const model = await nodeModel();
    const words = [...model.encode(prompt)].map((id) => model.needTokenizer("test").token(id));
    const heads = page.locator("[role=columnheader].token text");
    await expect.poll(() => heads.count()).toBe(words.length);
    expect(await heads.allTextContents()).toEqual(words.map((word) => (word === "\n" ? "⏎" : word.trim())));
    await expectAsNode(page);
    expect((await asked(page)).prompt).toBe(prompt);
    await page.getByRole("button", { name: "Rome or London?" }).click();
    await expectAsNode(page);
  });

  test("says why an answer cannot be watched, and answers all the same", async () => {
    const { page } = opened;
    await page.locator("#answer-wrong").fill("Londonderry");
    await page.locator("#answer-wrong").press("Enter");
    await page.locator(".notices .problem").waitFor();
    expect(await page.locator(".notices").textContent()).toMatch(/The answer .*Londonderry/);
    expect(await page.locator(".outcomes tbody tr").count()).toBeGreaterThan(4);
    await page.locator("#answer-wrong").fill("London");
    await page.locator("#answer-wrong").press("Enter");
    await page.locator(".notices .problem").waitFor({ state: "detached" });
    await expectAsNode(page);
  });

  test("follows the mouse while the page stays free", async () => {
    const { page, context } = opened;
    const client = await context.newCDPSession(page);
    await client.send("Performance.enable", { timeDomain: "threadTicks" });
    /** Seconds of work of the page's main thread. */
    const worked = async () => {
      const { metrics } = await client.send("Performance.getMetrics");
      return metrics.find(({ name }) => name === "TaskDuration")!.value;
    };
    await page.evaluate(() => {
      const gaps: number[] = [];
      let last = performance.now();
      const frame = (now: number) => {
        gaps.push(now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
      Object.assign(window, { gaps });
    });
    const clean = await shownOn(page, "clean");
    const before = await worked();
    const steps = 60;
    await drag(first, -30, { steps });
    const used = (await worked()) - before;
    const gaps = await page.evaluate(() => (window as unknown as { gaps: number[] }).gaps.slice(1));
    console.log(
      `dragging: ${((1000 * used) / steps).toFixed(1)} ms of the main thread for each of ${steps} movements; ` +
        `longest gap between ${gaps.length} frames ${Math.max(...gaps).toFixed(0)} ms`,
    );
    // Time of the thread itself, not of the clock: a busy machine must not count. From 50 ms on a task counts as long.
    expect((1000 * used) / steps).toBeLessThan(50);
    expect(Math.max(...gaps)).toBeLessThan(500);
    expect(page.workers().length).toBeGreaterThan(0);
    // How fast it was is said only while something moves.
    await page.locator("[data-status=rate]").waitFor({ state: "detached" });
    expect(await alphaOf(first)).toBeLessThan(-0.5);
    await expectAsNode(page);
    // The fader that the example points at turns the answer.
    const steered = await shownOn(page, "steered");
    expect(Math.sign(steered.correct - steered.wrong)).toBe(-Math.sign(clean.correct - clean.wrong));
    await drag(first, 200);
    expect(await alphaOf(first)).toBe(3);
    await reset(page);
    await drag(first, 20, { shift: true });
    expect(await alphaOf(first)).toBeGreaterThan(0);
    expect(await alphaOf(first)).toBeLessThan(0.6);
    await expectAsNode(page);
    await faderAt(page, first).dblclick();
    expect(await turnedFaders(page)).toEqual([]);
    await expectAsNode(page);
  });

  test("is played by keys: arrows, numbers, M, S, R, Delete", async () => {
    const { page } = opened;
    const { keyboard } = page;
    await faderAt(page, first).focus();
    await keyboard.press("ArrowUp");
    await keyboard.press("PageDown");
    expect(await alphaOf(first)).toBeCloseTo(-0.4, 9);
    await expectAsNode(page);
    await keyboard.type("-1.25");
    await keyboard.press("Enter");
    expect(await alphaOf(first)).toBe(-1.25);
    await expectAsNode(page);
    await keyboard.press("r");
    expect(await alphaOf(first)).toBeCloseTo(-0.75, 9);
    await expectAsNode(page);
    await keyboard.press("m");
    expect(await alphaOf(first)).toBe(-1);
    await expectAsNode(page);
    await keyboard.press("m");
    await keyboard.press("r");
    await keyboard.press("ArrowLeft");
    await keyboard.press("Alt+ArrowDown");
    await keyboard.type("2");
    await keyboard.press("Escape");
    expect(await alphaOf("attn_out/2/18")).toBe(2);
    expect(await expectAsNode(page)).toHaveLength(2);
    await keyboard.press("s");
    expect(await expectAsNode(page)).toEqual([{ site: "attn_out", layer: 2, position: 18, alpha: 2 }]);
    await keyboard.press("s");
    expect(await expectAsNode(page)).toHaveLength(2);
    await keyboard.press("Delete");
    expect(await alphaOf("attn_out/2/18")).toBe(0);
    expect(await expectAsNode(page)).toHaveLength(1);
  });

  test("turns the chosen fader with the wheel, and no other", async () => {
    const { page } = opened;
    await reset(page);
    await faderAt(page, first).click();
    await page.mouse.wheel(0, -100);
    await expect.poll(() => alphaOf(first)).toBeCloseTo(0.05, 9);
    await page.keyboard.down("Shift");
    await page.mouse.wheel(0, -100);
    await page.keyboard.up("Shift");
    await expect.poll(() => alphaOf(first)).toBeGreaterThan(0.055);
    await expectAsNode(page);
    const turned = await turnedFaders(page);
    await faderAt(page, "attn_out/0/18").hover();
    await page.mouse.wheel(0, -100);
    await expectAsNode(page);
    expect(await turnedFaders(page)).toEqual(turned);
  });

  test("turns all that are chosen together, with β and the largest k", async () => {
    const { page } = opened;
    await reset(page);
    await faderAt(page, "attn_out/0/17").click();
    await faderAt(page, "attn_out/1/19").click({ modifiers: ["Shift"] });
    await page.keyboard.press("PageUp");
    expect(await expectAsNode(page)).toHaveLength(6);
    await drag("attn_out/0/18", -25);
    const together = await expectAsNode(page);
    expect(new Set(together.map(({ alpha }) => alpha)).size).toBe(1);
    const press = (name: string) => page.locator(".inspector").getByRole("button", { name }).click();
    await press("Reverse");
    expect((await expectAsNode(page)).map(({ alpha }) => alpha)).toEqual(together.map(({ alpha }) => -2 - alpha));
    await press("Mute");
    expect((await expectAsNode(page)).map(({ alpha }) => alpha)).toEqual(together.map(() => -1));
    await press("Mute");
    await press("Reverse");
    expect(await expectAsNode(page)).toEqual(together);
    await faderAt(page, "attn_out/1/19").click();
    await page.locator("#alpha").fill("-1.5");
    await slide(page, "#beta", -0.5);
    await expectAsNode(page);
    for (const keep of [3, 1]) {
      await slide(page, "#keep", keep);
      await expectAsNode(page, { keep });
    }
    await slide(page, "#keep", 0);
    expect(await page.locator(".keep output").textContent()).toBe("0");
    await expectAsNode(page, { keep: 0 });
    await slide(page, "#keep", 6);
    await expectAsNode(page);
  });

  test("goes back and forth, one movement at a time", async () => {
    const { page } = opened;
    await reset(page);
    await drag(first, -20);
    const one = await turnedFaders(page);
    await drag("attn_out/0/19", 20);
    const two = await turnedFaders(page);
    await page.keyboard.press("Control+z");
    expect(await expectAsNode(page)).toEqual(one);
    await page.getByRole("button", { name: "Undo" }).click();
    expect(await expectAsNode(page)).toEqual([]);
    await page.getByRole("button", { name: "Redo" }).click();
    await page.locator("body").press("Control+Shift+z");
    expect(await expectAsNode(page)).toEqual(two);
    // An example clears the desk, and can be undone as well.
    await page.getByRole("button", { name: "Warsaw or London?" }).click();
    expect(await expectAsNode(page)).toEqual([]);
    await page.getByRole("button", { name: "Undo" }).click();
    expect(await expectAsNode(page)).toEqual(two);
    expect(opened.errors).toEqual([]);
  });
});
