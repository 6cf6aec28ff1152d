import { type Canvas, svgText } from "./canvas";
import { tokenLabel } from "./text";

/** One map of layers × tokens, or with one column for all tokens; `color` and `describe` are asked only about values that are not zero. */
export interface HeatMap {
  values: number[][];
  /** What the columns are called. */
  tokens: string[];
  /** Its one column stands for all tokens. */
  isForAll: boolean;
  color(value: number): string;
  describe(value: number): string;
  description: string;
}

const CELL_WIDTH = 30;
const LABEL_LENGTH = 14;
const CHAR_WIDTH = 7.3;
const LABEL_ANGLE = -52;

/** Draws a heat map with layer 0 at the bottom and one column per position; zero cells are dots, not colours. */
export function heatMapSvg({ plot, document }: Canvas, map: HeatMap): string {
  const layers = map.values.length;
  const cellHeight = layers <= 16 ? 24 : layers <= 32 ? 18 : 13;
  const labels = map.tokens.map((token) => tokenLabel(token, LABEL_LENGTH));
  const cells = map.values.flatMap((row, layer) => row.map((value, position) => ({ layer, position, value })));
  const tilt = (Math.abs(LABEL_ANGLE) * Math.PI) / 180;
  const longest = Math.max(1, ...labels.map((label) => Array.from(label).length)) * CHAR_WIDTH;
  const marginLeft = Math.max(46, ...overhang(labels, tilt));
  const marginBottom = Math.ceil(longest * Math.sin(tilt)) + 20;
  const tickEvery = layers <= 16 ? 1 : layers <= 32 ? 2 : 4;
  const levels = Array.from({ length: layers }, (_, layer) => layer);
  const chart = plot.plot({
    document,
    width: marginLeft + CELL_WIDTH * map.tokens.length + 12,
    height: cellHeight * layers + marginBottom + 8,
    marginLeft,
    marginRight: 12,
    marginTop: 8,
    marginBottom,
    padding: 0.08,
    color: { type: "identity" },
    x: { type: "band", domain: map.tokens.map((_, position) => position), axis: null },
    y: { type: "band", domain: [...levels].reverse(), axis: null },
    marks: [
      plot.axisY({
        label: "layer",
        labelAnchor: "center",
        labelArrow: "none",
        labelOffset: marginLeft - 4,
        ticks: levels.filter((layer) => layer % tickEvery === 0),
        tickSize: 0,
      }),
      plot.dot(
        cells.filter(({ value }) => value === 0),
        { x: "position", y: "layer", r: 1.6, fill: "currentColor", fillOpacity: 0.3, className: "zero" },
      ),
      plot.cell(
        cells.filter(({ value }) => value !== 0),
        {
          x: "position",
          y: "layer",
          fill: (cell) => map.color(cell.value),
          stroke: "currentColor",
          strokeOpacity: 0.25,
          rx: 3,
          title: (cell) =>
            `layer ${cell.layer}, ${placeOf(map, cell.position, LABEL_LENGTH)}: ${map.describe(cell.value)}`,
          className: "moved",
        },
      ),
      plot.text(labels, {
        x: (_, position) => position,
        text: (label) => label,
        frameAnchor: "bottom",
        textAnchor: "end",
        lineAnchor: "middle",
        rotate: LABEL_ANGLE,
        dy: 12,
        dx: 3,
        fill: "currentColor",
        title: (_, position) => placeOf(map, position),
        className: "tokens",
      }),
    ],
  });
  return svgText(chart as Element, map.description);
}

/** A column in words. */
export function placeOf({ tokens, isForAll }: Pick<HeatMap, "tokens" | "isForAll">, column: number, length?: number) {
  return isForAll ? tokens[column]! : `token ${column} “${tokenLabel(tokens[column]!, length)}”`;
}

/** How far each tilted label reaches to the left of the first column. */
function overhang(labels: string[], tilt: number): number[] {
  return labels.map((label, i) => Math.ceil(Array.from(label).length * CHAR_WIDTH * Math.cos(tilt) - i * CELL_WIDTH));
}
