import type { Plot } from "./colors";
import { escapeHtml } from "./text";

/** What a chart needs to draw itself outside a browser. */
export interface Canvas {
  plot: Plot;
  document: Document;
}

/** Loads the chart library and a DOM; both are large, so only a report pays for them. */
export async function openCanvas(): Promise<Canvas> {
  const [plot, { parseHTML }] = await Promise.all([import("@observablehq/plot"), import("linkedom")]);
  return { plot, document: parseHTML("<!doctype html><html><body></body></html>").document as unknown as Document };
}

/** Turns a finished plot into SVG text with a description for those who cannot see it. */
export function svgText(chart: Element, description: string): string {
  // Plot's own style shrinks a chart to its container; here it scrolls at its natural size.
  for (const style of Array.from(chart.querySelectorAll("style"))) style.remove();
  // Written here because linkedom leaves "&" and "<" in attributes as they are.
  return chart.outerHTML.replace("<svg", () => `<svg role="img" aria-label="${escapeHtml(description)}"`);
}
