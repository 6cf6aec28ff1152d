import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { engineInfo } from "fader";
import { chromium, type Page } from "playwright-core";
import { serve } from "../playground/server/serve";
import { createEngine } from "../playground/src/engine/engine";
import type { LearnRequest, SteerRequest } from "../playground/src/protocol";
import { writeFileAtomic } from "../src/io/disk";

/**
 * The playground in a browser beside the same engine in Node: answers a second while a fader is dragged, learning steps a
 * second, and how long the first answer takes. Medians. Writes `bench/results/playground.txt`; `--quick` only prints.
 */
const isQuick = process.argv.includes("--quick");
const rounds = isQuick ? 1 : 5;
const dragMs = 2000;
const steps = 60;
const learning: LearnRequest = {
  task: { kind: "ccc" },
  method: "scalars",
  sites: ["attn_out", "mlp_out"],
  faithfulness: 0.5,
  minimality: 1,
  steps,
  seed: 0,
};
const fader = { site: "attn_out", layer: 1, position: 19 } as const;

const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find(existsSync);
if (executablePath === undefined) throw new Error("There is no Chromium here.");
const folder = fileURLToPath(new URL("../dist-playground", import.meta.url));

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const threaded = await measurePage(true);
const single = await measurePage(false);
await browser.close();
const node = await measureNode();

const row = (name: string, values: readonly number[]) =>
  `${name.padEnd(28)}${values.map((value) => value.toFixed(0).padStart(12)).join("")}`;
const columns = ["page", "1 thread", "Node"];
const table = [
  `Built-in model, Chromium ${browser.version().split(".")[0]}, ${availableParallelism()} cores, median of ${rounds}`,
  `${"".padEnd(28)}${columns.map((name) => name.padStart(12)).join("")}`,
  row("answers a second, dragging", [threaded.answers, single.answers, node.answers]),
  row("learning steps a second", [threaded.learning, single.learning, node.learning]),
  row("first answer, ms", [threaded.first, single.first]),
  row("first answer, 2nd visit, ms", [threaded.again, single.again]),
];
const text = `playground\n${table.join("\n")}\n`;
console.log(text);
if (!isQuick) await writeFileAtomic("bench/results/playground.txt", text);

interface Measured {
  answers: number;
  learning: number;
  first: number;
  again: number;
}

async function measurePage(isolation: boolean): Promise<Measured> {
  const server = await serve({ folder, port: 0, isolation });
  const all: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      // Its headers would isolate the second visit.
      serviceWorkers: isolation ? "allow" : "block",
    });
    await context.addInitScript(() => localStorage.setItem("fader-tour-seen", "yes"));
    const page = await context.newPage();
    const first = await openPage(page, server.url);
    if (isolation) await page.evaluate(async () => void (await navigator.serviceWorker.ready));
    const again = await openPage(page, server.url);
    all.push({ first, again, answers: await drag(page), learning: await learn(page) });
    await context.close();
  }
  await server.close();
  const middle = (key: keyof Measured) => median(all.map((one) => one[key]));
  return { answers: middle("answers"), learning: middle("learning"), first: middle("first"), again: middle("again") };
}

async function openPage(page: Page, url: string): Promise<number> {
  const start = performance.now();
  await page.goto(url);
  await page.waitForSelector("[data-answer]");
  return performance.now() - start;
}

/** Drags as fast as the browser takes movements; counts the answers that were shown. */
async function drag(page: Page): Promise<number> {
  const { site, layer, position } = fader;
  const box = (await page.locator(`[data-fader="${site}/${layer}/${position}"]`).boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.evaluate(() => {
    const count = { shown: 0 };
    Object.assign(globalThis, { count });
    const target = document.querySelector('[data-answer="correct"]')!;
    const watched = { attributes: true, attributeFilter: ["data-steered"] };
    new MutationObserver(() => count.shown++).observe(target, watched);
  });
  const shown = () => page.evaluate(() => (globalThis as unknown as { count: { shown: number } }).count.shown);
  await page.mouse.move(x, y);
  await page.mouse.down();
  const [before, start] = [await shown(), performance.now()];
  for (let i = 0; performance.now() - start < dragMs; i++) await page.mouse.move(x, y + 30 * Math.sin(i / 7));
  const rate = (1000 * ((await shown()) - before)) / (performance.now() - start);
  await page.mouse.up();
  return rate;
}

async function learn(page: Page): Promise<number> {
  await page.click("#tab-learn");
  await page.locator("details.more summary").click();
  await page.fill("#steps", String(steps));
  await page.locator("#steps").blur();
  await page.evaluate(() => {
    const seen: [number, number][] = [];
    Object.assign(globalThis, { seen });
    setInterval(() => {
      const bar = document.querySelector<HTMLProgressElement>("progress[aria-label=Steps]");
      if (bar && bar.value > 0 && bar.value !== seen.at(-1)?.[0]) seen.push([bar.value, performance.now()]);
    }, 5);
  });
  await page.getByRole("button", { name: "Learn", exact: true }).click();
  await page.waitForSelector(".outside table", { timeout: 120_000 });
  const seen = await page.evaluate(() => (globalThis as unknown as { seen: [number, number][] }).seen);
  const [first, last] = [seen[0]!, seen.at(-1)!];
  return (1000 * (last[0] - first[0])) / (last[1] - first[1]);
}

async function measureNode(): Promise<Pick<Measured, "answers" | "learning">> {
  const engine = createEngine();
  await engine.open({ kind: "built-in" });
  const [example] = await engine.examples({ kind: "ccc" });
  const { prompt, correct, wrong } = example!;
  const answers: number[] = [];
  const learned: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    let count = 0;
    for (; performance.now() - start < dragMs; count++) {
      const faders = [{ ...fader, alpha: Math.sin(count / 7) }];
      const request: SteerRequest = { prompt, edit: { faders, beta: 1 }, answers: { correct, wrong } };
      await engine.steer(request);
    }
    answers.push((1000 * count) / (performance.now() - start));
    const seen: [number, number][] = [];
    await engine.learn(learning, ({ step }) => seen.push([step, performance.now()]));
    const [first, last] = [seen[0]!, seen.at(-1)!];
    learned.push((1000 * (last[0] - first[0])) / (last[1] - first[1]));
  }
  console.error(`Node: ${engineInfo().threads} threads`);
  return { answers: median(answers), learning: median(learned) };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
