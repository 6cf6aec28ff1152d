import type { Model } from "../nn";
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
  learnTrial,
  type MeasureName,
  pruningCurve,
  reference,
  type Summary,
  type SweepTrial,
  type Task,
  type TaskSummary,
  type TrialResult,
  taskOf,
} from "../steering";
import type { Dial, SweepReportData, TaskReport } from "./report";
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

/** What the report of a sweep shows. Learns the interventions of one seed again, as a sweep keeps only measures. */
export async function describeSweep(
  model: Model,
  { grid, results, summary, claims }: FinishedSweep,
  { command, versions }: Pick<SweepReportData["reproduce"], "command" | "versions">,
  onStep: (what: string) => void = () => {},
): Promise<SweepReportData> {
  const tasks: TaskReport[] = [];
  for (const task of summary.tasks) tasks.push(await describeTask(model, grid, results, task, onStep));
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

async function describeTask(
  model: Model,
  grid: Grid,
  results: readonly TrialResult[],
  summary: TaskSummary,
  onStep: (what: string) => void,
): Promise<TaskReport> {
  const trials = shownTrials(grid, summary, results);
  const { seed } = trials[0] ?? { seed: grid.seeds[0]! };
  const learned: Partial<Record<Kind, LearnedIntervention>> = {};
  for (const trial of trials) {
    onStep(`learning ${cellId(trial)}/s${trial.seed} again`);
    learned[trial.method] = (await learnTrial(model, trial)).learned;
  }
  const task = taskOf(model, summary.task, seed);
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
    curves: all.map(([name, own]) => ({ name, points: pruningCurve(model, task.test, own) })),
    table: settingsTable(summary),
    harm: harmTable(summary),
    baselines: await baselinesTable(model, task, learned, { seed, steps: grid.steps }, onStep),
    ...(all[0] && {
      inside: insideOf(model, prompt, ...all[0]),
      attention: attentionOf(model, prompt, ...all[0]),
    }),
  };
}

/** The trials at the reference settings, of the first seed where all methods were learned, or as many as there are. */
function shownTrials(grid: Grid, { task }: TaskSummary, results: readonly TrialResult[]): SweepTrial[] {
  const at = { ...reference(grid), task, steps: grid.steps };
  const bySeed = grid.seeds.map((seed) =>
    grid.methods.flatMap((method) => {
      const id = cellId({ ...at, method });
      return results.filter(({ trial }) => trial.seed === seed && cellId(trial) === id).map(({ trial }) => trial);
    }),
  );
  return bySeed.reduce((best, trials) => (trials.length > best.length ? trials : best), bySeed[0] ?? []);
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
    const interval = (key: keyof DialRow) =>
      bootstrap(rows, (drawn) => {
        const values = drawn.flat().map((i) => prompts[i]![key]);
        return values.reduce((sum, value) => sum + value, 0) / values.length;
      });
    return {
      beta,
      delta: interval("delta"),
      correct: interval("correct"),
      wrong: interval("wrong"),
      others: interval("others"),
    };
  });
}
