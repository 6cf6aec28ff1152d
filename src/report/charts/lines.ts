import type { Markish, SymbolType } from "@observablehq/plot";
import { escapeHtml } from "../text";
import { type Axis, type Canvas, frame } from "./frame";

/** How a series is told from the others: by colour, and without it by marker or dashes. */
export interface Style {
  name: string;
  color: string;
  symbol?: SymbolType;
  isDashed?: boolean;
  /** Stands for it in the legend; absent where its symbol or a dash does. */
  glyph?: string;
}

/** One line of a chart; `low` and `high` make a band around it. */
export interface Line extends Style {
  points: readonly { x: number; value: number; low?: number; high?: number }[];
}

const SYMBOLS = [
  ["circle", "●"],
  ["square", "■"],
  ["triangle", "▲"],
  ["diamond", "◆"],
] as const;
const GLYPHS: Partial<Record<SymbolType, string>> = Object.fromEntries(SYMBOLS);

/** The style of each of several series, in their order. */
export function stylesOf(names: readonly string[]): (Style & { symbol: SymbolType })[] {
  return names.map((name, i) => {
    const at = i % SYMBOLS.length;
    return { name, symbol: SYMBOLS[at]![0], color: `var(--c${at})` };
  });
}

/** What the lines or points of a chart are, for the place above it. */
export function legend(styles: readonly Style[], more = ""): string {
  const items = styles.map(
    ({ name, color, symbol, isDashed, glyph = symbol ? GLYPHS[symbol] : isDashed ? "╌╌" : "━━" }) => {
      return `<span><span style="color:${color}" aria-hidden="true">${glyph}</span> ${escapeHtml(name)}</span>`;
    },
  );
  return `<div class="legend">${items.join("")}${more && `<span>${escapeHtml(more)}</span>`}</div>`;
}

/** Draws lines with their bands on shared axes, whose `format` is needed; `upright` are faint lines, as at β = ±1. */
export function lines(canvas: Canvas, { series, x, y, upright = [], description }: LineChart): string {
  const { plot } = canvas;
  const say = ({ x: at, value, low, high }: Line["points"][number]) =>
    `${y.format(value)}${low === undefined || high === undefined ? "" : ` [${y.format(low)}, ${y.format(high)}]`} at ${x.format(at)}`;
  const drawn = series.flatMap(({ points, color, symbol, isDashed, name }): Markish[] => [
    plot.areaY(
      points.filter(({ low, high }) => low !== undefined && high !== undefined),
      { x: "x", y1: "low", y2: "high", fill: color, fillOpacity: 0.18 },
    ),
    plot.line(points, {
      x: "x",
      y: "value",
      stroke: color,
      strokeWidth: 2,
      ...(isDashed && { strokeDasharray: "5,4" }),
    }),
    plot.dot(points, {
      x: "x",
      y: "value",
      fill: color,
      symbol: symbol ?? "circle",
      r: symbol ? 4 : 2.5,
      title: (point) => `${name}: ${say(point)}`,
    }),
  ]);
  const told = series.map(({ name, points }) => {
    const some = points.length > SAID ? [points[0]!, points.at(-1)!] : points;
    return `${name}: ${some.map(say).join(", ")}`;
  });
  return frame(canvas, { x, y, size: [558, 246], description: `${description} ${told.join("; ")}.` }, [
    plot.ruleY([0], { strokeOpacity: 0.4 }),
    plot.ruleX([...upright], { strokeOpacity: 0.4, strokeDasharray: "2,4" }),
    ...drawn,
  ]);
}

/** Lines of more points are described by their ends. */
const SAID = 12;

/** What `lines` draws. */
export interface LineChart {
  series: readonly Line[];
  x: Axis & { format: (x: number) => string };
  y: Axis & { format: (y: number) => string };
  /** Faint upright lines, as at β = ±1. */
  upright?: readonly number[];
  description: string;
}
