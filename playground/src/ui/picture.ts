import { signed } from "../desk/strip";
import { download } from "../state/files";
import { readAttention, readLens } from "../state/looking";
import { complain, desk, edit, inside, model, result, tokens } from "../state/store";
import { percent, quoted } from "../view/words";

/** Saves the view that is shown as an SVG file, which needs nothing else to be seen. */
export async function savePicture(): Promise<void> {
  try {
    // The view as it is now, not as it was before the last movement.
    await { faders: undefined, map: undefined, lens: readLens, attention: readAttention }[inside.value]?.();
    await new Promise((drawn) => setTimeout(drawn));
    const svg = inLightTheme(() => pictureOf(document.getElementById("inside-panel")!));
    download(`fader-${inside.value}.svg`, new Blob([svg], { type: "image/svg+xml" }));
  } catch (error) {
    complain(error);
  }
}

/** Pictures are for white pages, whatever the theme of this one. */
function inLightTheme<T>(draw: () => T): T {
  const { dataset } = document.documentElement;
  const { theme } = dataset;
  dataset.theme = "light";
  try {
    return draw();
  } finally {
    if (theme === undefined) delete dataset.theme;
    else dataset.theme = theme;
  }
}

const margin = 24;
const titleHeight = 34;
const lineHeight = 18;
/** About the width of a letter of the page's face, at the size of the lines and of the title. */
const letterWidth = 6.6;
const titleLetterWidth = 10.5;
const widestHeading = 760;
const namespace = "http://www.w3.org/2000/svg";
/** Characters that no XML document may hold, not even escaped. */
const forbidden = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** The drawings in an element, one below the other under a heading, with the style of each shape as its attributes. */
function pictureOf(panel: HTMLElement): string {
  const drawings = [...panel.querySelectorAll<SVGSVGElement>("svg.drawing")];
  const title = drawings.find((drawing) => !drawing.matches(".legend"))?.getAttribute("aria-label");
  if (title == null || tokens.value.length === 0) {
    const reason = desk.value.prompt === "" ? "the prompt is empty" : "the model cannot read this prompt now";
    throw new Error(`There is nothing to draw: ${reason}.`);
  }
  const captions = [...panel.querySelectorAll("[data-caption]")].map(({ textContent }) => textContent ?? "");
  const lines = [...headingLines(), ...captions];
  const widest = Math.max(title.length * titleLetterWidth, ...lines.map((line) => line.length * letterWidth));
  const sizes = drawings.map(({ width, height }) => [width.baseVal.value, height.baseVal.value] as const);
  const inner = Math.max(Math.min(widestHeading, widest), ...sizes.map(([width]) => width));
  const wrapped = lines.flatMap((line) => wrap(line, Math.floor(inner / letterWidth)));
  const look = getComputedStyle(document.documentElement);
  const color = (name: string) => look.getPropertyValue(`--${name}`).trim();
  const parts: Element[] = [
    element("title", { id: "title" }, [title, ...lines].join(". ")),
    element("rect", { width: "100%", height: "100%", fill: "#ffffff" }),
    element("text", { x: margin, y: margin + 16, "font-size": 20, "font-weight": 600, fill: color("ink") }, title),
  ];
  let y = margin + titleHeight;
  for (const line of wrapped) {
    parts.push(element("text", { x: margin, y: y + 8, "font-size": 12, fill: color("quiet") }, line));
    y += lineHeight;
  }
  drawings.forEach((drawing, i) => {
    const copy = styled(drawing)!;
    copy.setAttribute("x", String(margin));
    copy.setAttribute("y", String(y + 6));
    parts.push(copy);
    y += sizes[i]![1] + 12;
  });
  const [width, height] = [Math.ceil(inner + 2 * margin), Math.ceil(y + margin - 6)];
  const page = { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-labelledby": "title" };
  const svg = element("svg", { ...page, "font-family": look.fontFamily });
  svg.append(...parts);
  const markup = new XMLSerializer().serializeToString(svg).replace(forbidden, "\u{FFFD}");
  return `<?xml version="1.0" encoding="UTF-8"?>\n${markup}\n`;
}

/** Model, prompt, what is turned, and what came out. */
function headingLines(): string[] {
  const { prompt, carried } = desk.value;
  const { faders, beta } = edit.value;
  const turned = `${faders.length} ${faders.length === 1 ? "fader" : "faders"} turned`;
  const answers = result.value?.delta ? result.value.outcomes.slice(0, 2) : [];
  const changes = answers.map(({ text, clean, steered }) => `${quoted(text)} ${percent(clean)} → ${percent(steered)}`);
  const said = [model.value?.name, turned, carried?.method, `β ${signed(beta)}`, ...changes];
  return [quoted(prompt), said.filter(Boolean).join(" · ")];
}

function element(name: string, attributes: Record<string, string | number>, text = ""): Element {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = text;
  return made;
}

/** Style that a shape has from the page's style sheets. */
const properties = ["fill", "stroke", "stroke-width", "font-family", "font-size", "font-weight", "shape-rendering"];
/** Attributes that mean something on the page alone. */
const ofPage = /^(class|style|role|tabindex|aria-.*|data-.*)$/;

/** A copy that needs no style sheet; undefined for what only the page shows. `above`: the style of what it stands in. */
function styled(original: Element, above?: CSSStyleDeclaration): Element | undefined {
  if (original.matches(".on-page, .extent")) return undefined;
  const style = getComputedStyle(original);
  const copy = original.cloneNode(false) as Element;
  for (const { name } of [...copy.attributes]) if (ofPage.test(name)) copy.removeAttribute(name);
  for (const name of properties) {
    const value = style.getPropertyValue(name);
    if (value !== above?.getPropertyValue(name)) copy.setAttribute(name, value);
  }
  if (style.opacity !== "1") copy.setAttribute("opacity", style.opacity);
  const label = original.getAttribute("aria-label");
  if (label !== null && original.querySelector(":scope > title") === null) copy.append(element("title", {}, label));
  for (const child of original.childNodes) {
    const inner = child instanceof Element ? styled(child, style) : child.cloneNode();
    if (inner !== undefined) copy.append(inner);
  }
  return copy;
}

/** A line in pieces of at most so many letters, as far as its words allow. */
function wrap(line: string, most: number): string[] {
  const lines: string[] = [];
  for (const word of line.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
