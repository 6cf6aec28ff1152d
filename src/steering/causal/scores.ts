import { ArgumentError } from "../../autograd";
import type { Place, Site } from "../../nn";
import type { LearnedIntervention } from "../learn/learned";
import { PlaceMap } from "./place-map";

/**
 * How strongly a learned intervention uses each place: |α|, or ‖v‖ (at `z`, over all heads). A map of one row.
 * @throws ArgumentError for an intervention that is not tied to positions.
 */
export function placeScores(learned: LearnedIntervention): PlaceMap {
  if (learned.kind === "dynamic") {
    throw new ArgumentError("placeScores", "a dynamic intervention has no positions to compare", {
      hint: "Use learned scalars or vectors.",
    });
  }
  const sites = learned.sites;
  const [layers, positions] = Object.values(learned.parameters[sites[0]!]!)[0]!.shape as [number, number];
  const row = new Float64Array(sites.length * layers * positions);
  for (const { site, layer, position, value } of learned.activeLocations()) {
    row[(sites.indexOf(site) * layers + layer) * positions + position!] = Math.abs(value);
  }
  return new PlaceMap(sites, layers, positions, [row]);
}

/** The learned interventions of one name, one for each seed, as scores on the same places. */
export function scoresOf(
  name: string,
  list: readonly LearnedIntervention[],
  sites: readonly Site[],
  length: number,
): readonly (readonly number[])[] {
  if (list.length === 0) throw new ArgumentError("localisation", `"${name}" is an empty list`);
  return list.map((learned) => {
    const map = placeScores(learned);
    if (map.sites.length !== sites.length || map.sites.some((site) => !sites.includes(site))) {
      throw new ArgumentError("localisation", `"${name}" was learned at other sites`, {
        details: { sites: map.sites.join(", "), others: sites.join(", ") },
        hint: "Compare what was learned at the same sites.",
      });
    }
    if (map.positions !== length) {
      throw new ArgumentError(
        "localisation",
        `"${name}" was learned on ${map.positions} tokens, prompts have ${length}`,
      );
    }
    const values = map.absolute();
    return sites.flatMap((site) => values[site]!.flat());
  });
}

/**
 * Tells where an edit can change the last logits: in the last block, of the positions before the last only
 * what enters the block is still read.
 */
export function reachesAnswer({ site, layer, position }: Required<Place>, layers: number, positions: number): boolean {
  return layer < layers - 1 || position === positions - 1 || site === "resid_pre";
}
