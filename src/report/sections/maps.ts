import { count, fixed, significant } from "../../text/numbers";
import { cells } from "../charts/cells";
import { divergingColor, gradient, STEPS, sequentialColor } from "../charts/colors";
import type { SiteMap, TaskData } from "../data";
import { figure, type Sheet, section, table } from "../html";
import { escapeHtml, tokenHtml, tokenLabel } from "../text";

const LABEL_LENGTH = 14;

/** How the maps of faders and those of vectors differ. */
interface MapKind {
  kind: "faders" | "vectors";
  title: string;
  /** The heading of the values in the CSV. */
  column: string;
  intro: (places: string, tally: { active: number; total: number }) => string;
  /** Of values that are not zero. */
  verb: string;
  color: (value: number, largest: number) => string;
  describe: (value: number) => string;
  scale: (largest: string) => string;
}

const faders: MapKind = {
  kind: "faders",
  title: "Where the faders moved",
  column: "alpha",
  intro: (
    places,
    { active, total },
  ) => `One learned scalar α for ${places}; the activation there is multiplied by 1 + β·α,
which reverses it where that is negative.
${count(active)} of ${count(total)} faders moved, the other ${count(total - active)} are exactly 0.
Layer 0 is at the bottom.`,
  verb: "moved",
  color: divergingColor,
  describe: (value) => `α = ${fixed(value, 3, true)}`,
  scale: (
    largest,
  ) => `<span class="bar">−${largest}${bar("d", 0, STEPS)}0${bar("d", STEPS, 2 * STEPS)}+${largest}</span>
<span>at β = +1, red is turned down and blue is turned up</span>`,
};

const vectors: MapKind = {
  kind: "vectors",
  title: "Where the steering vectors act",
  column: "norm",
  intro: (places) => `The length (L2 norm) of the vector added at ${places}.`,
  verb: "in use",
  color: sequentialColor,
  describe: (value) => `norm ${significant(value)}`,
  scale: (largest) => `<span class="bar">0${bar("s", 0, STEPS)}${largest}</span>`,
};

/** The heat maps of the learned scalars, and a table of those that moved. */
export function faderMaps(sheet: Sheet, task: TaskData): string {
  return mapsSection(sheet, task, faders, task.faders, movedTable(task));
}

/** The heat maps of the steering vectors' norms. */
export function vectorMaps(sheet: Sheet, task: TaskData): string {
  return mapsSection(sheet, task, vectors, task.vectors, "");
}

/** The number of values that are not zero, and of all values. */
export function tallyOf(maps: readonly Pick<SiteMap, "values">[]): { active: number; total: number } {
  const all = maps.flatMap(({ values }) => values.flat());
  return { active: all.filter((value) => value !== 0).length, total: all.length };
}

/** One colour scale for all sites; nothing where there are none. */
function mapsSection(sheet: Sheet, task: TaskData, kind: MapKind, maps: readonly SiteMap[], after: string): string {
  if (maps.length === 0) return "";
  const largest = maps.flatMap(({ values }) => values.flat()).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const { tokens } = task.example;
  const isForAll = ({ values }: SiteMap) => values[0]!.length === 1 && tokens.length > 1;
  const figures = maps.map((map) => {
    const { site, values } = map;
    const columns = isForAll(map) ? ["every token"] : tokens;
    const say = (column: number) =>
      isForAll(map) ? "every token" : `token ${column} “${tokenLabel(tokens[column]!, LABEL_LENGTH)}”`;
    const { active, total } = tallyOf([map]);
    const caption = `${count(active)} ${kind.verb}, ${count(total - active)} of ${count(total)} exactly 0.`;
    const layers = values.length;
    const every = Math.ceil(layers / 16);
    const flat = values.flatMap((row, layer) => row.map((value, column) => ({ layer, column, value })));
    const most = flat.reduce((best, one) => (Math.abs(one.value) > Math.abs(best.value) ? one : best));
    const where = most.value === 0 ? "Nothing moved." : `Largest at layer ${most.layer}, ${say(most.column)}.`;
    return figure(sheet, {
      kind: kind.kind,
      name: site,
      caption,
      svg: cells(sheet, {
        panels: [{ name: site, values }],
        rows: {
          labels: values.map((_, layer) => (layer % every === 0 ? String(layer) : "")),
          label: "layer",
          isUpward: true,
        },
        columns: columns.map((token) => tokenLabel(token, LABEL_LENGTH)),
        cell: [30, layers <= 16 ? 24 : layers <= 32 ? 18 : 13],
        color: (value) => kind.color(value, largest),
        describe: (layer, column, value) => `layer ${layer}, ${say(column)}: ${kind.describe(value)}`,
        description: `The ${kind.kind} at ${site} by layer and token. ${caption} ${where}`,
      }),
      data: [
        ["layer", "position", "token", kind.column],
        ...flat.map(({ layer, column, value }) => [layer, isForAll(map) ? undefined : column, columns[column], value]),
      ],
    });
  });
  const places = maps.every(isForAll) ? "every site and layer, the same for all tokens" : "every site, layer and token";
  const scale = largest > 0 ? kind.scale(significant(largest)) : "";
  return section(
    sheet,
    kind.kind,
    kind.title,
    `<p>${kind.intro(places, tallyOf(maps))}</p>
<div class="legend">${scale}<span><span class="zero"></span>exactly 0</span></div>
${figures.join("\n")}${after}`,
  );
}

function bar(name: "d" | "s", first: number, last: number): string {
  return `<i style="background:${gradient(name, first, last)}"></i>`;
}

function movedTable({ moved, faders: maps }: TaskData): string {
  const title = "<h4>The places that moved</h4>";
  if (moved.length === 0) return `${title}<p>No fader moved.</p>`;
  const { active } = tallyOf(maps);
  const more = moved.length < active ? ` The ${count(moved.length)} largest of ${count(active)}.` : "";
  const rows = moved.map(({ token, position, layer, site, alpha }) => [
    token === undefined ? "every token" : { html: `${tokenHtml(token)} <span class="soft">at ${position}</span>` },
    String(layer),
    { html: `<code>${escapeHtml(site)}</code>` },
    fixed(alpha, 3, true),
    `× ${fixed(1 + alpha, 2)}`,
    `× ${fixed(1 - alpha, 2)}`,
  ]);
  return `${title}
<p class="soft">Largest first.${more} The last two columns are what the activation is multiplied by.</p>
${table({ label: "The places that moved", columns: ["Token", "Layer", "Site", "α", "β = +1", "β = −1"], rows })}`;
}
