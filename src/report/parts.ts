import type { Canvas } from "./canvas";
import { type CsvCell, csv } from "./csv";
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

/** What `figure` needs. `data`: headings, then rows: the numbers that are drawn. */
export interface FigureParts {
  kind: string;
  name: string;
  caption: string;
  svg: string;
  data: readonly (readonly CsvCell[])[];
}

/** A figure: a caption in bold and plain words, then a chart in its own scrolling block. Its canvas keeps it. */
export function figure({ task, figures }: Canvas, { kind, name, caption, svg, data }: FigureParts): string {
  const wanted = slug([...(task === undefined ? [] : [task]), kind, name].join("-"));
  const same = figures.filter((one) => one.name === wanted || one.name.startsWith(`${wanted}--`)).length;
  figures.push({ name: same === 0 ? wanted : `${wanted}--${same + 1}`, svg, csv: csv(data) });
  return `<figure data-kind="${escapeHtml(kind)}">
<figcaption><b>${escapeHtml(name)}</b> ${escapeHtml(caption)}</figcaption>
${scroll(`${name}, chart`, svg)}</figure>`;
}

/** A section with its heading; below the heading of its task, where the page has several. */
export function section({ task }: Pick<Canvas, "task">, id: string, title: string, content: string): string {
  const own = task === undefined ? id : slug(`${task}-${id}`);
  const tag = task === undefined ? "h2" : "h3";
  return `<section aria-labelledby="${own}"><${tag} id="${own}">${escapeHtml(title)}</${tag}>
${content}</section>`;
}

/** Letters and digits of a text, for ids and file names. */
function slug(text: string): string {
  return text
    .replace(/Δ/g, "Delta")
    .replace(/β/g, "beta")
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .slice(0, 80);
}
