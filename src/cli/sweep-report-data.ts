import type { Model } from "../nn";
import {
  betaDial,
  bootstrap,
  type Cell,
  type Claim,
  cellId,
  type DialPoint,
  type DialRow,
  directLogitAttribution,
  type Grid,
  type Kind,
  type LearnedIntervention,
  type LogitAttribution,
  learnTrial,
  logitLens,
  type MeasureName,
  type Prompt,
  pruningCurve,
  reference,
  type Summary,
  type SweepTrial,
  type Task,
  type TaskSummary,
  type TrialResult,
  taskOf,
} from "../steering";
import type { Dial, Inside, SweepReportData, TaskReport } from "./report";
import { exampleRow, faderSites, placesOf, vectorSites } from "./report-data";
import { settingsTable } from "./sweep-table";

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
  onTrial: (id: string) => void = () => {},
): Promise<SweepReportData> {
  const tasks: TaskReport[] = [];
  for (const task of summary.tasks) tasks.push(await describeTask(model, grid, results, task, onTrial));
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
  onTrial: (id: string) => void,
): Promise<TaskReport> {
  const trials = shownTrials(grid, summary, results);
  const { seed } = trials[0] ?? { seed: grid.seeds[0]! };
  const learned: Partial<Record<Kind, LearnedIntervention>> = {};
  for (const trial of trials) {
    onTrial(`${cellId(trial)}/s${trial.seed}`);
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
    ...(all[0] && { inside: insideOf(model, prompt, all[0][0], all[0][1]) }),
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

/** The prompt at the β that is against its answer, seen from inside. */
function insideOf(model: Model, prompt: Prompt, method: string, learned: LearnedIntervention): Inside {
  const { ids, correct, wrong } = prompt;
  const before = directLogitAttribution(model, ids, { correct, wrong });
  const beta = before.delta > 0 ? -1 : 1;
  const edit = { interventions: learned.at(1), beta };
  const after = directLogitAttribution(model, ids, { correct, wrong, ...edit });
  const lens = [{}, edit].map((edits) => logitLens(model, ids, { tokens: [correct, wrong], ...edits }).places);
  const pair = (side: number, place: number) => {
    const [c, w] = lens[side]![place]!.cells.at(-1)!.tokens;
    return { correct: c!.probability, wrong: w!.probability };
  };
  const names = lens[0]!.map(({ name }) => (name.endsWith("resid_pre") ? "embedding" : `block ${name.split(".")[1]}`));
  return {
    method,
    beta,
    lens: names.map((place, i) => ({ place, before: pair(0, i), after: pair(1, i) })),
    // Nothing edits the stream itself unless a sweep learns there.
    terms: termsOf(before)
      .map(({ name, value }, i) => ({ name, before: value, after: termsOf(after)[i]!.value }))
      .filter((term) => term.before !== 0 || term.after !== 0),
  };
}

/** Attention and MLP of each block, edits included; they add up to Δ. */
function termsOf({ embedding, blocks, finalBias }: LogitAttribution): { name: string; value: number }[] {
  return [
    { name: "embedding", value: embedding },
    ...blocks.flatMap(({ attnOut, mlpOut, edits }, layer) => [
      { name: `attention ${layer}`, value: attnOut },
      { name: `MLP ${layer}`, value: mlpOut },
      { name: `stream ${layer}`, value: (edits.resid_pre ?? 0) + (edits.resid_mid ?? 0) + (edits.resid_post ?? 0) },
    ]),
    { name: "final bias", value: finalBias },
  ];
}
