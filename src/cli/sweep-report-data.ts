import type { Model } from "../nn";
import type { Curve, Dial, SweepReportData, TaskReport } from "../report";
import {
  betaDial,
  bootstrap,
  type Cell,
  type Claim,
  cellId,
  type DialPoint,
  type DialRow,
  type Grid,
  type Kind,
  type LearnedIntervention,
  type MeasureName,
  pruningBand,
  reference,
  type Summary,
  type SweepTrial,
  type Task,
  type TaskSummary,
  type TrialResult,
  taskOf,
  trialId,
} from "../steering";
import { exampleRow, faderSites, placesOf, vectorSites } from "./report-data";
import { baselinesTable } from "./sweep-baselines";
import { attentionOf, insideOf } from "./sweep-inside";
import { harmTable, settingsTable } from "./sweep-table";

/** The largest ones; the maps and their CSV files have all. */
const shownPlaces = 20;

/** A finished sweep. */
export interface FinishedSweep {
  grid: Grid;
  results: readonly TrialResult[];
  summary: Summary;
  claims: readonly Claim[];
}

/** How the report gets what trials learned, by trial id, and whom it tells what it does. */
export interface ReportWork {
  learn: (trials: readonly SweepTrial[]) => Promise<ReadonlyMap<string, LearnedIntervention>>;
  onStep?: (what: string) => void;
}

/** What the report of a sweep shows, with the interventions of a few seeds. */
export async function describeSweep(
  model: Model,
  { grid, results, summary, claims }: FinishedSweep,
  { command, versions }: Pick<SweepReportData["reproduce"], "command" | "versions">,
  { learn, onStep = () => {} }: ReportWork,
): Promise<SweepReportData> {
  const shown = summary.tasks.map((task) => shownTrials(grid, task, results));
  const learned = await learn(shown.flat(2));
  const tasks: TaskReport[] = [];
  for (const [i, task] of summary.tasks.entries()) {
    tasks.push(await describeTask(model, grid, task, runsOf(model, shown[i]!, learned), onStep));
  }
  return {
    title: "Activation scaling against steering vectors",
    question:
      "Can a few multipliers on activations that are already inside the model decide which of two answers it gives, and " +
      "back, as well as learned vectors that are added to them? And does what is learned on prompts of one length carry " +
      "over to others?",
    model: { name: model.name, parameters: model.parameterCount, n_layers: model.config.n_layers },
    tasks,
    claims,
    failed: summary.failed,
    reproduce: { command, seeds: grid.seeds, versions },
  };
}

/** What the methods learned with one seed, at the reference settings. */
interface SeedRun {
  seed: number;
  task: Task;
  learned: Partial<Record<Kind, LearnedIntervention>>;
}

function runsOf(
  model: Model,
  trials: readonly (readonly SweepTrial[])[],
  learned: ReadonlyMap<string, LearnedIntervention>,
): SeedRun[] {
  return trials.map((own) => {
    const { task, seed } = own[0]!;
    const entries = own.map((trial) => [trial.method, learned.get(trialId(trial))] as const);
    return {
      seed,
      task: taskOf(model, task, seed),
      learned: Object.fromEntries(entries.filter(([, one]) => one !== undefined)),
    };
  });
}

async function describeTask(
  model: Model,
  grid: Grid,
  summary: TaskSummary,
  runs: readonly SeedRun[],
  onStep: (what: string) => void,
): Promise<TaskReport> {
  const { seed, task, learned } = runs[0] ?? {
    seed: grid.seeds[0]!,
    task: taskOf(model, summary.task, grid.seeds[0]!),
    learned: {},
  };
  const prompt = task.test[0]!;
  const word = (id: number) => model.tokenizer?.token(id) ?? String(id);
  const tokens = prompt.ids.map(word);
  const all = Object.entries(learned);
  const { scalars, vectors } = learned;
  return {
    id: summary.id,
    description: task.description,
    split: task.split,
    seed,
    example: {
      prompt: prompt.text,
      tokens,
      correct: word(prompt.correct),
      wrong: word(prompt.wrong),
      rows: [
        exampleRow(model, prompt, undefined, "clean", null),
        ...all.flatMap(([name, own]) => [-1, 0, 1].map((beta) => exampleRow(model, prompt, own, name, beta))),
      ],
    },
    faders: { sites: scalars ? faderSites(scalars) : [] },
    vectors: { sites: vectors ? vectorSites(vectors) : [] },
    places: scalars ? placesOf(scalars, tokens).slice(0, shownPlaces) : [],
    methods: [...grid.methods],
    pareto: {
      parameters: paretoPoints(summary.cells, summary.pareto.parameters, "activeParameters"),
      klOthers: paretoPoints(summary.cells, summary.pareto.klOthers, "klOthers"),
    },
    dials: all.map(([method, own]) => ({ method, points: dialOf(task, betaDial(model, task.test, own)) })),
    prompts: task.test.length,
    curves: all.map(([name]) => curveOf(model, name as Kind, runs)),
    table: settingsTable(summary),
    harm: harmTable(summary),
    baselines: await baselinesTable(model, task, learned, { seed, steps: grid.steps }, onStep),
    ...(all[0] && {
      inside: insideOf(model, prompt, ...all[0]),
      attention: attentionOf(model, prompt, ...all[0]),
    }),
  };
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

function curveOf(model: Model, method: Kind, runs: readonly SeedRun[]): Curve {
  const own = runs.flatMap(({ task, learned }) => {
    const intervention = learned[method];
    return intervention === undefined ? [] : [{ intervention, prompts: task.test }];
  });
  const points = pruningBand(model, own).map(({ k, effectiveness: { value, low, high } }) => ({
    k,
    effectiveness: value,
    low,
    high,
  }));
  return { name: method, points };
}

function paretoPoints(cells: readonly Cell[], front: readonly string[], cost: MeasureName) {
  return cells
    .map((cell) => ({
      method: cell.method as string,
      setting: `${cell.sites.join("+")}, λ ${cell.weight}`,
      flips: cell.measures.flips,
      cost: cell.measures[cost],
      isOnFront: front.includes(cell.id),
    }))
    .filter(({ flips, cost }) => !Number.isNaN(flips.value + cost.value));
}

/** Prompts of a group are not independent: groups are drawn. */
function dialOf({ test }: Task, points: readonly DialPoint[]): Dial["points"] {
  const groups = [...new Set(test.map(({ group }) => group))];
  const rows = groups.map((group) => test.flatMap((prompt, i) => (prompt.group === group ? [i] : [])));
  return points.map(({ beta, prompts }) => {
    const interval = (key: keyof DialRow) => {
      const units = rows.map((own) => ({
        sum: own.reduce((sum, i) => sum + prompts[i]![key], 0),
        count: own.length,
      }));
      const total = (drawn: readonly (typeof units)[number][], part: "sum" | "count") =>
        drawn.reduce((sum, unit) => sum + unit[part], 0);
      return bootstrap(units, (drawn) => total(drawn, "sum") / total(drawn, "count"));
    };
    return {
      beta,
      delta: interval("delta"),
      correct: interval("correct"),
      wrong: interval("wrong"),
      others: interval("others"),
    };
  });
}
