import type { Kind, Site } from "fader";
import type { TaskName } from "fader/steering";
import type { LearnRequest, TaskChoice } from "../protocol";
import { type ListError, parseList } from "./own-list";

/** The values of the form. */
export interface Settings {
  readonly task: TaskChoice["kind"];
  /** The list of one's own, as it is written. */
  readonly own: string;
  readonly method: Kind;
  readonly sites: readonly Site[];
  /** λ_F. */
  readonly faithfulness: number;
  /** λ_M as a multiple of the method's default: 2 to the power of half of this. */
  readonly minimalityStep: number;
  readonly steps: number;
  readonly seed: number;
}

export const defaults: Settings = {
  task: "ccc",
  own: "",
  method: "scalars",
  sites: ["attn_out", "mlp_out"],
  faithfulness: 0.5,
  minimalityStep: 0,
  steps: 200,
  seed: 0,
};

/** From a quarter of the default to four times as much. */
export const mostMinimalityStep = 4;
export const mostSteps = 5000;

/** The multiple itself, by two figures: 0.25, 0.35, 0.5, 0.71, 1, 1.4, 2, 2.8, 4. */
export function minimalityOf(step: number): number {
  return Number((2 ** (step / 2)).toPrecision(2));
}

/** The sites that are chosen and that this model has. */
export function sitesIn(settings: Settings, sites: readonly Site[]): Site[] {
  return sites.filter((site) => settings.sites.includes(site));
}

/** The request of a form, or the errors in it. `sites`: those of the model. */
export function requestOf(settings: Settings, sites: readonly Site[]): LearnRequest | ListError[] {
  const { method, faithfulness, minimalityStep, steps, seed } = settings;
  const list = settings.task === "own" ? parseList(settings.own) : undefined;
  const chosen = sitesIn(settings, sites);
  const errors: ListError[] = [...(list?.errors ?? [])];
  if (chosen.length === 0) errors.push({ problem: "No site is chosen: there is nothing to learn at." });
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= mostSteps)) {
    errors.push({ problem: `The steps are a whole number from 1 to ${mostSteps}.` });
  }
  if (!(Number.isInteger(seed) && seed >= 0)) errors.push({ problem: "The seed is a whole number, 0 or more." });
  if (errors.length > 0) return errors;
  const task: TaskChoice =
    list !== undefined ? { kind: "own", prompts: list.prompts } : { kind: settings.task as TaskName };
  return { task, method, sites: chosen, faithfulness, minimality: minimalityOf(minimalityStep), steps, seed };
}
