import type { Canvas } from "./canvas";
import { divergingColor, gradient, STEPS, sequentialColor } from "./colors";
import type { CsvCell } from "./csv";
import type { ReportData } from "./data";
import { heatMapSvg, placeOf } from "./heatmap";
import { figure, section, table } from "./parts";
import { count, escapeHtml, fixed, significant, tokenHtml } from "./text";

/** What the maps are drawn from. */
export type MapsData = Pick<ReportData, "example" | "faders" | "vectors" | "places">;

const ZERO = '<span><span class="zero"></span>exactly 0</span>';

/** The number of values that are not zero, and of all values. */
export function moved(maps: number[][][]): { active: number; total: number } {
  const all = maps.flat(2);
  return { active: all.filter((value) => value !== 0).length, total: all.length };
}

function tally(map: number[][], verb: string): string {
  const { active, total } = moved([map]);
  return `${count(active)} ${verb}, ${count(total - active)} of ${count(total)} exactly 0.`;
}

function largestOf(maps: number[][][]): number {
  return maps.flat(2).reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
}

/** The heat maps of the learned scalars, on one colour scale for all sites. */
export function faderMaps(canvas: Canvas, data: MapsData): string {
  const maps = data.faders.sites.map(({ alpha }) => alpha);
  const largest = largestOf(maps);
  const { active, total } = moved(maps);
  const end = significant(largest);
  const figures = data.faders.sites.map(({ site, alpha }) => {
    const caption = tally(alpha, "moved");
    const columns = columnsOf(alpha, data);
    const svg = heatMapSvg(canvas, {
      values: alpha,
      ...columns,
      color: (value) => divergingColor(value, largest),
      describe: (value) => `α = ${fixed(value, 3, true)}`,
      description: `Faders at ${site} by layer and token. ${caption} ${extremes(alpha, columns)}`,
    });
    return figure(canvas, { kind: "faders", name: site, caption, svg, data: cellsOf(alpha, columns, "alpha") });
  });
  const half = (first: number) => `<i style="background:${gradient("d", first, first + STEPS)}"></i>`;
  const scale =
    `<span class="bar">−${end}${half(0)}0${half(STEPS)}+${end}</span>` +
    "<span>at β = +1, red is turned down and blue is turned up</span>";
  const content = `<p>One learned scalar α for ${placesOf(maps, data)}; the activation there is multiplied by 1 + β·α,
which reverses it where that is negative.
${count(active)} of ${count(total)} faders moved, the other ${count(total - active)} are exactly 0.
Layer 0 is at the bottom.</p>
<div class="legend">${largest > 0 ? scale : ""}${ZERO}</div>
${figures.join("\n")}${placesTable(canvas, data, active)}`;
  return section(canvas, "faders", "Where the faders moved", content);
}

/** The heat maps of the steering vectors' norms, on one colour scale for all sites. */
export function vectorMaps(canvas: Canvas, data: MapsData): string {
  const maps = data.vectors.sites.map(({ norm }) => norm);
  const largest = largestOf(maps);
  const figures = data.vectors.sites.map(({ site, norm }) => {
    const caption = tally(norm, "in use");
    const columns = columnsOf(norm, data);
    const svg = heatMapSvg(canvas, {
      values: norm,
      ...columns,
      color: (value) => sequentialColor(value, largest),
      describe: (value) => `norm ${significant(value)}`,
      description: `Norms at ${site} by layer and token. ${caption} ${extremes(norm, columns)}`,
    });
    return figure(canvas, { kind: "vectors", name: site, caption, svg, data: cellsOf(norm, columns, "norm") });
  });
  const bar = `<i style="background:${gradient("s", 0, STEPS)}"></i>`;
  const scale = `<span class="bar">0${bar}${significant(largest)}</span>`;
  const content = `<p>The length (L2 norm) of the vector added at ${placesOf(maps, data)}.</p>
<div class="legend">${largest > 0 ? scale : ""}${ZERO}</div>${figures.join("\n")}`;
  return section(canvas, "vectors", "Where the steering vectors act", content);
}

/** A line for each cell. */
function cellsOf(values: number[][], { tokens, isForAll }: Columns, name: string): CsvCell[][] {
  const rows = values.flatMap((row, layer) =>
    row.map((value, position) => [layer, isForAll ? undefined : position, tokens[position], value]),
  );
  return [["layer", "position", "token", name], ...rows];
}

/** The columns of a map: the tokens of the example, or all tokens at once. */
interface Columns {
  tokens: string[];
  isForAll: boolean;
}

function columnsOf(values: number[][], { example: { tokens } }: MapsData): Columns {
  const isForAll = values[0]?.length === 1 && tokens.length > 1;
  return { tokens: isForAll ? ["every token"] : tokens, isForAll };
}

function placesOf(maps: number[][][], data: MapsData): string {
  const isForAll = maps.length > 0 && maps.every((values) => columnsOf(values, data).isForAll);
  return isForAll ? "every site and layer, the same for all tokens" : "every site, layer and token";
}

/** Says in words where the largest value of a map is. */
function extremes(values: number[][], columns: Columns): string {
  let best = { size: 0, layer: 0, position: 0 };
  values.forEach((row, layer) => {
    row.forEach((value, position) => {
      if (Math.abs(value) > best.size) best = { size: Math.abs(value), layer, position };
    });
  });
  if (best.size === 0) return "Nothing moved.";
  return `Largest at layer ${best.layer}, ${placeOf(columns, best.position)}.`;
}

function placesTable({ task }: Canvas, data: MapsData, active: number): string {
  const tag = task === undefined ? "h3" : "h4";
  const title = `<${tag}>The places that moved</${tag}>`;
  if (data.places.length === 0) return `${title}<p>No fader moved.</p>`;
  const more = data.places.length < active ? ` The ${count(data.places.length)} largest of ${count(active)}.` : "";
  const rows = data.places.map((place) => [
    place.token === undefined
      ? "every token"
      : { html: `${tokenHtml(place.token)} <span class="soft">at ${place.position}</span>` },
    String(place.layer),
    { html: `<code>${escapeHtml(place.site)}</code>` },
    fixed(place.alpha, 3, true),
    `× ${fixed(1 + place.alpha, 2)}`,
    `× ${fixed(1 - place.alpha, 2)}`,
  ]);
  return `${title}
<p class="soft">Largest first.${more} The last two columns are what the activation is multiplied by.</p>
${table({
  label: "The places that moved",
  columns: ["Token", "Layer", "Site", "α", "β = +1", "β = −1"],
  rows,
  numeric: [false, true, false, true, true, true],
})}`;
}
