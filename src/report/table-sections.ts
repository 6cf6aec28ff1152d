import type { Canvas } from "./canvas";
import { csv } from "./csv";
import type { ReportData } from "./data";
import { section, table } from "./parts";
import type { TaskReport } from "./sweep-data";
import { escapeHtml } from "./text";

/** The table of all settings, with intervals. */
export function settingsSection(canvas: Canvas, task: TaskReport): string {
  return tableSection(canvas, "table", "All settings", task.table, 3);
}

/** What every setting does to texts that have nothing to do with the task. */
export function harmSection(canvas: Canvas, { harm }: TaskReport): string {
  return harm === undefined ? "" : tableSection(canvas, "harm", "Harm off the task", harm, 3);
}

/** What a user would try first, beside what was learned. */
export function baselinesSection(canvas: Canvas, { baselines }: TaskReport): string {
  return baselines === undefined ? "" : tableSection(canvas, "baselines", "Baselines", baselines, 1);
}

/** A note, then a table whose first columns are names; its CSV lies beside the figures. */
function tableSection(canvas: Canvas, id: string, title: string, parts: ReportData["table"], names: number): string {
  const { columns, rows, note } = parts;
  canvas.figures.push({ name: `${canvas.task}-${id}`, svg: "", csv: csv([columns, ...rows]) });
  const html = table({ label: title, columns, rows, numeric: columns.map((_, i) => i >= names) });
  return section(canvas, id, title, `${note === undefined ? "" : `<p class="soft">${escapeHtml(note)}</p>`}${html}`);
}
