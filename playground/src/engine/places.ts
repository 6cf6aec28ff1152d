import {
  describePositions,
  type Intervention,
  type Interventions,
  type LearnedIntervention,
  type Model,
  type PlaceStrength,
  type Site,
  type Tensor,
} from "fader";
import { parsePlace } from "fader/nn";
import type { FaderValue } from "../protocol";

/** What faders can show: scalars tied to positions, one for each site of width `d_model`. Empty for all else. */
export function fadersOf(learned: LearnedIntervention): FaderValue[] {
  const areFaders = learned.kind === "scalars" && learned.hasPositions && !learned.sites.includes("z");
  return areFaders
    ? learned.activeLocations().map(({ value: alpha, ...place }) => ({ ...place, alpha }) as FaderValue)
    : [];
}

/** Strengths of a map whose keys are places: the norm of its numbers at each position. */
export function placesOfMap(map: Interventions, model: Model): PlaceStrength[] {
  const found = Object.entries(map).flatMap(([key, value]) => {
    const { site, layer = 0 } = parsePlace(key, model.config);
    return ([value].flat() as Intervention[]).flatMap((edit) => {
      const [{ positions = undefined } = {}] = describePositions({ [key]: edit }, model.config);
      const norms = normsOf(edit, site, positions?.length ?? 1);
      return norms.map((value, i) => ({ site, layer, position: positions?.[i], value }));
    });
  });
  return found.filter(({ value }) => value !== 0).sort((a, b) => b.value - a.value);
}

/** The norm of an edit's numbers for each of its positions; 1 for those that are all or nothing. */
function normsOf(edit: Intervention, site: Site, positions: number): number[] {
  const features = (edit.kind === "scale" ? 0 : 1) + (site === "z" && edit.positions !== "all" ? 1 : 0);
  const parts = numbersOf(edit).map((x) => {
    if (typeof x === "number") return { values: [x], isByPosition: false };
    // At z a scalar for each position alone has no axis of heads.
    const isByPosition = x.rank > features || (edit.kind === "scale" && x.rank > 0 && edit.positions !== "all");
    return { values: [...x.toTypedArray()], isByPosition };
  });
  return Array.from({ length: positions }, (_, i) => {
    const own = parts.flatMap(({ values, isByPosition }) => {
      const size = values.length / positions;
      return isByPosition ? values.slice(i * size, (i + 1) * size) : values;
    });
    return Math.hypot(...own);
  });
}

function numbersOf(edit: Intervention): (Tensor | number)[] {
  switch (edit.kind) {
    case "scale":
      return [edit.alpha];
    case "add":
      return [edit.v];
    case "replace":
      return [edit.value];
    case "dynamic":
      return [edit.g, edit.b];
    default:
      return [1];
  }
}
