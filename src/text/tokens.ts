/** Characters that take two columns of a terminal, and those that take none. */
const wide = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;
const flat = /\p{M}/u;

function widthOf(text: string): number {
  return [...text].reduce((sum, c) => sum + (wide.test(c) ? 2 : flat.test(c) ? 0 : 1), 0);
}

/** A token as text to show: its spaces trimmed, line breaks and characters that steer a terminal visible. */
export function showToken(token: string): string {
  const text = token.trim() === "" ? token : token.trim();
  return text.replace(/\n/g, "↵").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "·");
}

/** The same in at most `width` columns of a terminal. */
export function clipToken(token: string, width: number): string {
  const text = showToken(token);
  if (widthOf(text) <= width) return text;
  let clipped = "";
  for (const c of text) {
    if (widthOf(clipped + c) > width - 1) break;
    clipped += c;
  }
  return `${clipped}…`;
}

/** Lines of cells as text: the first column flush left, the others right, two spaces between them. */
export function textTable(lines: readonly (readonly string[])[]): string[] {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => widthOf(line[column]!))));
  return lines.map((line) =>
    line
      .map((cell, i) => {
        const space = " ".repeat(widths[i]! - widthOf(cell));
        return i === 0 ? cell + space : space + cell;
      })
      .join("  ")
      .trimEnd(),
  );
}
