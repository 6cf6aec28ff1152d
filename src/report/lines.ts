import { type Canvas, svgText } from "./canvas";
import { escapeHtml } from "./text";

/** One line of a chart; `low` and `high` make a band around it. */
export interface Series {
  name: string;
  color: string;
  /** Lines of one colour are told apart by it. */
  isDashed?: boolean;
  points: { x: number; value: number; low?: number; high?: number }[];
}

export interface Axes {
  x: { label: string; ticks: number[]; format: (x: number) => string };
  y: { label: string; format: (y: number) => string; domain?: [number, number] };
  /** Upright lines, such as β = ±1. */
  marks?: number[];
  /** What the chart shows, for those who cannot see it. */
  description: string;
}

/** Draws lines with their bands on shared axes. */
export function linesSvg({ plot, document }: Canvas, series: Series[], axes: Axes): string {
  const { x, y, marks = [], description } = axes;
  const chart = plot.plot({
    document,
    width: 640,
    height: 320,
    marginLeft: 58,
    marginRight: 24,
    marginTop: 28,
    marginBottom: 46,
    color: { type: "identity" },
    x: { axis: null, domain: [Math.min(...x.ticks), Math.max(...x.ticks)] },
    y: { axis: null, ...(y.domain ? { domain: y.domain } : { nice: true, zero: true }) },
    marks: [
      plot.gridY({ strokeOpacity: 0.12 }),
      plot.axisY({ tickFormat: (value: number) => y.format(value), tickSize: 0, label: y.label, labelArrow: "none" }),
      plot.axisX({ ticks: x.ticks, tickFormat: x.format, label: x.label, labelAnchor: "center", labelArrow: "none" }),
      plot.ruleY([0], { strokeOpacity: 0.4 }),
      plot.ruleX(marks, { strokeOpacity: 0.4, strokeDasharray: "2,4" }),
      ...series.flatMap(({ points, color, isDashed, name }) => {
        const banded = points.filter(({ low, high }) => low !== undefined && high !== undefined);
        return [
          plot.areaY(banded, { x: "x", y1: "low", y2: "high", fill: color, fillOpacity: 0.18 }),
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
            r: 2.5,
            title: (point) => `${name}, ${x.format(point.x)}: ${y.format(point.value)}`,
          }),
        ];
      }),
    ],
  });
  const ends = series.map(({ name, points }) => {
    const [first, last] = [points[0]!, points.at(-1)!];
    return `${name}: from ${y.format(first.value)} at ${x.format(first.x)} to ${y.format(last.value)} at ${x.format(last.x)}`;
  });
  return svgText(chart as Element, `${description} ${ends.join("; ")}.`);
}

/** What the lines of a chart are, below its heading. */
export function linesLegend(series: Pick<Series, "name" | "color" | "isDashed">[]): string {
  const items = series.map(
    ({ name, color, isDashed }) =>
      `<span><span style="color:${color}" aria-hidden="true">${isDashed ? "╌╌" : "━━"}</span> ${escapeHtml(name)}</span>`,
  );
  return `<div class="legend">${items.join("")}</div>`;
}
