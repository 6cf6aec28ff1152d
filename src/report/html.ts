import type { Canvas } from "./charts/frame";
import { type CsvCell, csv } from "./export";
import { escapeHtml } from "./text";

/** A page while it is written. */
export interface Sheet extends Canvas {
  /** The task that is written about; it makes ids unique. Empty outside of tasks. */
  task: string;
  /** Every figure so far, and every table that has a file. */
  figures: Figure[];
  /** Headings so far. */
  contents: { id: string; title: string; task: string }[];
}

/** A figure of a page, for files of its own. */
export interface Figure {
  /** A file name without its ending, such as `ccc-qa-faders-attn_out`. */
  name: string;
  /** Empty for tables. */
  svg: string;
  csv: string;
}

/** A table cell: plain text, or HTML that is already escaped. */
export type Cell = string | { html: string };

/** What `table` needs. */
export interface TableParts {
  label: string;
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
  /** Indices of rows that start a new group. */
  groups?: readonly number[];
}

const NUMBER = /^[<>≈~]?\s*[+−-]?\s*[×x]?\s*[+−-]?\s*\d/;
const EMPTY = /^[—–-]?$/;

/** A block that scrolls sideways on its own, so that the page never does. */
function scroll(label: string, content: string): string {
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escapeHtml(label)}">${content}</div>`;
}

/** A table in its own scrolling block; the first column heads the rows, and columns of numbers stand on the right. */
export function table({ label, columns, rows, groups }: TableParts): string {
  const numeric = columns.map((_, i) => isNumeric(rows.map((row) => row[i] ?? "")));
  const attribute = (i: number) => (numeric[i] ? ' class="num"' : "");
  const head = columns.map((column, i) => `<th scope="col"${attribute(i)}>${escapeHtml(column)}</th>`).join("");
  const body = rows.map((row, r) => {
    const cells = row.map((cell, i) =>
      i === 0
        ? `<th scope="row" class="${numeric[0] ? "num" : "name"}">${cellHtml(cell)}</th>`
        : `<td${attribute(i)}>${cellHtml(cell)}</td>`,
    );
    return `<tr${groups?.includes(r) ? ' class="group"' : ""}>${cells.join("")}</tr>`;
  });
  return scroll(label, `<table><thead><tr>${head}</tr></thead><tbody>${body.join("\n")}</tbody></table>`);
}

function cellHtml(cell: Cell): string {
  if (typeof cell !== "string") return cell.html;
  const [, value, interval] = /^(.+) (\[.+\])$/.exec(cell) ?? [];
  if (value === undefined || interval === undefined) return escapeHtml(cell);
  // A narrow column breaks between both, and within neither.
  return `<span class="pair">${escapeHtml(value)}</span> <span class="pair">${escapeHtml(interval)}</span>`;
}

/** Every filled cell starts like a number. */
function isNumeric(cells: readonly Cell[]): boolean {
  const filled = cells.filter((cell) => typeof cell !== "string" || !EMPTY.test(cell.trim()));
  return filled.length > 0 && filled.every((cell) => typeof cell === "string" && NUMBER.test(cell.trim()));
}

/** What `figure` needs. */
export interface FigureParts {
  kind: string;
  name: string;
  caption: string;
  svg: string;
  /** Headings, then rows: the numbers that are drawn. */
  data: readonly (readonly CsvCell[])[];
}

/** A figure: a caption in bold and plain words, then a chart in its own scrolling block. The sheet keeps it. */
export function figure({ task, figures }: Sheet, { kind, name, caption, svg, data }: FigureParts): string {
  const wanted = slug(`${task}-${kind}-${name}`);
  const same = figures.filter((one) => one.name === wanted || one.name.startsWith(`${wanted}--`)).length;
  figures.push({ name: same === 0 ? wanted : `${wanted}--${same + 1}`, svg, csv: csv(data) });
  return `<figure data-kind="${escapeHtml(kind)}">
<figcaption><b>${escapeHtml(name)}</b> ${escapeHtml(caption)}</figcaption>
${scroll(`${name}, chart`, svg)}</figure>`;
}

/** A section with its heading, a level deeper within a task. The sheet lists it in the contents. */
export function section({ task, contents }: Sheet, id: string, title: string, content: string): string {
  const own = task === "" ? id : slug(`${task}-${id}`);
  const tag = task === "" ? "h2" : "h3";
  contents.push({ id: own, title, task });
  return `<section aria-labelledby="${own}"><${tag} id="${own}">${escapeHtml(title)}</${tag}>
${content}</section>`;
}

/** Letters and digits of a text, for ids and file names. */
export function slug(text: string): string {
  return text
    .replace(/Δ/g, "Delta")
    .replace(/β/g, "beta")
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .slice(0, 80);
}
