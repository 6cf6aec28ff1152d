import type { Interventions, LearnedIntervention, Model, PlaceStrength } from "fader";
import { type ResolvedEdit, resolveEdits } from "fader/nn";
import type { FaderValue } from "../protocol";

/** What faders can show: scalars tied to positions, one for each site of width `d_model`. Empty for all else. */
export function fadersOf(learned: LearnedIntervention): FaderValue[] {
  if (learned.kind !== "scalars" || learned.sites.includes("z")) return [];
  return learned.activeLocations().flatMap(({ value, position, ...place }) => {
    return position === undefined ? [] : [{ ...place, position, alpha: value }];
  });
}

/** Strengths of a map, the largest first: the norm of its numbers at each place. */
export function placesOfMap(map: Interventions, { config }: Model): PlaceStrength[] {
  const found = resolveEdits(map, config).flatMap((edit) =>
    (edit.positions ?? [undefined]).map((position, i) => ({ ...edit.place, position, value: normOf(edit, i) })),
  );
  return found.filter(({ value }) => value !== 0).sort((a, b) => b.value - a.value);
}

/** The norm of an edit's numbers at one of its positions; 1 for edits that are all or nothing. */
function normOf({ kind, values }: ResolvedEdit, position: number): number {
  if (kind === "ablate" || kind === "project") return 1;
  return Math.hypot(
    ...Object.values(values).flatMap((x) => {
      if (typeof x === "number") return x;
      const all = x.toTypedArray();
      const size = all.length / x.shape[0]!;
      return x.shape[0] === 1 ? [...all] : [...all.subarray(position * size, (position + 1) * size)];
    }),
  );
}
