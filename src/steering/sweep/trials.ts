import { ArgumentError } from "../../autograd";
import type { Site } from "../../nn";
import { type Kind, kinds } from "../learn/kinds";
import { checkWording } from "../tasks/family";
import { taskFamilies, taskFamily, taskId, type WordedTask, wordedTask, wordingOf } from "../tasks/registry";
import type { PromptDraft } from "../tasks/task";

/** What a sweep varies. Every combination is one trial. */
export interface Grid {
  readonly tasks: readonly WordedTask[];
  readonly methods: readonly Kind[];
  /** Each entry is a set of sites that is learned together. */
  readonly sites: readonly (readonly Site[])[];
  /** λ_M as multiples of the default of each method, so that one list fits penalties of different kinds. */
  readonly minimality: readonly number[];
  /** Each is the seed of a split and of the learner on it. */
  readonly seeds: readonly number[];
  /** Most updates of a learner. */
  readonly steps: number;
}

/** A task of a trial: a family in one wording, or prompts of your own. */
export type TrialTask = WordedTask | { readonly name: string; readonly prompts: readonly PromptDraft[] };

/** One intervention to learn, as plain data. */
export interface Trial {
  readonly task: TrialTask;
  readonly method: Kind;
  readonly sites: readonly Site[];
  /** λ_M as a multiple of the method's default. */
  readonly minimality: number;
  /** λ_F. Default: that of the learner. */
  readonly faithfulnessWeight?: number;
  /** Of the split and of the learner. */
  readonly seed: number;
  readonly steps: number;
}

/** One trial of a sweep. */
export interface SweepTrial extends Trial {
  readonly task: WordedTask;
}

/** The grid of a whole sweep. */
export const defaultGrid: Grid = {
  tasks: taskFamilies.map((family) => wordedTask(family)),
  methods: ["scalars", "vectors", "dynamic"],
  sites: [["attn_out", "mlp_out"], ["attn_out"], ["mlp_out"], ["resid_post"]],
  minimality: [1, 0.5, 1.5],
  seeds: [0, 1, 2, 3, 4],
  steps: 400,
};

/** A grid for a first look. */
export const quickGrid: Grid = {
  ...defaultGrid,
  sites: [["attn_out", "mlp_out"]],
  minimality: [1],
  seeds: [0, 1, 2],
  steps: 150,
};

/** Says everything that a trial depends on, and stays the same over versions: `ccc-qa/scalars/attn_out+mlp_out/x1/400/s0`. */
export function trialId(trial: SweepTrial): string {
  return `${cellId(trial)}/s${trial.seed}`;
}

/** The id of what several seeds share. */
export function cellId({ task, method, sites, minimality, steps }: Omit<SweepTrial, "seed">): string {
  return [taskId(task), method, sites.join("+"), `x${minimality}`, steps].join("/");
}

/** All trials of a grid, seed by seed, so that a sweep that is stopped early has seen everything once. */
export function trialsOf(grid: Grid): SweepTrial[] {
  checkGrid(grid);
  const { steps } = grid;
  return grid.seeds.flatMap((seed) =>
    grid.tasks.flatMap((task) =>
      grid.sites.flatMap((sites) =>
        grid.minimality.flatMap((minimality) =>
          grid.methods.map((method) => ({ task, method, sites, minimality, seed, steps })),
        ),
      ),
    ),
  );
}

/** Throws `ArgumentError` for a grid with nothing to do, the same thing twice, or values out of range. */
export function checkGrid(grid: Grid): void {
  for (const task of grid.tasks) checkWording("sweep", taskFamily("sweep", task.name).wording, wordingOf(task));
  const lists: Record<string, readonly string[]> = {
    tasks: grid.tasks.map(taskId),
    methods: grid.methods,
    sites: grid.sites.map((set) => [...set].sort().join("+")),
    minimality: grid.minimality.map(String),
    seeds: grid.seeds.map(String),
  };
  for (const [name, items] of Object.entries(lists)) {
    if (items.length === 0) throw new ArgumentError("sweep", `no ${name} given`);
    const twice = items.find((item, i) => items.indexOf(item) !== i);
    if (twice !== undefined) throw new ArgumentError("sweep", `${name}: ${twice} is given twice`);
  }
  const unknown = grid.methods.find((method) => !Object.hasOwn(kinds, method));
  if (unknown !== undefined) {
    throw new ArgumentError("sweep", `no method "${unknown}"`, { hint: `Valid: ${Object.keys(kinds).join(", ")}.` });
  }
  for (const set of grid.sites) {
    if (set.length === 0) throw new ArgumentError("sweep", "a set of sites is empty");
    const twice = set.find((site, i) => set.indexOf(site) !== i);
    if (twice !== undefined) throw new ArgumentError("sweep", `${set.join("+")} names ${twice} twice`);
  }
  const bad = grid.minimality.find((value) => !Number.isFinite(value) || value < 0);
  if (bad !== undefined) throw new ArgumentError("sweep", `minimality ${bad}`, { hint: "Use numbers of 0 or more." });
  const odd = grid.seeds.find((seed) => !Number.isInteger(seed));
  if (odd !== undefined) throw new ArgumentError("sweep", `seed ${odd}`, { hint: "Use integers." });
  if (!Number.isInteger(grid.steps) || grid.steps < 1) {
    throw new ArgumentError("sweep", `steps is ${grid.steps}`, { hint: "Use 1 or more." });
  }
}

/** The settings that claims are about: the first sites of the grid at the penalty nearest to the default. */
export function reference({ sites, minimality }: Grid): { sites: readonly Site[]; minimality: number } {
  const distance = (value: number) => Math.abs(Math.log(Math.max(value, 1e-9)));
  const nearest = [...minimality].sort((a, b) => distance(a) - distance(b))[0]!;
  return { sites: sites[0]!, minimality: nearest };
}
