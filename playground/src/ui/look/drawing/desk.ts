import type { Site } from "fader";
import { keyOf, type Strip, type Strips, signed, sounding, soundingAlpha, travel } from "../../../desk/strip";
import { inks } from "../../../view/heat";
import { quoted, short } from "../../../view/words";
import { escaped, type Heading, letterWidth, mono, page, tag, text, upright } from "./svg";

const size = 11;
const column = 38;
const trackHeight = 84;
const rowHeight = trackHeight + 10;
/** From the middle of a track to the cap at its end. */
const way = 30;
const left = 44;

export interface DeskContent {
  readonly site: Site;
  readonly layers: number;
  readonly tokens: readonly string[];
  readonly strips: Strips;
}

/** The faders of one site as they stand: tracks with caps, and the number of those that are turned. */
export function drawDesk(heading: Heading, { site, layers, tokens, strips }: DeskContent): string {
  const labels = tokens.map((token) => short(token, 12));
  const top = Math.max(0, ...labels.map((label) => [...label].length)) * size * letterWidth + 12;
  const heard = new Set(sounding(strips).map(keyOf));
  const drawn = [text(0, top - 8, "layer", { fill: inks.quiet, "font-size": size })];
  labels.forEach((label, at) => {
    drawn.push(upright(left + (at + 0.5) * column, top - 8, label, { "font-family": mono, "font-size": size }));
  });
  for (let layer = 0; layer < layers; layer++) {
    const y = top + layer * rowHeight;
    drawn.push(text(0, y + trackHeight / 2, `${layer}`, { dy: "0.35em", fill: inks.quiet, "font-family": mono }));
    tokens.forEach((token, position) => {
      const key = keyOf({ site, layer, position });
      const name = `${site}, layer ${layer}, token ${position} ${quoted(token)}`;
      drawn.push(drawFader(strips[key], heard.has(key), name, left + position * column, y));
    });
  }
  return page(heading, {
    width: left + column * tokens.length,
    height: top + layers * rowHeight,
    markup: drawn.join(""),
  });
}

/** One that is not heard, because others are solo, is pale. */
function drawFader(strip: Strip | undefined, isHeard: boolean, name: string, x: number, y: number): string {
  const alpha = strip === undefined ? 0 : soundingAlpha(strip);
  const ink = alpha === 0 ? undefined : alpha > 0 ? inks.up : inks.down;
  const middle = y + trackHeight / 2;
  const at = middle - Math.max(-1, Math.min(1, alpha / travel)) * way;
  const center = x + column / 2;
  const number = alpha > 0 ? y + trackHeight - 6 : y + 13;
  return tag(
    "g",
    { opacity: ink === undefined || isHeard ? undefined : 0.4 },
    tag("title", {}, escaped(`${name}: ${signed(alpha)}`)),
    tag("rect", { x: x + 2, y, width: column - 4, height: trackHeight, rx: 6, fill: inks.well }),
    tag("rect", { x: center - 1, y: y + 8, width: 2, height: trackHeight - 16, rx: 1, fill: inks.line }),
    tag("rect", { x: x + 10, y: middle - 0.5, width: column - 20, height: 1, fill: inks.line }),
    ink === undefined
      ? ""
      : tag("rect", { x: center - 2, y: Math.min(at, middle), width: 4, height: Math.abs(at - middle), fill: ink }),
    tag("rect", {
      x: x + 8,
      y: at - 5.5,
      width: column - 16,
      height: 11,
      rx: 3.5,
      fill: ink ?? "#ffffff",
      stroke: ink ?? "#a49c8d",
    }),
    ink === undefined
      ? ""
      : text(center, number, signed(alpha), {
          "text-anchor": "middle",
          "font-size": 10,
          "font-family": mono,
          "font-weight": 600,
        }),
  );
}
