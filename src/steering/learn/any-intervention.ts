import { describePositions, type GPTConfig, type Interventions } from "../../nn";
import { LearnedIntervention } from "./learned";

/** What β can turn: a learned intervention, or a map as it is at β = 1. */
export type AnyIntervention = LearnedIntervention | Interventions;

/** The intervention map at β = 1. */
export function mapOf(intervention: AnyIntervention): Interventions {
  return intervention instanceof LearnedIntervention ? intervention.at(1) : intervention;
}

/** The position of every place that is edited, negative ones from the end; `undefined` where it is every position. */
export function positionsOf(intervention: AnyIntervention, config: GPTConfig): (number | undefined)[] {
  if (intervention instanceof LearnedIntervention)
    return intervention.activeLocations().map(({ position }) => position);
  return describePositions(intervention, config).flatMap(
    ({ positions }): readonly (number | undefined)[] => positions ?? [undefined],
  );
}
