import { type Axis, type Canvas, frame } from "./frame";

/** Horizontal bars from 0: a row for each name, in it a bar of each series. */
export interface Bars {
  names: readonly string[];
  series: readonly {
    name: string;
    color: string;
    /** One for each row. */
    values: readonly number[];
  }[];
  /** Bars of a row lie below each other; otherwise on one line, where their signs must differ. */
  isStacked: boolean;
  x: Axis & { domain: readonly [number, number] };
  /** What stands at the end of a bar. */
  format: (value: number) => string;
  description: string;
}

/** Draws bars with their values at their ends. */
export function bars(canvas: Canvas, { names, series, isStacked, x, format, description }: Bars): string {
  const { plot } = canvas;
  const lanes = isStacked ? series.length : 1;
  const lane = isStacked ? 15 : 21;
  const rows = names.map((_, row) => row);
  const drawn = series.flatMap(({ name, color, values }, s) => {
    const bar = values.map((value, row) => ({ row, value, title: `${names[row]}, ${name}: ${format(value)}` }));
    const above = isStacked ? s * lane : 0;
    const end = (isLeft: boolean) =>
      plot.text(bar, {
        filter: ({ value }) => (value < 0 || Object.is(value, -0)) === isLeft,
        x: "value",
        y: "row",
        text: ({ value }) => format(value),
        fill: "currentColor",
        fontSize: isStacked ? 10 : 12,
        textAnchor: isLeft ? "end" : "start",
        dx: isLeft ? -5 : 5,
        dy: above - ((lanes - 1) * lane) / 2,
      });
    return [
      plot.barX(bar, {
        x: "value",
        y: "row",
        fill: color,
        rx: 2,
        insetTop: above,
        insetBottom: (lanes - 1) * lane - above,
        title: "title",
      }),
      end(true),
      end(false),
    ];
  });
  const band = lanes * lane;
  return frame(
    canvas,
    {
      x,
      y: { type: "band", domain: rows, format: (row) => names[row]!, padding: 7 / (band + 7) },
      size: [480, (band + 7) * names.length + 7],
      description,
    },
    [...drawn, plot.ruleX([0], { strokeOpacity: 0.6 })],
  );
}
