import type { Palette } from "./charts/colors";
import { styleSheet } from "./style";
import { escapeHtml } from "./text";

/** Forbids scripts and every outside resource, should a text ever slip through unescaped. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** A whole page around its sections; empty ones are left out. */
export function page(parts: { title: string; version: string; palette: Palette; sections: string[] }): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="Fader ${escapeHtml(parts.version)}">
<title>${escapeHtml(parts.title)}</title>
<style>${styleSheet(parts.palette)}</style>
</head>
<body>
<main>
${parts.sections.filter((section) => section !== "").join("\n")}
</main>
</body>
</html>
`;
}
