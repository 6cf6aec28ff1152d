import { ArgumentError, NumericsError } from "../autograd";
import type { Model } from "../nn";
import type { ReportData } from "../report";
import {
  type BaselineName,
  baselines,
  columnOf,
  type Kind,
  type LearnedIntervention,
  measureHeldOut,
  type Task,
} from "../steering";
import { withInterval } from "../text/numbers";

const shown = (["flips", "flipsPlus", "flipsMinus", "klOthers", "activeParameters", "klOffTask"] as const).map(
  columnOf,
);

/** What was learned and every baseline on the same held-out prompts. A baseline that cannot be made says why. */
export async function baselinesTable(
  model: Model,
  task: Task,
  learned: Readonly<Partial<Record<Kind, LearnedIntervention>>>,
  { seed, steps }: { seed: number; steps: number },
  onStep: (what: string) => void,
): Promise<ReportData["table"]> {
  const measured = (name: string, one: LearnedIntervention) => {
    const measures = measureHeldOut(model, task, one, { seed });
    return [
      name,
      ...shown.map(({ name: measure, over, format }) =>
        over === "run" ? format.report(measures[measure].value) : withInterval(measures[measure], format.report),
      ),
    ];
  };
  const rows = Object.entries(learned).map(([name, one]) => measured(name, one));
  const failed: string[] = [];
  const { scalars, vectors } = learned;
  for (const name of Object.keys(baselines) as BaselineName[]) {
    onStep(`${task.name}: baseline ${name}`);
    try {
      const one = await baselines[name](model, task, { seed, scalars, vectors, learn: { steps } });
      rows.push(measured(name, one));
    } catch (error) {
      if (!(error instanceof ArgumentError || error instanceof NumericsError)) throw error;
      failed.push(` ${name} cannot be made here: ${error.problem}.`);
    }
  }
  return {
    columns: ["Intervention", ...shown.map(({ title }) => title)],
    rows,
    note:
      `Made from the training prompts of seed ${seed}, learners with at most ${steps} updates; measured on its ` +
      `${task.test.length} held-out prompts [95% interval, bootstrap of groups of prompts, off the task of texts]. ` +
      "–: no prompt that could be flipped." +
      failed.join(""),
  };
}
