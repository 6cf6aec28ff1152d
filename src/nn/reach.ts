import type { GPTConfig } from "./config";
import { type Intervention, type Interventions, parametersOf } from "./interventions";
import { featureShape, pickLayer } from "./plan-shapes";
import { parsePlace } from "./sites";

/** How far one edit of an intervention map reaches. */
export interface Reach {
  /** The key of the map: a site or place. */
  key: string;
  kind: Intervention["kind"];
  /** The positions that it is tied to, negative ones from the end of the prompt; undefined for every position. */
  positions: readonly number[] | undefined;
  /** Whether it also edits the tokens that generation adds. */
  goesOn: boolean;
  /** The same in words. */
  words: string;
}

/**
 * What each edit does beyond the positions that it was made for. One that is tied to positions (it lists them, or its
 * tensor has a position axis) ends there; one without (numbers, `[layers]`, `[layers, d_model]`, `dynamic`, `ablate`)
 * edits every token that generation adds. Throws `SiteError` and `ShapeError` as `forward` does.
 */
export function reach(interventions: Interventions, config: GPTConfig): Reach[] {
  return Object.entries(interventions).flatMap(([key, value]) => {
    const edits = Array.isArray(value) ? (value as readonly Intervention[]) : [value as Intervention];
    return edits.map((edit) => {
      const positions = positionsOf(key, edit, config);
      const goesOn = positions === undefined;
      const words = goesOn
        ? "every position, generated tokens too"
        : `${describe(positions)}; generated tokens are not edited`;
      return { key, kind: edit.kind, positions, goesOn, words };
    });
  });
}

function positionsOf(key: string, edit: Intervention, config: GPTConfig): readonly number[] | undefined {
  if (Array.isArray(edit.positions)) return edit.positions as readonly number[];
  const at = parsePlace(key, config);
  const isHeads = at.site === "z";
  const layers = at.layer === undefined ? (edit.layers?.length ?? config.n_layers) : 1;
  for (const [name, { value, feature }] of Object.entries(parametersOf(edit))) {
    const features = featureShape(feature, edit, isHeads, config);
    const { part, byPosition } = pickLayer(`${key}.${name}`, value, features, edit, at, layers, 0, isHeads);
    if (byPosition && typeof part !== "number") return Array.from({ length: part.shape[0]! }, (_, i) => i);
  }
  return undefined;
}

/** `positions 0-11 and 15 of the prompt`, `the last token of the prompt`. */
function describe(positions: readonly number[]): string {
  if (positions.length === 1 && positions[0] === -1) return "the last token of the prompt";
  const sorted = [...positions].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const position of sorted) {
    const run = runs.at(-1);
    // A run does not go from the end of the prompt to its start.
    if (run !== undefined && position === run[1] + 1 && position !== 0) run[1] = position;
    else runs.push([position, position]);
  }
  const names = runs.map(([from, to]) => (from === to ? `${from}` : from < 0 ? `${from} to ${to}` : `${from}-${to}`));
  const list = names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0];
  const isFromEnd = sorted[0]! < 0;
  return `position${positions.length > 1 ? "s" : ""} ${list} of the prompt${isFromEnd ? " (negative ones from its end)" : ""}`;
}
