import type { Plot } from "./colors";
import { escapeHtml } from "./text";

/** What a chart needs to draw itself outside a browser, and where on the page it is. */
export interface Canvas {
  plot: Plot;
  document: Document;
  /** The task that the charts are about, where a page has several: it makes ids unique. */
  task: string | undefined;
  /** Every figure that was drawn, in order. */
  figures: Drawn[];
}

/** A figure of a page, for files of its own. */
export interface Drawn {
  /** A file name without its ending, such as `ccc-qa-faders-attn_out`. */
  name: string;
  svg: string;
  csv: string;
}

/** Loads the chart library and a DOM; both are large, so only a report pays for them. */
export async function openCanvas(): Promise<Canvas> {
  const [plot, { parseHTML }] = await Promise.all([import("@observablehq/plot"), import("linkedom")]);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  return { plot, document: document as unknown as Document, task: undefined, figures: [] };
}

/** Turns a finished plot into SVG text with a description for those who cannot see it. */
export function svgText(chart: Element, description: string): string {
  // Plot's own style shrinks a chart to its container; here it scrolls at its natural size.
  for (const style of Array.from(chart.querySelectorAll("style"))) style.remove();
  // Written here because linkedom leaves "&" and "<" in attributes as they are.
  return chart.outerHTML.replace("<svg", () => `<svg role="img" aria-label="${escapeHtml(description)}"`);
}
