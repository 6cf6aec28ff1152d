import { type Canvas, svgText } from "./canvas";
import type { Curve } from "./data";
import { count } from "./text";

/** A marker and a colour per series; the marker tells them apart without the colour. */
const SERIES = [
  { symbol: "circle", glyph: "●" },
  { symbol: "square", glyph: "■" },
  { symbol: "triangle", glyph: "▲" },
  { symbol: "diamond", glyph: "◆" },
] as const;

/** How the series `i` is drawn. */
export function seriesStyle(i: number): { symbol: (typeof SERIES)[number]["symbol"]; glyph: string; color: string } {
  return { ...SERIES[i % SERIES.length]!, color: `var(--c${i % SERIES.length})` };
}

/** Draws the pruning curves: share of prompts flipped against locations kept. */
export function curveSvg({ plot, document }: Canvas, curves: Curve[]): string {
  const sorted = curves.map(({ name, points }) => ({ name, points: [...points].sort((a, b) => a.k - b.k) }));
  const largest = Math.max(1, ...sorted.flatMap(({ points }) => points.map(({ k }) => k)));
  const chart = plot.plot({
    document,
    width: 640,
    height: 320,
    marginLeft: 52,
    marginRight: 24,
    marginTop: 16,
    marginBottom: 46,
    color: { type: "identity" },
    symbol: { type: "identity" },
    // Counts run from 0 to thousands: symlog spreads the small ones and still has a place for 0.
    x: { type: "symlog", domain: [0, largest], axis: null },
    y: { domain: [0, 1], axis: null },
    marks: [
      plot.gridY([0.25, 0.5, 0.75, 1], { strokeOpacity: 0.12 }),
      plot.axisY({
        ticks: [0, 0.25, 0.5, 0.75, 1],
        tickFormat: (d: number) => `${d * 100}%`,
        tickSize: 0,
        label: null,
      }),
      plot.axisX({ ticks: ticksUpTo(largest), tickFormat: count, label: "locations kept", labelAnchor: "center" }),
      plot.ruleY([0], { strokeOpacity: 0.4 }),
      ...sorted.flatMap(({ points }, i) => {
        const { symbol, color } = seriesStyle(i);
        const banded = points.filter(({ low, high }) => low !== undefined && high !== undefined);
        return [
          plot.areaY(banded, { x: "k", y1: "low", y2: "high", fill: color, fillOpacity: 0.18 }),
          plot.line(points, { x: "k", y: "effectiveness", stroke: color, strokeWidth: 2 }),
          plot.dot(points, { x: "k", y: "effectiveness", fill: color, symbol, r: 4, title: pointTitle }),
        ];
      }),
    ],
  });
  const said = sorted.map(({ name, points }) => `${name}: ${points.map(pointTitle).join(", ")}`);
  return svgText(chart as Element, `Share of prompts flipped by locations kept. ${said.join("; ")}.`);
}

function pointTitle({ k, effectiveness, low, high }: Curve["points"][number]): string {
  const share = (value: number) => (value * 100).toFixed(1);
  const interval = low === undefined || high === undefined ? "" : ` [${share(low)}, ${share(high)}]`;
  return `${count(k)} kept: ${share(effectiveness)}%${interval}`;
}

/** 0, 1, 2, 5, 10, 20, …; only the powers of ten where more labels would touch. */
function ticksUpTo(largest: number): number[] {
  const ticks = [0];
  const digits = largest > 1000 ? [1] : [1, 2, 5];
  for (let power = 1; power <= largest; power *= 10) {
    for (const digit of digits) if (digit * power <= largest) ticks.push(digit * power);
  }
  return ticks;
}
