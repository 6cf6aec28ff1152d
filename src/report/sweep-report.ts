import { attentionSection } from "./attention";
import { type Drawn, openCanvas } from "./canvas";
import { palettes } from "./colors";
import { checkReportData } from "./data";
import { faderMaps, vectorMaps } from "./maps";
import { page } from "./page";
import { curveSection, exampleSection } from "./sections";
import { standalone } from "./standalone";
import { lightVariables } from "./style";
import type { SweepReportData, TaskReport } from "./sweep-data";
import {
  claimsSection,
  dialSection,
  failedSection,
  insideSection,
  paretoSection,
  sweepHeader,
  sweepReproduceSection,
} from "./sweep-sections";
import { baselinesSection, harmSection, settingsSection } from "./table-sections";
import { escapeHtml } from "./text";

/** A page and its figures, each for a file of its own. */
export interface RenderedSweep {
  html: string;
  /** `svg` is empty for tables. */
  figures: Drawn[];
}

/** Renders the report of a sweep as one self-contained HTML page without scripts; the same data gives the same text. */
export async function renderSweepReport(data: SweepReportData): Promise<RenderedSweep> {
  for (const task of data.tasks) checkReportData({ ...task, model: data.model });
  const canvas = await openCanvas();
  const palette = palettes(canvas.plot);
  const drawTask = (task: TaskReport) => {
    const own = { ...canvas, task: task.id };
    const parts = [
      exampleSection(own, task.example),
      task.faders.sites.length > 0 ? faderMaps(own, task) : "",
      task.vectors.sites.length > 0 ? vectorMaps(own, task) : "",
      paretoSection(own, task),
      dialSection(own, task),
      curveSection(own, task.curves),
      settingsSection(own, task),
      harmSection(own, task),
      baselinesSection(own, task),
      insideSection(own, task),
      attentionSection(own, task),
    ];
    return `<article aria-labelledby="${escapeHtml(task.id)}"><h2 id="${escapeHtml(task.id)}">${escapeHtml(task.id)}</h2>
<p>${escapeHtml(task.description)} ${escapeHtml(task.split)}. Example, maps, dial, baselines and the view inside are of seed
${task.seed} at the settings that the claims are about.</p>
${parts.filter((part) => part !== "").join("\n")}</article>`;
  };
  const sections = [
    sweepHeader(data),
    ...data.tasks.map(drawTask),
    claimsSection(data.claims),
    failedSection(data),
    sweepReproduceSection(data),
  ];
  const version = data.reproduce.versions.find(([name]) => name === "Fader")?.[1] ?? "";
  const html = page({ title: data.title, version, palette, sections });
  const variables = lightVariables(palette);
  const figures = canvas.figures.map((drawn) => ({ ...drawn, svg: drawn.svg && standalone(drawn.svg, variables) }));
  return { html, figures };
}
