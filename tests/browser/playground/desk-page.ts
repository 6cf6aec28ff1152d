import { readFile } from "node:fs/promises";
import {
  type Intervention,
  type Interventions,
  interventionFromBytes,
  type LearnedIntervention,
  loadModel,
  type Model,
  scale,
  tensor,
} from "fader";
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { type Opened, type OpenOptions, open } from "./open";

/** The most that a probability in the page may differ from that in Node. */
const tolerance = 1e-4;
/** What an answer may take on a busy machine, in milliseconds. */
const patience = 15_000;

let builtIn: Promise<Model> | undefined;
/** The built-in model, here in Node. */
export function nodeModel(): Promise<Model> {
  builtIn ??= loadModel();
  return builtIn;
}

/** Opens the playground for somebody who has seen the tour, and waits for its first answer. */
export async function openDesk({ prepare, ...options }: OpenOptions = {}): Promise<Opened> {
  const opened = await open("playground", {
    ...options,
    prepare: async (page) => {
      await page.addInitScript(() => localStorage.setItem("fader-tour-seen", "yes"));
      await prepare?.(page);
    },
  });
  opened.page.setDefaultTimeout(patience);
  await opened.page.locator("[data-answer=correct]").waitFor();
  return opened;
}

export interface FaderSeen {
  site: string;
  layer: number;
  position: number;
  alpha: number;
}

/** A fader by its key, `site/layer/position`. */
export function faderAt(page: Page, key: string): Locator {
  return page.locator(`[data-fader="${key}"]`);
}

/** The faders of the site that is shown which stand away from rest and count. */
export function turnedFaders(page: Page): Promise<FaderSeen[]> {
  return page.locator(".fader:not(.resting)").evaluateAll((faders) =>
    faders
      .map((fader) => {
        const [site, layer, position] = (fader as HTMLElement).dataset.fader!.split("/");
        const alpha = Number(fader.getAttribute("aria-valuenow"));
        return { site: site!, layer: Number(layer), position: Number(position), alpha };
      })
      .filter(({ alpha }) => alpha !== 0),
  );
}

/** Those of several sites. Leaves the last one shown. */
export async function turnedAt(page: Page, sites: readonly string[]): Promise<FaderSeen[]> {
  const found: FaderSeen[] = [];
  for (const site of sites) {
    await page.locator(`.sites label:has(input[value="${site}"])`).click();
    found.push(...(await turnedFaders(page)));
  }
  return found;
}

/** Faders as the library takes them, for a prompt of `length` tokens. */
export function mapOf(faders: readonly FaderSeen[], layers: number, length: number): Interventions {
  const alphas: Record<string, number[][]> = {};
  for (const { site, layer, position, alpha } of faders) {
    alphas[site] ??= Array.from({ length: layers }, () => new Array<number>(length).fill(0));
    alphas[site][layer]![position] = alpha;
  }
  return Object.fromEntries(
    Object.entries(alphas).map(([site, alpha]) => [site, scale(tensor(alpha)) as Intervention]),
  );
}

export interface Probabilities {
  correct: number;
  wrong: number;
}

/** What Node computes for two answers. */
export function inNode(
  model: Model,
  { prompt, correct, wrong }: { prompt: string; correct: string; wrong: string },
  interventions: Interventions = {},
  beta = 1,
): Probabilities {
  const { logits } = model.forward(model.encode(prompt), { interventions, beta, positions: "last" });
  const values = [...logits.toTypedArray()];
  const most = Math.max(...values);
  const total = values.reduce((sum, value) => sum + Math.exp(value - most), 0);
  const of = (word: string) => Math.exp(values[model.needTokenizer("answers").single(` ${word}`)]! - most) / total;
  return { correct: of(correct), wrong: of(wrong) };
}

/** Prompt, answers and β as they stand in the fields of the page. */
export async function asked(page: Page) {
  const [prompt, correct, wrong] = await Promise.all(
    ["#prompt", "#answer-correct", "#answer-wrong"].map((field) => page.locator(field).inputValue()),
  );
  return { prompt: prompt!, correct: correct!, wrong: wrong!, beta: Number(await page.locator("#beta").inputValue()) };
}

/** The two probabilities that the page shows on one side. */
export async function shownOn(page: Page, side: "clean" | "steered"): Promise<Probabilities> {
  const of = async (name: string) => Number(await page.locator(`[data-answer=${name}]`).getAttribute(`data-${side}`));
  return { correct: await of("correct"), wrong: await of("wrong") };
}

/** Waits until the page shows what Node computes; says both numbers when it does not. */
export async function expectShown(page: Page, side: "clean" | "steered", expected: Probabilities): Promise<void> {
  const round = ({ correct, wrong }: Probabilities) => `${correct.toFixed(6)} ${wrong.toFixed(6)}`;
  const differs = async () => {
    const shown = await shownOn(page, side);
    const by = Math.max(Math.abs(shown.correct - expected.correct), Math.abs(shown.wrong - expected.wrong));
    return by <= tolerance ? "as in Node" : `the page shows ${round(shown)}, Node computes ${round(expected)}`;
  };
  await expect.poll(differs, { timeout: patience }).toBe("as in Node");
}

/**
 * Waits until both sides show what Node computes for the faders as they stand, read from what the page tells assistive
 * technology. With `keep` only the largest count. Resolves with the faders.
 */
export async function expectAsNode(page: Page, { keep = Number.POSITIVE_INFINITY, sites = [] as string[] } = {}) {
  const model = await nodeModel();
  const { beta, ...question } = await asked(page);
  const faders = sites.length > 0 ? await turnedAt(page, sites) : await turnedFaders(page);
  const heard = [...faders].sort((a, b) => Math.abs(b.alpha) - Math.abs(a.alpha)).slice(0, keep);
  const map = mapOf(heard, model.config.n_layers, model.encode(question.prompt).length);
  await expectShown(page, "clean", inNode(model, question));
  await expectShown(page, "steered", inNode(model, question, map, beta));
  return faders;
}

/** The same for an intervention that faders do not show. */
export async function expectLearned(page: Page, learned: LearnedIntervention): Promise<void> {
  const { beta, ...question } = await asked(page);
  await expectShown(page, "steered", inNode(await nodeModel(), question, learned.at(beta)));
}

/** What Export saves, and how Node reads it. */
export async function exported(page: Page): Promise<{ path: string; learned: LearnedIntervention }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Export" }).click(),
  ]);
  const path = await download.path();
  return { path, learned: interventionFromBytes(new Uint8Array(await readFile(path)), await nodeModel()) };
}

/** All faders to rest. */
export async function reset(page: Page): Promise<void> {
  const button = page.getByRole("button", { name: "Reset all" });
  if (await button.isEnabled()) await button.click();
}

/** Moves a range field as its user would. */
export async function slide(page: Page, field: string, value: number): Promise<void> {
  await page.locator(field).fill(String(value));
}

/** Waits until the tour's words can be seen whole. */
export async function expectTourInSight(page: Page): Promise<void> {
  const isInside = async () => {
    const box = (await page.locator(".tour").boundingBox())!;
    const { width, height } = page.viewportSize()!;
    const isWide = box.x >= 0 && box.x + box.width <= width;
    return isWide && box.y >= 0 && box.y + box.height <= height ? "in sight" : JSON.stringify(box);
  };
  await expect.poll(isInside).toBe("in sight");
}

/** The message that the page shows, with its hint. */
export function notice(page: Page): Locator {
  return page.locator(".notices .notice");
}

/** Gives a file to Import. */
export async function importFile(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  const file = { name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) };
  await page.getByLabel("Intervention file").setInputFiles(file);
}
