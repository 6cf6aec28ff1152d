/** Characters that take two columns of a terminal, and those that take none. */
const wide = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;
const flat = /\p{M}/u;

/** Columns of a terminal that a text takes. */
export function widthOf(text: string): number {
  return [...text].reduce((sum, c) => sum + (wide.test(c) ? 2 : flat.test(c) ? 0 : 1), 0);
}

/** A text in at most `width` columns of a terminal, with `…` where it was cut. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let clipped = "";
  for (const c of text) {
    if (widthOf(clipped + c) > width - 1) break;
    clipped += c;
  }
  return `${clipped}…`;
}

/**
 * Rows of cells as lines of text, in columns that are as wide as their longest cell. `left`: the columns that are flush
 * left, default the first; the others are flush right. `gap`: spaces between columns. `ruled`: a line below the first row.
 */
export function textTable(
  rows: readonly (readonly string[])[],
  { left = [0], gap = 2, ruled = false }: { left?: readonly number[]; gap?: number; ruled?: boolean } = {},
): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => widthOf(row[column]!))));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => {
        const space = " ".repeat(widths[i]! - widthOf(cell));
        return left.includes(i) ? cell + space : space + cell;
      })
      .join(" ".repeat(gap))
      .trimEnd(),
  );
  return ruled ? [lines[0]!, "─".repeat(Math.max(...lines.map(widthOf))), ...lines.slice(1)] : lines;
}
