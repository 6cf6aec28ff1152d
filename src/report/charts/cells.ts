import { type Axis, type Canvas, frame } from "./frame";

/** One map of rows × columns, or several side by side on one scale. */
export interface Cells {
  panels: readonly { name: string; values: readonly (readonly number[])[] }[];
  /** Row 0 is at the top unless `isUpward`. */
  rows: { labels: readonly string[]; label?: string; isUpward?: boolean; isTokens?: boolean };
  columns: readonly string[];
  /** Pixels. */
  cell: readonly [width: number, height: number];
  /** The colour of a value; asked only about those that are drawn. */
  color: (value: number) => string;
  /** A cell in words. */
  describe: (row: number, column: number, value: number) => string;
  /** Values of a smaller size are left empty; without it, those that are exactly 0 are dots. */
  least?: number;
  description: string;
}

/** Draws values as coloured cells, with the tokens below them. */
export function cells(canvas: Canvas, map: Cells): string {
  const { plot } = canvas;
  const { panels, rows, columns, cell, least, description } = map;
  const all = panels.flatMap(({ name, values }) =>
    values.flatMap((line, row) => line.map((value, column) => ({ fx: name, row, column, value }))),
  );
  const isDrawn = ({ value }: { value: number }) => (least === undefined ? value !== 0 : Math.abs(value) >= least);
  const fx = panels.length > 1 ? { fx: "fx" } : {};
  const domain = rows.labels.map((_, row) => row);
  const y: Axis = {
    type: "band",
    domain: rows.isUpward ? domain.reverse() : domain,
    ticks: rows.labels.flatMap((label, row) => (label === "" ? [] : [row])),
    format: (row) => rows.labels[row]!,
    padding: 0.08,
    ...(rows.label && { label: rows.label }),
    ...(rows.isTokens && { isTokens: true }),
  };
  return frame(
    canvas,
    {
      x: {
        type: "band",
        domain: columns.map((_, column) => column),
        format: (column) => columns[column]!,
        padding: 0.08,
        isTokens: true,
      },
      y,
      size: [cell[0] * columns.length, cell[1] * rows.labels.length],
      ...(panels.length > 1 && { panels: panels.map(({ name }) => name) }),
      description,
    },
    [
      ...(panels.length > 1 ? [plot.frame({ strokeOpacity: 0.25 })] : []),
      ...(least === undefined
        ? [
            plot.dot(
              all.filter((one) => !isDrawn(one)),
              { ...fx, x: "column", y: "row", r: 1.6, fill: "currentColor", fillOpacity: 0.3, className: "zero" },
            ),
          ]
        : []),
      plot.cell(all.filter(isDrawn), {
        ...fx,
        x: "column",
        y: "row",
        fill: ({ value }) => map.color(value),
        stroke: "currentColor",
        strokeOpacity: 0.25,
        rx: 3,
        title: ({ row, column, value }) => map.describe(row, column, value),
        className: "moved",
      }),
    ],
  );
}
