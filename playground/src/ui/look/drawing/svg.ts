import { heatOf, inkOf, inks, type Scale, textTint } from "../../../view/heat";

type Attributes = Readonly<Record<string, string | number | undefined>>;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
/** What no XML document may hold, not even escaped. */
const forbidden = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** Text as it may stand between tags and in attributes. */
export function escaped(text: string): string {
  return text.replace(forbidden, "\u{FFFD}").replace(/[&<>"']/g, (letter) => entities[letter]!);
}

/** An element; its children are markup, and text among them is `escaped`. */
export function tag(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) =>
        ` ${key}="${escaped(typeof value === "number" ? String(Math.round(value * 100) / 100) : value!)}"`,
    )
    .join("");
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join("")}</${name}>`;
}

export function text(x: number, y: number, words: string, more: Attributes = {}): string {
  return tag("text", { x, y, ...more }, escaped(words));
}

/** Text that is read from below, ending at its place. */
export function upright(x: number, y: number, words: string, more: Attributes = {}): string {
  return tag("text", { transform: `translate(${x} ${y}) rotate(-90)`, dy: "0.35em", ...more }, escaped(words));
}

export const mono = "ui-monospace, Menlo, Consolas, monospace";
/** Width of a letter of the typewriter face, in parts of its size. */
export const letterWidth = 0.61;
const sans = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

export interface Heading {
  readonly title: string;
  /** Smaller, beneath it. */
  readonly lines: readonly string[];
  /** What the colours mean. */
  readonly scales?: readonly Scale[];
}

const margin = 24;
const titleHeight = 34;
const lineHeight = 18;
const sansWidth = 6.6;

/** A picture that stands by itself: a white page with a heading, and `body`, which is drawn from its own (0, 0). */
export function page(
  { title, lines, scales = [] }: Heading,
  body: { width: number; height: number; markup: string },
): string {
  const longest = Math.max(0, ...lines.map((line) => line.length * sansWidth), title.length * 10.5);
  const width = Math.ceil(Math.max(body.width, Math.min(longest, 760)) + 2 * margin);
  const wrapped = lines.flatMap((line) => wrap(line, Math.floor((width - 2 * margin) / sansWidth)));
  const under = margin + titleHeight + wrapped.length * lineHeight;
  const top = under + scales.length * lineHeight + 14;
  const height = Math.ceil(top + body.height + margin);
  const svg = tag(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-labelledby": "title",
      "font-family": sans,
      "font-size": 12,
      fill: inks.accent,
    },
    tag("title", { id: "title" }, escaped([title, ...lines].join(". "))),
    tag("rect", { width, height, fill: "#ffffff" }),
    text(margin, margin + 16, title, { "font-size": 20, "font-weight": 600 }),
    ...wrapped.map((line, i) => text(margin, margin + titleHeight + i * lineHeight + 8, line, { fill: inks.quiet })),
    ...scales.map((scale, i) => drawScale(scale, margin, under + i * lineHeight)),
    tag("g", { transform: `translate(${margin} ${top})` }, body.markup),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg}\n`;
}

function wrap(line: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of line.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const steps = 24;
const stepWidth = 4;

/** A strip of colours between the words for its ends. */
function drawScale({ from, to, above, below, isPale }: Scale, x: number, y: number): string {
  const start = x + from.length * sansWidth + 8;
  const strip = Array.from({ length: steps }, (_, i) => {
    const value = below ? (2 * i) / (steps - 1) - 1 : i / (steps - 1);
    const fill = inkOf(heatOf(value, 1, above, below), isPale ? textTint : 1);
    return tag("rect", { x: start + i * stepWidth, y: y - 1, width: stepWidth, height: 10, fill });
  });
  const words = { fill: inks.quiet, "font-size": 12 };
  return [text(x, y + 8, from, words), ...strip, text(start + steps * stepWidth + 8, y + 8, to, words)].join("");
}
