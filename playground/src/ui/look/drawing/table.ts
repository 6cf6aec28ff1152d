import { inks, onWhite, textTint } from "../heat";
import type { Table, TableCell } from "../table";
import { short } from "../words";
import { escaped, type Heading, letterWidth, mono, page, tag, text, upright } from "./svg";

const size = 11;
const rowHeight = 22;
const groupHeight = 30;
const longest = 12;
const longestText = 10;

/** A table of places × tokens as a picture: the map or the lens. */
export function drawTable(heading: Heading, table: Table): string {
  const width = (label: string) => [...label].length * size * letterWidth;
  const labels = table.tokens.map((token) => short(token, longest));
  const texts = table.rows.flatMap(({ cells }) => cells.map((cell) => short(cell.text ?? "", longestText)));
  const isWorded = table.rows.some(({ cells }) => cells.some((cell) => cell.text !== undefined));
  const column = isWorded ? Math.max(30, ...texts.map(width)) + 10 : 24;
  const left = Math.max(...[table.corner, ...table.rows.map(({ name }) => name)].map(width)) + 14;
  const top = Math.max(...labels.map(width)) + 12;
  const groupWidth = Math.max(
    0,
    ...table.rows.map(({ group }) => (group ? `${group.name}  ${group.words}`.length * 7 : 0)),
  );
  const drawn: string[] = [text(0, top - 8, table.corner, { fill: inks.quiet, "font-size": size })];
  labels.forEach((label, at) => {
    drawn.push(upright(left + (at + 0.5) * column, top - 8, label, { "font-family": mono, "font-size": size }));
  });
  let y = top;
  for (const { name, group, cells } of table.rows) {
    if (group !== undefined) {
      drawn.push(text(0, y + groupHeight - 9, group.name, { "font-family": mono, "font-weight": 600 }));
      const after = group.name.length * 12 * letterWidth + 12;
      drawn.push(text(after, y + groupHeight - 9, group.words, { fill: inks.quiet, "font-size": size }));
      y += groupHeight;
    }
    drawn.push(
      text(0, y + rowHeight / 2, name, { dy: "0.35em", fill: inks.quiet, "font-family": mono, "font-size": size }),
    );
    for (const [at, cell] of cells.entries()) drawn.push(drawCell(cell, left + at * column, y, column, isWorded));
    y += rowHeight;
  }
  return page(heading, {
    width: Math.max(groupWidth, left + column * labels.length),
    height: y,
    markup: drawn.join(""),
  });
}

function drawCell(cell: TableCell, x: number, y: number, width: number, isWorded: boolean): string {
  const fill = cell.heat ? onWhite(cell.heat, isWorded ? textTint : 1) : inks.well;
  return tag(
    "g",
    {},
    tag("title", {}, escaped(cell.label)),
    tag("rect", { x: x + 1, y: y + 1, width: width - 2, height: rowHeight - 2, rx: 3, fill }),
    cell.text === undefined
      ? ""
      : text(x + width / 2, y + rowHeight / 2, short(cell.text, longestText), {
          dy: "0.35em",
          "text-anchor": "middle",
          "font-family": mono,
          "font-size": size,
          "font-weight": cell.isMarked ? 700 : undefined,
          fill: cell.isQuiet ? inks.quiet : undefined,
        }),
  );
}
