import type { Markish } from "@observablehq/plot";
import { escapeHtml } from "../text";
import type { Plot } from "./colors";

/** What draws a chart outside a browser. */
export interface Canvas {
  plot: Plot;
  document: Document;
}

/** One axis of a chart. */
export interface Axis {
  /** `symlog` is for counts: it spreads the small ones and has a place for 0. Default `linear`. */
  type?: "linear" | "symlog" | "band";
  domain?: readonly number[];
  label?: string;
  /** Where a label stands; the chart library chooses where this is absent. */
  ticks?: readonly number[];
  format?: (value: number) => string;
  /** Where faint lines cross the chart; those of a y axis of numbers are at its ticks where it is absent. */
  grid?: readonly number[];
  /** Share of a band that stays free. */
  padding?: number;
  /** Labels of tokens: in the typeface of code, and tilted below the chart. */
  isTokens?: boolean;
}

/** What stands around the marks of a chart. */
export interface Frame {
  x: Axis;
  y: Axis;
  /** Pixels inside the axes, of each panel. */
  size: readonly [width: number, height: number];
  /** Headings of panels side by side, which marks name as `fx`. */
  panels?: readonly string[];
  /** What the chart shows, for those who cannot see it. */
  description: string;
}

/** Loads the chart library and a DOM; both are large, so only a report pays for them. */
export async function openCanvas(): Promise<Canvas> {
  const [plot, { parseHTML }] = await Promise.all([import("@observablehq/plot"), import("linkedom")]);
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  return { plot, document: document as unknown as Document };
}

/** Pixels of a character of 12 px, somewhat more than most take. */
const CHARACTER = 7.3;
const TILT = 52;
const GAP = 8;

/** Pixels that the longest of some labels takes. */
export function widthOf(labels: readonly string[]): number {
  return Math.ceil(CHARACTER * Math.max(0, ...labels.map((label) => Array.from(label).length)));
}

/** Draws marks within axes, grid and margins that hold every label, as SVG text; colours and symbols are named as such. */
export function frame({ plot, document }: Canvas, around: Frame, marks: Markish[]): string {
  const { x, y, size, panels, description } = around;
  const [width, height] = size;
  const named = (axis: Axis) => (axis.ticks ?? axis.domain ?? []).map((value) => (axis.format ?? String)(value));
  const [columns, rows] = [named(x), named(y)];
  const angle = (TILT * Math.PI) / 180;
  const step = width / Math.max(1, columns.length);
  const overhang = columns.map((label, i) => widthOf([label]) * Math.cos(angle) - i * step);
  const left = Math.max(y.ticks || y.type === "band" ? widthOf(rows) + 16 : 0, 46, ...(x.isTokens ? overhang : []));
  const bottom = x.isTokens ? widthOf(columns) * Math.sin(angle) + 22 : x.label === undefined ? 28 : 46;
  const top = y.label === undefined && panels === undefined ? 12 : 30;
  const count = panels?.length ?? 1;
  const faint = { strokeOpacity: 0.12 };
  const chart = plot.plot({
    document,
    width: Math.ceil(left) + width * count + GAP * (count - 1) + 24,
    height: top + height + Math.ceil(bottom),
    marginLeft: Math.ceil(left),
    marginRight: 24,
    marginTop: top,
    marginBottom: Math.ceil(bottom),
    color: { type: "identity" },
    symbol: { type: "identity" },
    x: scale(x),
    y: scale(y),
    ...(panels && {
      fx: { domain: panels, axis: "top", label: null, padding: GAP / (width + GAP), paddingOuter: 0 },
    }),
    marks: [
      plot.gridX([...(x.grid ?? [])], faint),
      y.grid === undefined && y.type !== "band" ? plot.gridY(faint) : plot.gridY([...(y.grid ?? [])], faint),
      plot.axisY({ ...ticks(y), labelAnchor: "top", ...(y.isTokens && { className: "tokens" }) }),
      x.isTokens ? tokenAxis(plot, x, columns) : plot.axisX({ ...ticks(x), labelAnchor: "center" }),
      ...marks,
    ],
  });
  return svgText(chart as Element, description);
}

function scale({ type = "linear", domain, padding }: Axis) {
  const isOpen = type === "linear" && domain === undefined;
  return {
    type,
    axis: null,
    ...(isOpen ? { nice: true, zero: true } : { domain: domain && [...domain] }),
    ...(padding !== undefined && { padding }),
  };
}

function ticks({ ticks: at, format, label }: Axis) {
  return {
    ...(at && { ticks: [...at] }),
    ...(format && { tickFormat: (value: number) => format(value) }),
    tickSize: 0,
    label: label ?? null,
    labelArrow: "none" as const,
  };
}

function tokenAxis(plot: Plot, { domain = [], ticks: at = domain }: Axis, labels: readonly string[]): Markish {
  return plot.text(labels, {
    x: (_, i) => at[i],
    text: (label) => label,
    frameAnchor: "bottom",
    textAnchor: "end",
    lineAnchor: "middle",
    rotate: -TILT,
    dy: 12,
    dx: 3,
    fill: "currentColor",
    className: "tokens",
  });
}

function svgText(chart: Element, description: string): string {
  // Plot's own style shrinks a chart to its container; here it scrolls at its natural size.
  for (const style of Array.from(chart.querySelectorAll("style"))) style.remove();
  // Written here because linkedom leaves "&" and "<" in attributes as they are.
  return chart.outerHTML.replace("<svg", () => `<svg role="img" aria-label="${escapeHtml(description)}"`);
}
