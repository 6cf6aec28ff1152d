import type { Interval } from "../../steering";
import { type Axis, type Canvas, frame } from "./frame";
import type { Style } from "./lines";

/** One point with its 95% intervals in both directions; those of the front are filled and joined. */
export interface Point {
  /** What it is, in words. */
  name: string;
  style: Style;
  x: Interval;
  y: Interval;
  isOnFront: boolean;
}

/** What `points` draws. */
export interface PointChart {
  points: readonly Point[];
  x: Axis & { format: (x: number) => string; label: string };
  y: Axis & { format: (y: number) => string };
  description: string;
}

/** Draws points with their intervals, and the line that joins those of the front. */
export function points(canvas: Canvas, { points: all, x, y, description }: PointChart): string {
  const { plot } = canvas;
  const rows = [...all].sort((a, b) => a.x.value - b.x.value);
  const show = ({ value, low, high }: Interval, { format }: { format: (value: number) => string }) =>
    `${format(value)} [${format(low)}, ${format(high)}]`;
  const say = (row: Point) =>
    `${row.name}: ${show(row.y, y)} at ${x.label} ${show(row.x, x)}${row.isOnFront ? ", on the front" : ""}`;
  const at = { x: (row: Point) => row.x.value, y: (row: Point) => row.y.value };
  const stroke = (row: Point) => row.style.color;
  return frame(canvas, { x, y, size: [554, 266], description: `${description} ${rows.map(say).join("; ")}.` }, [
    plot.ruleY([0], { strokeOpacity: 0.4 }),
    plot.line(
      rows.filter(({ isOnFront }) => isOnFront),
      { ...at, stroke: "currentColor", strokeOpacity: 0.4, curve: "step-after" },
    ),
    plot.ruleX(rows, { x: at.x, y1: (row) => row.y.low, y2: (row) => row.y.high, stroke, strokeOpacity: 0.6 }),
    plot.ruleY(rows, { y: at.y, x1: (row) => row.x.low, x2: (row) => row.x.high, stroke, strokeOpacity: 0.6 }),
    plot.dot(rows, {
      ...at,
      symbol: (row: Point) => row.style.symbol,
      stroke,
      strokeWidth: 1.5,
      fill: (row: Point) => (row.isOnFront ? row.style.color : "var(--card)"),
      r: 5,
      title: say,
    }),
  ]);
}
