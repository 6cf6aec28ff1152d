import { ArgumentError } from "../../autograd";
import type { GPTConfig } from "../config";
import type { Intervention, Interventions } from "./edits";
import { type ResolvedEdit, resolveEdits } from "./resolve";

/** Which positions one edit of an intervention map changes. */
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
 * Says of each edit whether it goes on beyond the positions that it was made for. One that is tied to positions (it lists
 * them, or its tensor has a position axis) ends there; one without (numbers, `[layers]`, `[layers, d_model]`, `dynamic`,
 * `ablate`) edits every token that generation adds.
 *
 * @throws ArgumentError, SiteError and ShapeError as `forward` does.
 */
export function describePositions(interventions: Interventions, config: GPTConfig): EditPositions[] {
  const edits = resolveEdits(interventions, config);
  // An entry of the map is one edit, in however many blocks.
  const entries = edits.filter(({ key, index }, i) => key !== edits[i - 1]?.key || index !== edits[i - 1]?.index);
  return entries.map((edit) => {
    const { key, kind, positions } = edit;
    return { key, kind, positions, goesOn: positions === undefined, words: inWords(edit) };
  });
}

/**
 * Refuses tensors whose position axis is longer than every prompt: what was learned for a token of a prompt would edit
 * whatever token is generated in its place. Listed positions may be those of tokens to come.
 *
 * @throws ArgumentError
 */
export function checkTied(interventions: Interventions, config: GPTConfig, longestPrompt: number): void {
  for (const { key, positions, areListed } of resolveEdits(interventions, config)) {
    if (positions === undefined || areListed || positions.length <= longestPrompt) continue;
    const has = `the longest prompt has ${longestPrompt} tokens`;
    throw new ArgumentError("generate", `"${key}" is tied to positions 0-${positions.length - 1} of a prompt, ${has}`, {
      hint: "To edit generated tokens, list the positions.",
    });
  }
}

function inWords({ positions, areListed }: ResolvedEdit): string {
  if (positions === undefined) return "every position, generated tokens too";
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
