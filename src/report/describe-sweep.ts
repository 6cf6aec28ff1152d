import type { Model } from "../nn";
import {
  type Cell,
  type Claim,
  type Comparison,
  type Grid,
  type LearnedIntervention,
  type MeasureName,
  type Summary,
  type SweepTrial,
  type TaskSummary,
  type TrialResult,
  trialId,
} from "../steering";
import { cellId, reference } from "../steering/sweep/trials";
import { taskOf } from "../steering/tasks/registry";
import type { FrontPoint, ReportData, TaskData } from "./data";
import { describeTask, type SeedRun } from "./describe-task";
import { baselinesTable, harmTable, settingsTable } from "./tables";

/** A finished sweep. */
export interface FinishedSweep {
  grid: Grid;
  results: readonly TrialResult[];
  summary: Summary;
  claims: readonly Claim[];
}

/** How a report gets what trials learned, by trial id, and whom it tells what it does. */
export interface ReportWork {
  learn: (trials: readonly SweepTrial[]) => Promise<ReadonlyMap<string, LearnedIntervention>>;
  onStep?: (what: string) => void;
}

/** Describes a sweep, with the interventions of a few seeds at the reference settings of its grid. */
export async function describeSweep(
  model: Model,
  { grid, results, summary, claims }: FinishedSweep,
  made: Pick<ReportData["reproduce"], "command" | "versions" | "figures">,
  { learn, onStep = () => {} }: ReportWork,
): Promise<ReportData> {
  const shown = summary.tasks.map((task) => shownTrials(grid, task, results));
  const learned = await learn(shown.flat(2));
  const tasks: TaskData[] = [];
  for (const [i, task] of summary.tasks.entries()) {
    const runs = shown[i]!.map((trials): SeedRun => {
      const seed = trials[0]!.seed;
      const own = trials.flatMap((trial) => {
        const one = learned.get(trialId(trial));
        return one ? [[trial.method, one] as const] : [];
      });
      return { seed, task: taskOf(model, task.task, seed), learned: Object.fromEntries(own) };
    });
    const seed = grid.seeds[0]!;
    const [first = { seed, task: taskOf(model, task.task, seed), learned: {} }, ...others] = runs;
    const harm = harmTable(task);
    tasks.push({
      ...describeTask(model, task.id, [first, ...others]),
      methods: grid.methods,
      fronts: {
        parameters: frontPoints(task.cells, task.pareto.parameters, "activeParameters"),
        klOthers: frontPoints(task.cells, task.pareto.klOthers, "klOthers"),
      },
      tables: [settingsTable(task), ...(harm ? [harm] : []), await baselinesTable(model, first, grid.steps, onStep)],
    });
  }
  return {
    title: "Activation scaling against steering vectors",
    question: `${question} And does what is learned on prompts of one length carry over to others?`,
    model: modelOf(model),
    tasks,
    claims,
    failed: summary.failed,
    reproduce: { ...made, seeds: grid.seeds },
  };
}

/** Describes what was learned with one seed on one task, beside a comparison of it. */
export function describeComparison(
  model: Model,
  run: SeedRun,
  comparison: Comparison,
  made: Omit<ReportData["reproduce"], "seeds">,
): ReportData {
  const table = {
    id: "comparison",
    title: "The methods compared",
    ...comparison.table(),
    note: `${comparison.prompts} held-out prompts; ${run.task.split}.`,
  };
  return {
    title: "Faders against vectors",
    question,
    model: modelOf(model),
    tasks: [{ ...describeTask(model, run.task.name, [run]), tables: [table] }],
    claims: [],
    failed: [],
    reproduce: { ...made, seeds: [run.seed] },
  };
}

const question =
  "Can a few multipliers on activations that are already inside the model decide which of two answers it gives, and " +
  "back, as well as learned vectors that are added to them?";

function modelOf(model: Model): ReportData["model"] {
  return { name: model.name, parameters: model.parameterCount, n_layers: model.config.n_layers };
}

/** Seeds that the pruning curves are means of, at most. */
const shownSeeds = 3;

/** The trials at the reference settings by seed: the seeds where most methods were learned, the first of these first. */
function shownTrials(grid: Grid, { task }: TaskSummary, results: readonly TrialResult[]): SweepTrial[][] {
  const at = { ...reference(grid), task, steps: grid.steps };
  const bySeed = grid.seeds.map((seed) =>
    grid.methods.flatMap((method) => {
      const id = cellId({ ...at, method });
      return results.filter(({ trial }) => trial.seed === seed && cellId(trial) === id).map(({ trial }) => trial);
    }),
  );
  const filled = bySeed.filter((trials) => trials.length > 0);
  return filled.sort((a, b) => b.length - a.length).slice(0, shownSeeds);
}

/** Cells where flips or the cost were not measured are left out. */
function frontPoints(cells: readonly Cell[], front: readonly string[], cost: MeasureName): FrontPoint[] {
  return cells
    .map(({ id, method, sites, weight, measures }) => ({
      method,
      setting: `${sites.join("+")}, λ ${weight}`,
      flips: measures.flips,
      cost: measures[cost],
      isOnFront: front.includes(id),
    }))
    .filter((point) => !Number.isNaN(point.flips.value + point.cost.value));
}
