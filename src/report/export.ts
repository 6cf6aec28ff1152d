/** A field: text, a number, or nothing. */
export type CsvCell = string | number | undefined;

/** Rows as CSV (RFC 4180), lines ended by a line feed; numbers that are not finite are left empty. */
export function csv(rows: readonly (readonly CsvCell[])[]): string {
  return rows.map((row) => `${row.map(field).join(",")}\n`).join("");
}

function field(cell: CsvCell): string {
  if (cell === undefined) return "";
  if (typeof cell === "number") return Number.isFinite(cell) ? String(cell) : "";
  return /[",\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/**
 * A chart of a page as an SVG file of its own, on white: colours in place of CSS variables, which few programs besides
 * browsers read.
 */
export function standalone(svg: string, variables: ReadonlyMap<string, string>): string {
  const colored = svg.replace(/var\((--[\w-]+)\)/g, (whole, name) => variables.get(name) ?? whole);
  const own = `xmlns="http://www.w3.org/2000/svg" style="background:#fff;color:${variables.get("--ink") ?? "#000"}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${colored.replace(/ xmlns="[^"]*"/, "").replace("<svg", () => `<svg ${own}`)}\n`;
}
