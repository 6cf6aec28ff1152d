import { type GPTConfig, type Interventions, reach } from "../../nn";
import { LearnedIntervention } from "./learned";

/** What β can turn: a learned intervention, or a map as it is at β = 1. */
export type Turnable = LearnedIntervention | Interventions;

/** The intervention map at β = 1. */
export function mapOf(turnable: Turnable): Interventions {
  return turnable instanceof LearnedIntervention ? turnable.at(1) : turnable;
}

/** The position of every place that is edited, negative ones from the end; `undefined` where it is every position. */
export function positionsOf(turnable: Turnable, config: GPTConfig): (number | undefined)[] {
  if (turnable instanceof LearnedIntervention) return turnable.activeLocations().map(({ position }) => position);
  return reach(turnable, config).flatMap(({ positions }): readonly (number | undefined)[] => positions ?? [undefined]);
}
