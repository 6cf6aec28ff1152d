import type { Heat } from "./heat";
import { short } from "./words";

export interface TableCell {
  readonly heat?: Heat | undefined;
  readonly text?: string;
  /** Everything there is to say about it, in words. */
  readonly label: string;
  /** Set off from the others. */
  readonly isMarked?: boolean;
  readonly isQuiet?: boolean;
}

export interface TableRow {
  readonly key: string;
  readonly name: string;
  /** Heads this row and those after it. */
  readonly group?: { readonly name: string; readonly words: string } | undefined;
  readonly cells: readonly TableCell[];
}

/** Places by tokens: the map or the lens. */
export interface Table {
  /** Title of the drawing, on the page and in a saved picture. */
  readonly label: string;
  /** Stands above the names of the rows. */
  readonly corner: string;
  readonly tokens: readonly string[];
  readonly rows: readonly TableRow[];
}

/** Width of a letter of the typewriter face, in parts of its size. */
export const letterWidth = 0.61;
/** Size of the letters of a drawing, in pixels. */
export const letterSize = 12;
/** The most letters of a token that are drawn above a column, and in a cell. */
export const mostHeadLetters = 12;
export const mostCellLetters = 10;

/** Pixels that a text of the typewriter face takes. */
export function widthOf(text: string): number {
  return [...text].length * letterSize * letterWidth;
}

/** Positions and sizes in a drawing of a table, in pixels. */
export interface TableLayout {
  readonly width: number;
  readonly height: number;
  /** Where the first column begins, beside the names, and the first row, below the tokens. */
  readonly left: number;
  readonly top: number;
  readonly columns: readonly { readonly x: number; readonly width: number }[];
  /** The upper edge of each row. */
  readonly rows: readonly number[];
  readonly rowHeight: number;
}

const groupHeight = 34;

/** Lays out a table in `room` pixels: columns are as wide as their texts at least, and wider where there is room. */
export function layOut({ corner, tokens, rows }: Table, room: number, isForTouch: boolean): TableLayout {
  const hasTexts = rows.some(({ cells }) => cells.some(({ text }) => text !== undefined));
  const rowHeight = (hasTexts ? 36 : 24) + (isForTouch ? 6 : 0);
  const least = hasTexts ? 46 : isForTouch ? 32 : 24;
  const textOf = (cell: TableCell) => short(cell.text ?? "", mostCellLetters);
  const widths = tokens.map((_, at) => Math.max(least, ...rows.map(({ cells }) => widthOf(textOf(cells[at]!)) + 12)));
  const left = Math.ceil(Math.max(...[corner, ...rows.map(({ name }) => name)].map(widthOf)) + 12);
  const top = Math.ceil(Math.max(0, ...tokens.map((token) => widthOf(short(token, mostHeadLetters)))) + 10);
  const taken = widths.reduce((sum, width) => sum + width, left);
  const spare = Math.max(0, room - taken) / tokens.length;
  let x = left;
  const columns = widths.map((natural) => {
    const column = { x, width: natural + spare };
    x += column.width;
    return column;
  });
  let y = top;
  const tops = rows.map(({ group }) => {
    const own = y + (group === undefined ? 0 : groupHeight);
    y = own + rowHeight;
    return own;
  });
  return { width: Math.floor(x), height: y, left, top, columns, rows: tops, rowHeight };
}
