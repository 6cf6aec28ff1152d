import { mostRead, shadesOf } from "../../../view/attention";
import { inks } from "../../../view/heat";
import { quoted, short } from "../../../view/words";
import { type Heading, letterWidth, mono, page, tag, text, upright } from "./svg";

const cell = 15;
const size = 10;
const gap = 40;
const captionHeight = 48;

type Pattern = readonly (readonly number[])[];

export interface HeadContent {
  readonly tokens: readonly string[];
  /** What each side is called, and its `[queries][keys]`. */
  readonly sides: readonly { readonly name: string; readonly pattern: Pattern }[];
  /** The token whose reading is told. */
  readonly query: number;
}

/** One head before and after, side by side. */
export function drawHead(heading: Heading, { tokens, sides, query }: HeadContent): string {
  const labels = tokens.map((token) => short(token, 12));
  const room = Math.max(0, ...labels.map((label) => [...label].length)) * size * letterWidth + 10;
  const side = tokens.length * cell;
  const width = Math.max(room + side, 300);
  const head = captionHeight + room;
  const drawSide = ({ name, pattern }: HeadContent["sides"][number], index: number) => {
    const small = { "font-family": mono, "font-size": size, dy: "0.35em" };
    const place = (at: number) => (at + 0.5) * cell;
    return tag(
      "g",
      { transform: `translate(${index * (width + gap)} 0)` },
      text(0, 12, name, { "font-size": 13, "font-weight": 600 }),
      text(0, 30, `${quoted(tokens[query]!)} reads ${mostRead(pattern[query]!, tokens, 2)}`, {
        fill: inks.quiet,
        "font-size": 11,
      }),
      ...labels.map((label, at) =>
        text(room - 6, head + place(at), label, {
          ...small,
          "text-anchor": "end",
          "font-weight": at === query ? 700 : undefined,
        }),
      ),
      ...labels.map((label, at) => upright(room + place(at), head - 6, label, small)),
      tag("rect", { x: room, y: head, width: side, height: side, fill: inks.well }),
      tag(
        "g",
        { transform: `translate(${room} ${head}) scale(${cell})`, fill: inks.accent },
        ...shadesOf(pattern).map(({ path, opacity }) => tag("path", { d: path, "fill-opacity": opacity })),
      ),
      tag("rect", {
        x: room,
        y: head + query * cell,
        width: side,
        height: cell,
        fill: "none",
        stroke: inks.up,
        "stroke-width": 1.5,
      }),
    );
  };
  return page(heading, {
    width: sides.length * width + (sides.length - 1) * gap,
    height: head + side,
    markup: sides.map(drawSide).join(""),
  });
}
