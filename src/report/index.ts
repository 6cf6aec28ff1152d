import { openCanvas } from "./canvas";
import { palettes } from "./colors";
import { checkReportData, type ReportData } from "./data";
import { faderMaps, vectorMaps } from "./maps";
import { page } from "./page";
import { curveSection, exampleSection, header, reproduceSection, tableSection } from "./sections";

export type { Curve, Example, ExampleRow, Place, ReportData } from "./data";
export type { AttentionReport, Dial, Inside, SweepReportData, TaskReport } from "./sweep-data";
export { type RenderedSweep, renderSweepReport } from "./sweep-report";

/** Renders a report as one self-contained HTML page without scripts; the same data gives the same text. */
export async function renderReport(data: ReportData): Promise<string> {
  checkReportData(data);
  const canvas = await openCanvas();
  const sections = [
    header(data),
    exampleSection(canvas, data.example),
    faderMaps(canvas, data),
    vectorMaps(canvas, data),
    tableSection(data),
    curveSection(canvas, data.curves),
    reproduceSection(data),
  ];
  const { title, reproduce } = data;
  return page({ title, version: reproduce.version, palette: palettes(canvas.plot), sections });
}
