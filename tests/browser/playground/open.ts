import { fileURLToPath } from "node:url";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium as driver,
  type Page,
} from "playwright-core";
import { type ServeOptions, serve } from "../../../playground/server/serve";
import { chromium } from "../chromium";
import { builtPage } from "./build";

export { chromium };

if (chromium === undefined) console.warn("No Chromium here: no page is opened.");

const pages = {
  playground: new URL("../../../playground", import.meta.url),
  /** The smallest page with an engine, to test what does not depend on what the playground shows. */
  probe: new URL("./probe", import.meta.url),
  /** Runs the conformance suite. */
  kernels: new URL("./kernels", import.meta.url),
};

/** What a first build may take on a busy machine, in milliseconds. */
export const buildTime = 120_000;

/** The folder of a built page. */
export const pageFolder = (name: keyof typeof pages): Promise<string> => builtPage(fileURLToPath(pages[name]));

/** A page in a browser, with the server that it came from. */
export interface Opened extends AsyncDisposable {
  page: Page;
  context: BrowserContext;
  url: string;
  /** Errors of the page and what it wrote as such on its console, as they come in. */
  errors: string[];
  stopServing(): Promise<void>;
}

let browser: Promise<Browser> | undefined;

/** Ends the browser. For `afterAll` of every file that opens a page. */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
}

export interface OpenOptions extends Partial<Omit<ServeOptions, "port">> {
  /** What follows the address. */
  search?: string;
  profile?: BrowserContextOptions;
  /** Called before the page is opened. */
  prepare?: (page: Page) => Promise<unknown>;
}

/** Serves a page on a free port and opens it in a fresh profile. With `folder`: another build than that of the sources. */
export async function open(
  name: keyof typeof pages,
  { folder, search = "", profile = {}, prepare, ...serving }: OpenOptions = {},
): Promise<Opened> {
  const server = await serve({ port: 0, ...serving, folder: folder ?? (await pageFolder(name)) });
  browser ??= driver.launch({ executablePath: chromium!, args: ["--no-sandbox", "--disable-gpu"] });
  const context = await (await browser).newContext(profile);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  let isServing = true;
  const stopServing = async () => {
    if (isServing) await server.close();
    isServing = false;
  };
  await prepare?.(page);
  await page.goto(`${server.url}${search}`);
  return {
    page,
    context,
    url: server.url,
    errors,
    stopServing,
    async [Symbol.asyncDispose]() {
      await context.close();
      await stopServing();
    },
  };
}

/** Waits until the page's files are kept for later openings. */
export async function whenKept(page: Page): Promise<void> {
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
}
