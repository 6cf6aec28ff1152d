import { openCanvas } from "./canvas";
import { palettes } from "./colors";
import { checkReportData, type ReportData } from "./data";
import { faderMaps, vectorMaps } from "./maps";
import { curveSection, exampleSection, header, reproduceSection, tableSection } from "./sections";
import { styleSheet } from "./style";
import { escapeHtml } from "./text";

export type { Curve, Example, ExampleRow, Place, ReportData } from "./data";

/** Forbids scripts and every outside resource, should a text ever slip through unescaped. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

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
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Fader ${escapeHtml(data.reproduce.version)}">
<title>${escapeHtml(data.title)}</title>
<style>${styleSheet(palettes(canvas.plot))}</style>
</head>
<body>
<main>
${sections.filter((section) => section !== "").join("\n")}
</main>
</body>
</html>
`;
}
