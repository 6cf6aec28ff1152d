import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { escapeHtml } from "../../src/report/text";

/** Where the browser is, if there is one. */
export const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

/** What a browser sees of a page. */
export interface Seen {
  innerWidth: number;
  scrollWidth: number;
  background: string;
  /** Width and height of every chart in pixels, and how much of it is drawn. */
  charts: { kind: string; width: number; height: number; shapes: number }[];
  tables: number;
  /** Elements that reach beyond the page, unless they lie in a box that scrolls. */
  overflowing: string[];
  /** Texts of charts that reach beyond their chart. */
  clipped: string[];
  loaded: number;
}

/** Measures from outside, so that the page itself stays as it is: its policy forbids scripts. */
const measure = `
addEventListener("load", () => {
  const frame = document.querySelector("iframe");
  const page = frame.contentDocument;
  const window_ = frame.contentWindow;
  const charts = [...page.querySelectorAll("figure[data-kind] svg")].map((svg) => {
    const { width, height } = svg.getBoundingClientRect();
    const kind = svg.closest("figure").dataset.kind;
    return { kind, width, height, shapes: svg.querySelectorAll("rect,path,circle,line,text").length };
  });
  const isBeyond = (inner, outer) =>
    inner.left < outer.left - 0.5 || inner.right > outer.right + 0.5 ||
    inner.top < outer.top - 0.5 || inner.bottom > outer.bottom + 0.5;
  const whole = { left: 0, top: -Infinity, right: page.documentElement.clientWidth, bottom: Infinity };
  const overflowing = [...page.body.querySelectorAll("*")]
    .filter((element) => !element.parentElement.closest(".scroll") && isBeyond(element.getBoundingClientRect(), whole))
    .map((element) => element.outerHTML.slice(0, 80));
  const clipped = [...page.querySelectorAll("svg text")]
    .filter((text) => isBeyond(text.getBoundingClientRect(), text.closest("svg").getBoundingClientRect()))
    .map((text) => text.closest("figure").dataset.kind + ": " + text.textContent.slice(0, 40));
  document.querySelector("pre").textContent = JSON.stringify({
    innerWidth: window_.innerWidth,
    scrollWidth: page.documentElement.scrollWidth,
    background: window_.getComputedStyle(page.body).backgroundColor,
    charts,
    tables: page.querySelectorAll("table").length,
    overflowing,
    clipped,
    loaded: window_.performance.getEntriesByType("resource").length,
  });
});`;

/** Opens a page in a frame of that width, narrower than a browser's window can be, and says what is there. */
export async function look(
  html: string,
  width: number,
  theme: "light" | "dark",
): Promise<Seen & { console: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), "fader-page-"));
  try {
    const file = join(folder, "page.html");
    const frame = `<iframe style="width:${width}px;height:900px;border:0" srcdoc="${escapeHtml(html)}"></iframe>`;
    await writeFile(file, `<!doctype html><meta charset="utf-8"><pre></pre>${frame}<script>${measure}</script>`);
    const { out, error } = await browse(folder, [
      `--blink-settings=preferredColorScheme=${theme === "dark" ? 0 : 1}`,
      "--virtual-time-budget=5000",
      "--enable-logging=stderr",
      "--dump-dom",
      `file://${file}`,
    ]);
    const [, text] = /<pre>([^<]*)<\/pre>/.exec(out) ?? [];
    if (!text) throw new Error(`the browser gave no page:\n${error.slice(-2000)}`);
    const console = error.split("\n").filter((line) => line.includes("CONSOLE"));
    return { ...(JSON.parse(text.replaceAll("&amp;", "&")) as Seen), console };
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** A picture of a page at a width that a window can have. */
export async function screenshot(html: string, width: number, path: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "fader-page-"));
  try {
    const file = join(folder, "page.html");
    await writeFile(file, html);
    await browse(folder, [`--window-size=${width},1600`, `--screenshot=${path}`, `file://${file}`]);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

function browse(folder: string, args: string[]): Promise<{ out: string; error: string }> {
  const own = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", `--user-data-dir=${folder}/profile`];
  return new Promise((resolve, reject) => {
    execFile(chromium!, [...own, ...args], { timeout: 90_000, maxBuffer: 1 << 28 }, (failure, out, error) => {
      if (failure) reject(failure);
      else resolve({ out, error });
    });
  });
}
