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
