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

/** A number with a true minus sign; `sign` also writes the plus. */
export function fixed(value: number, digits: number, sign = false): string {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return value === 0 ? "0" : `${value < 0 ? "−" : sign ? "+" : ""}${text}`;
  return `${value < 0 ? "−" : sign ? "+" : ""}${text}`;
}

/** Three significant digits, without an exponent for everyday sizes. */
export function significant(value: number): string {
  const text = String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}

/** A probability as a percentage; one too small to print is not printed as zero. */
export function percent(probability: number): string {
  const value = probability * 100;
  if (value > 0 && value < 0.1) return "<0.1%";
  if (value < 100 && value > 99.9) return ">99.9%";
  return `${value.toFixed(1)}%`;
}

/** A strength of intervention. */
export function beta(value: number): string {
  return `${value < 0 ? "−" : value > 0 ? "+" : ""}${Math.abs(value)}`;
}

/** A count with thousands separators. */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A parameter count in the usual short form, such as 124M. */
export function compact(value: number): string {
  return new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 }).format(value);
}

/** A running time in the two largest units that say something. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${significant(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.round((whole % 3600) / 60)} min`;
}
