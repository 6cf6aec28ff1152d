import type { Interval } from "../steering";
import { type Canvas, svgText } from "./canvas";
import { seriesStyle } from "./curve";

/** One method at one setting. */
export interface ParetoPoint {
  method: string;
  /** The sites and the penalty. */
  setting: string;
  flips: Interval;
  cost: Interval;
  /** No other point beats it in both. */
  isOnFront: boolean;
}

/** How the cost is printed, and spread: `symlog` for counts, which run from 0 to thousands. */
export interface CostAxis {
  label: string;
  type: "linear" | "symlog";
  ticks?: number[];
  format: (value: number) => string;
}

/** Draws effectiveness against a cost, each point with its 95% intervals; points on the front are filled and joined. */
export function paretoSvg(
  { plot, document }: Canvas,
  points: ParetoPoint[],
  methods: string[],
  cost: CostAxis,
): string {
  const rows = points
    .map((point) => ({ ...point, ...seriesStyle(methods.indexOf(point.method)) }))
    .sort((a, b) => a.cost.value - b.cost.value);
  const largest = Math.max(cost.type === "symlog" ? 1 : 0, ...rows.map((row) => row.cost.high || row.cost.value));
  const front = rows.filter(({ isOnFront }) => isOnFront);
  const title = (row: (typeof rows)[number]) => pointTitle(row, cost);
  const chart = plot.plot({
    document,
    width: 640,
    height: 340,
    marginLeft: 58,
    marginRight: 28,
    marginTop: 28,
    marginBottom: 46,
    color: { type: "identity" },
    symbol: { type: "identity" },
    x: { type: cost.type, domain: [0, largest || 1], axis: null },
    y: { domain: [0, 1], axis: null },
    marks: [
      plot.gridY([0.25, 0.5, 0.75, 1], { strokeOpacity: 0.12 }),
      plot.axisY({
        ticks: [0, 0.25, 0.5, 0.75, 1],
        tickFormat: (d: number) => `${d * 100}%`,
        tickSize: 0,
        label: "prompts flipped",
        labelArrow: "none",
      }),
      plot.axisX({
        ...(cost.ticks && { ticks: cost.ticks.filter((tick) => tick <= largest) }),
        tickFormat: (value: number) => cost.format(value),
        label: `${cost.label} (less is better)`,
        labelAnchor: "center",
        labelArrow: "none",
      }),
      plot.ruleY([0], { strokeOpacity: 0.4 }),
      plot.line(front, {
        x: (row) => row.cost.value,
        y: (row) => row.flips.value,
        stroke: "currentColor",
        strokeOpacity: 0.4,
        curve: "step-after",
      }),
      plot.ruleX(rows, {
        x: (row) => row.cost.value,
        y1: (row) => row.flips.low,
        y2: (row) => row.flips.high,
        stroke: "color",
        strokeOpacity: 0.6,
      }),
      plot.ruleY(rows, {
        y: (row) => row.flips.value,
        x1: (row) => row.cost.low,
        x2: (row) => row.cost.high,
        stroke: "color",
        strokeOpacity: 0.6,
      }),
      plot.dot(rows, {
        x: (row) => row.cost.value,
        y: (row) => row.flips.value,
        symbol: "symbol",
        stroke: "color",
        strokeWidth: 1.5,
        fill: (row) => (row.isOnFront ? row.color : "var(--card)"),
        r: 5,
        title,
      }),
    ],
  });
  return svgText(chart as Element, `Prompts flipped by ${cost.label}. ${rows.map(title).join("; ")}.`);
}

function pointTitle({ method, setting, flips, cost, isOnFront }: ParetoPoint, { label, format }: CostAxis): string {
  const share = (value: number) => (value * 100).toFixed(0);
  return (
    `${method}, ${setting}: ${share(flips.value)}% [${share(flips.low)}, ${share(flips.high)}] at ` +
    `${label} ${format(cost.value)} [${format(cost.low)}, ${format(cost.high)}]${isOnFront ? ", on the front" : ""}`
  );
}
