import { ArgumentError } from "../../autograd";
import type { GPTConfig } from "../config";
import { type Intervention, type Interventions, parametersOf } from "./edits";
import { featureShape, pickLayer } from "./plan-shapes";
import { checkKind } from "./resolve";
import { parsePlace } from "./sites";

/** How far one edit of an intervention map reaches. */
export interface EditPositions {
  /** The key of the map: a site or place. */
  key: string;
  kind: Intervention["kind"];
  /** The positions that it is tied to, negative ones from the end of the prompt; undefined for every position. */
  positions: readonly number[] | undefined;
  /** Whether it goes on for every token that generation adds. */
  goesOn: boolean;
  /** The same in words. */
  words: string;
}

/**
 * What each edit does beyond the positions that it was made for. One that is tied to positions (it lists them, or its
 * tensor has a position axis) ends there; one without (numbers, `[layers]`, `[layers, d_model]`, `dynamic`, `ablate`)
 * edits every token that generation adds. Throws `ArgumentError`, `SiteError` and `ShapeError` as `forward` does.
 */
export function describePositions(interventions: Interventions, config: GPTConfig): EditPositions[] {
  return editsOf(interventions).map(({ key, edit }) => {
    const tied = positionsOf(key, edit, config);
    const words = tied === undefined ? "every position, generated tokens too" : describe(tied);
    return { key, kind: edit.kind, positions: tied?.positions, goesOn: tied === undefined, words };
  });
}

/**
 * Refuses tensors whose position axis is longer than every prompt: what was learned for a token of a prompt would edit
 * whatever token is generated in its place. Listed positions may be those of tokens to come.
 */
export function checkTied(interventions: Interventions, config: GPTConfig, longestPrompt: number): void {
  for (const { key, edit } of editsOf(interventions)) {
    const tied = positionsOf(key, edit, config);
    if (tied === undefined || tied.areListed || tied.positions.length <= longestPrompt) continue;
    const last = tied.positions.length - 1;
    const has = `the longest prompt has ${longestPrompt} tokens`;
    throw new ArgumentError("generate", `"${key}" is tied to positions 0-${last} of a prompt, ${has}`, {
      hint: "To edit generated tokens, list the positions.",
    });
  }
}

function editsOf(interventions: Interventions): { key: string; edit: Intervention }[] {
  return Object.entries(interventions).flatMap(([key, value]) => {
    const edits = Array.isArray(value) ? (value as readonly Intervention[]) : [value as Intervention];
    for (const edit of edits) checkKind(key, edit);
    return edits.map((edit) => ({ key, edit }));
  });
}

interface Tied {
  positions: readonly number[];
  /** By the user, not by the length of a tensor. */
  areListed: boolean;
}

function positionsOf(key: string, edit: Intervention, config: GPTConfig): Tied | undefined {
  const at = parsePlace(key, config);
  if (Array.isArray(edit.positions)) return { positions: edit.positions as readonly number[], areListed: true };
  const isHeads = at.site === "z";
  const layers = at.layer === undefined ? (edit.layers?.length ?? config.n_layers) : 1;
  for (const [name, { value, feature }] of Object.entries(parametersOf(edit))) {
    const features = featureShape(feature, edit, isHeads, config);
    const { part, byPosition } = pickLayer(`${key}.${name}`, value, features, edit, at, layers, 0, isHeads);
    if (!byPosition || typeof part === "number") continue;
    return { positions: Array.from({ length: part.shape[0]! }, (_, i) => i), areListed: false };
  }
  return undefined;
}

function describe({ positions, areListed }: Tied): string {
  const sorted = [...positions].sort((a, b) => a - b);
  const isOfPrompt = !areListed || sorted.at(-1)! < 0;
  const end = isOfPrompt ? "generated tokens are not edited" : "tokens after them are not edited";
  if (sorted.length === 1 && sorted[0] === -1) return `the last token of the prompt; ${end}`;
  const count = sorted.length > 1 ? "positions" : "position";
  const hasNegative = sorted[0]! < 0;
  const where = isOfPrompt
    ? ` of the prompt${hasNegative ? ", counted from its end" : ""}`
    : hasNegative
      ? " (negative ones from the end of the prompt)"
      : "";
  return `${count} ${ranges(sorted)}${where}; ${end}`;
}

/** `0-3, 5 and 7-8`, `-3 to -1`. */
function ranges(sorted: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const position of sorted) {
    const run = runs.at(-1);
    // A run does not go from the end of the prompt to its start.
    if (run !== undefined && position === run[1] + 1 && position !== 0) run[1] = position;
    else runs.push([position, position]);
  }
  const names = runs.map(([from, to]) => (from === to ? `${from}` : from < 0 ? `${from} to ${to}` : `${from}-${to}`));
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0]!;
}
