import { escapeHtml } from "./text";

/** A table cell: plain text, or HTML that is already escaped. */
export type Cell = string | { html: string };

/** What `table` needs; numeric columns are found from the cells where `numeric` does not say. */
export interface TableParts {
  label: string;
  columns: string[];
  rows: Cell[][];
  numeric?: boolean[];
  /** Indices of rows that start a new group. */
  groups?: number[];
}

const NUMBER = /^[<>≈~]?\s*[+−-]?\s*[×x]?\s*\d/;
const EMPTY = /^[—–-]?$/;

/** A block that scrolls sideways on its own, so that the page never does. */
export function scroll(label: string, content: string): string {
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escapeHtml(label)}">${content}</div>`;
}

/** A table in its own scrolling block; the first column heads the rows. */
export function table(parts: TableParts): string {
  const numeric = parts.columns.map((_, i) => parts.numeric?.[i] ?? isNumeric(parts.rows.map((row) => row[i] ?? "")));
  const attribute = (i: number) => (numeric[i] ? ' class="num"' : "");
  const head = parts.columns.map((column, i) => `<th scope="col"${attribute(i)}>${escapeHtml(column)}</th>`).join("");
  const body = parts.rows.map((row, r) => {
    const cells = row.map((cell, i) =>
      i === 0
        ? `<th scope="row" class="${numeric[0] ? "num" : "name"}">${cellHtml(cell)}</th>`
        : `<td${attribute(i)}>${cellHtml(cell)}</td>`,
    );
    return `<tr${parts.groups?.includes(r) ? ' class="group"' : ""}>${cells.join("")}</tr>`;
  });
  return scroll(parts.label, `<table><thead><tr>${head}</tr></thead><tbody>${body.join("\n")}</tbody></table>`);
}

function cellHtml(cell: Cell): string {
  return typeof cell === "string" ? escapeHtml(cell) : cell.html;
}

/** Whether every filled cell starts like a number. */
function isNumeric(cells: Cell[]): boolean {
  const texts = cells.filter((cell): cell is string => typeof cell === "string" && !EMPTY.test(cell.trim()));
  return texts.length > 0 && texts.every((text) => NUMBER.test(text.trim()));
}

/** A figure: a caption in bold and plain words, then a chart in its own scrolling block. */
export function figure(kind: string, name: string, caption: string, svg: string): string {
  return `<figure data-kind="${escapeHtml(kind)}">
<figcaption><b>${escapeHtml(name)}</b> ${escapeHtml(caption)}</figcaption>
${scroll(`${name}, chart`, svg)}</figure>`;
}
