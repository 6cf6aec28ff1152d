const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Escapes text for element content and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => ENTITIES[char]!);
}

/** Makes characters that would be invisible, or would reorder the text around them, visible. */
export function visible(text: string): string {
  return text
    .replace(/\r?\n/g, "↵")
    .replace(/\t/g, "⇥")
    .replace(/\p{Cc}/gu, (char) => (char < " " ? String.fromCodePoint(0x2400 + char.codePointAt(0)!) : hex(char)))
    .replace(/[\p{Cf}\u2028\u2029]/gu, (char) => (char === "\u200d" ? char : hex(char)));
}

function hex(char: string): string {
  return `U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** A token as a chart label: no leading space, never empty, shortened to `max` characters. */
export function tokenLabel(token: string, max = Number.POSITIVE_INFINITY): string {
  const shown = Array.from(
    visible(token.replace(/^ +(?=[^ ])/, "")).replace(/^ +$/, (spaces) => "␣".repeat(spaces.length)),
  );
  if (shown.length === 0) return "∅";
  return shown.length > max ? `${shown.slice(0, max - 1).join("")}…` : shown.join("");
}

/** A token as HTML, a leading space as a faint dot. */
export function tokenHtml(token: string, className = ""): string {
  const space = /^ +[^ ]/.test(token) ? '<span class="space" aria-hidden="true">·</span>' : "";
  return `<span class="${`token ${className}`.trim()}">${space}${escapeHtml(tokenLabel(token))}</span>`;
}
