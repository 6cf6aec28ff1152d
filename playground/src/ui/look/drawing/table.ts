import { inkOf, inks, textTint } from "../../../view/heat";
import type { Table, TableCell } from "../../../view/table";
import { short } from "../../../view/words";
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
  const isWorded = table.rows.some(({ cells }) => cells.some((cell) => cell.text !== undefined));
  const widest = (column: number) =>
    Math.max(24, ...table.rows.map(({ cells }) => width(short(cells[column]!.text ?? "", longestText)))) + 10;
  const columns = labels.map((_, column) => (isWorded ? widest(column) : 24));
  const left = Math.max(...[table.corner, ...table.rows.map(({ name }) => name)].map(width)) + 14;
  const starts = columns.map((_, column) => columns.slice(0, column).reduce((sum, each) => sum + each, left));
  const top = Math.max(...labels.map(width)) + 12;
  const groupWidth = Math.max(
    0,
    ...table.rows.map(({ group }) => (group ? `${group.name}  ${group.words}`.length * 7 : 0)),
  );
  const drawn: string[] = [text(0, top - 8, table.corner, { fill: inks.quiet, "font-size": size })];
  labels.forEach((label, at) => {
    drawn.push(upright(starts[at]! + columns[at]! / 2, top - 8, label, { "font-family": mono, "font-size": size }));
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
    for (const [at, cell] of cells.entries()) drawn.push(drawCell(cell, starts[at]!, y, columns[at]!, isWorded));
    y += rowHeight;
  }
  return page(heading, {
    width: Math.max(
      groupWidth,
      columns.reduce((sum, each) => sum + each, left),
    ),
    height: y,
    markup: drawn.join(""),
  });
}

function drawCell(cell: TableCell, x: number, y: number, width: number, isWorded: boolean): string {
  const fill = inkOf(cell.heat, isWorded ? textTint : 1);
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
