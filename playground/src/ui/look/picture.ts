import { signed } from "../../desk/strip";
import { download } from "../../state/files";
import {
  attention,
  head,
  lens,
  lensColor,
  lensSide,
  mapContent,
  query,
  readAttention,
  readLens,
} from "../../state/looking";
import {
  complain,
  desk,
  edit,
  type InsideView,
  inside,
  model,
  result,
  shownStrips,
  site,
  tokens,
} from "../../state/store";
import type { Scale } from "../../view/heat";
import { type LensSide, lensScale, lensTable } from "../../view/lens-table";
import { mapScales, mapTable } from "../../view/map-table";
import { percent, quoted } from "../../view/words";
import { drawHead } from "./drawing/attention";
import { drawDesk } from "./drawing/desk";
import type { Heading } from "./drawing/svg";
import { drawTable } from "./drawing/table";

/** Saves the view that is shown as an SVG file. */
export async function savePicture(): Promise<void> {
  try {
    const svg = await pictureOf(inside.value);
    download(`fader-${inside.value}.svg`, new Blob([svg], { type: "image/svg+xml" }));
  } catch (error) {
    complain(error);
  }
}

/**
 * An SVG file of what a view shows, which needs nothing else to be seen.
 *
 * @throws Error where there is nothing to draw: no model, no prompt, or one that the model cannot read.
 */
async function pictureOf(view: InsideView): Promise<string> {
  const opened = model.value;
  if (opened === undefined) throw new Error("There is nothing to draw yet: the model is being opened.");
  if (tokens.value.length === 0) throw new Error("There is nothing to draw: the prompt is empty.");
  return pictures[view]();
}

const pictures: Record<InsideView, () => string | Promise<string>> = {
  faders: () =>
    drawDesk(headingOf(`Faders at ${site.value}`), {
      site: site.value,
      layers: model.value!.n_layers,
      tokens: tokens.value.map(({ text }) => text),
      strips: shownStrips.value,
    }),
  map: () => {
    const content = mapContent.value!;
    return drawTable(headingOf("Faders of all sites", mapScales(content)), mapTable(content));
  },
  lens: async () => {
    const seen = await current(lens, readLens);
    const side = lensSide.value;
    const shown = [seen, side, lensColor.value, desk.value.answers] as const;
    return drawTable(
      headingOf(`What each layer would say: ${sideWords[side]}`, [lensScale(...shown)]),
      lensTable(...shown),
    );
  },
  attention: async () => {
    const { layer, tokens, clean, steered } = await current(attention, readAttention);
    const own = Math.min(head.value, clean.length - 1);
    return drawHead(headingOf(`Attention of layer ${layer}, head ${own}`), {
      tokens,
      query: Math.min(query.value ?? tokens.length - 1, tokens.length - 1),
      sides: [
        { name: "as it is", pattern: clean[own]! },
        { name: "with the faders", pattern: steered[own]! },
      ],
    });
  },
};

const sideWords: Record<LensSide, string> = {
  clean: "as it is",
  steered: "with the faders",
  difference: "what the faders change",
};

/** What is seen now, not what was seen before the last movement. */
async function current<T>(seen: { readonly value: T | undefined }, look: () => Promise<void>): Promise<T> {
  await look();
  if (seen.value === undefined) throw new Error("There is nothing to draw: the model cannot read this prompt now.");
  return seen.value;
}

/** What the picture is of: model, prompt, what is turned, and what came out. */
function headingOf(title: string, scales: readonly Scale[] = []): Heading {
  const { prompt, carried } = desk.value;
  const { faders, beta } = edit.value;
  const turned = [
    `${faders.length} ${faders.length === 1 ? "fader" : "faders"} turned`,
    carried?.method,
    `β ${signed(beta)}`,
  ];
  const [correct, wrong] = result.value?.delta ? result.value.outcomes : [];
  const change = (outcome: typeof correct) =>
    outcome && `${quoted(outcome.text)} ${percent(outcome.clean)} → ${percent(outcome.steered)}`;
  return {
    title,
    lines: [quoted(prompt), [model.value!.name, ...turned, change(correct), change(wrong)].filter(Boolean).join(" · ")],
    scales,
  };
}
