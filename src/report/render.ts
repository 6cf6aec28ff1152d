import { palettes } from "./charts/colors";
import { openCanvas } from "./charts/frame";
import { checkReportData, type ReportData, type TaskData } from "./data";
import { standalone } from "./export";
import { type Figure, type Sheet, slug } from "./html";
import { page } from "./page";
import { frontsSection, pruningSection } from "./sections/costs";
import { dialSection } from "./sections/dial";
import { exampleSection } from "./sections/example";
import { attentionSection, insideSection } from "./sections/inside";
import { faderMaps, vectorMaps } from "./sections/maps";
import { claimsSection, contents, failedSection, header, reproduceSection, tableSection } from "./sections/overview";
import { lightVariables } from "./style";
import { escapeHtml } from "./text";

/** A page, and its figures for files of their own. */
export interface RenderedReport {
  html: string;
  figures: Figure[];
}

/**
 * Renders a report as one HTML page without scripts that loads nothing, and each of its figures as SVG and CSV. The same
 * data gives the same text. What the data does not hold has no section.
 *
 * @throws ArgumentError for maps that do not fit the model or the prompt, and for values that are not finite.
 */
export async function renderReport(data: ReportData): Promise<RenderedReport> {
  checkReportData(data);
  const canvas = await openCanvas();
  const sheet: Sheet = { ...canvas, task: "", figures: [], contents: [] };
  const body = [
    claimsSection(sheet, data.claims),
    ...data.tasks.map((task) => taskArticle(sheet, task, data.claims.length > 0)),
    failedSection(sheet, data),
    reproduceSection(sheet, data),
  ];
  const palette = palettes(canvas.plot);
  const version = data.reproduce.versions.find(([name]) => name === "Fader")?.[1] ?? "";
  const html = page({ title: data.title, version, palette, sections: [header(data), contents(sheet), ...body] });
  const variables = lightVariables(palette);
  const figures = sheet.figures.map((drawn) => ({ ...drawn, svg: drawn.svg && standalone(drawn.svg, variables) }));
  return { html, figures };
}

function taskArticle(sheet: Sheet, task: TaskData, isClaimed: boolean): string {
  const id = slug(task.id);
  sheet.contents.push({ id, title: task.id, task: "" });
  const own = { ...sheet, task: id };
  const parts = [
    exampleSection(own, task),
    faderMaps(own, task),
    vectorMaps(own, task),
    frontsSection(own, task),
    dialSection(own, task),
    pruningSection(own, task),
    ...task.tables.map((table) => tableSection(own, table)),
    insideSection(own, task),
    attentionSection(own, task),
  ];
  const settings = isClaimed ? " at the settings that the claims are about" : "";
  return `<article aria-labelledby="${id}"><h2 id="${id}">${escapeHtml(task.id)}</h2>
<p>${escapeHtml(task.description)} ${escapeHtml(task.split)}. What shows one learned intervention is of seed
${task.seed}${settings}.</p>
${parts.filter((part) => part !== "").join("\n")}</article>`;
}
