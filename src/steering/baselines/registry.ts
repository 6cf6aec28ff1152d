import type { Model } from "../../nn";
import { learn, learnScalars, learnVectors } from "../learn/learn";
import type { LearnedIntervention } from "../learn/learned";
import type { LearnOptions } from "../learn/options";
import type { Task } from "../tasks/task";
import { ablateTop, randomLocations, randomVectors } from "./controls";
import { perHead, selectThenTune } from "./heads";
import { meanDifference } from "./mean-difference";

/** Options that every baseline takes. */
export interface BaselineOptions {
  /** Seed of what is learned or drawn. Default 0. */
  seed?: number;
  /** Scalars to make controls from. Default: learned with `learn` and the seed. */
  scalars?: LearnedIntervention;
  /** Vectors to make controls from. Default: learned with `learn` and the seed. */
  vectors?: LearnedIntervention;
  /** Options of everything that is learned. */
  learn?: Omit<LearnOptions, "sites" | "positions" | "seed" | "task">;
}

/** Makes an intervention from the training prompts of a task. */
export type Baseline = (model: Model, task: Task, options?: BaselineOptions) => Promise<LearnedIntervention>;

/** Places that `ablate-top` switches off. */
const ablated = 5;

/** Names of the baselines. */
export type BaselineName =
  | "mean-difference"
  | "caa"
  | "random-vectors"
  | "random-locations"
  | "ablate-top"
  | "position-free"
  | "per-head"
  | "select-then-tune";

/** The baselines by name, which a user would try first; docs/baselines.md describes each. */
export const baselines: Readonly<Record<BaselineName, Baseline>> = {
  "mean-difference": async (model, task) => meanDifference(model, task.train, { task: task.name }),
  caa: async (model, task) => meanDifference(model, task.train, { task: task.name, contrast: "answers" }),
  "random-vectors": async (model, task, options = {}) => {
    const vectors = options.vectors ?? (await learnVectors(model, task.train, learning(task, options)));
    return randomVectors(vectors, { seed: options.seed });
  },
  "random-locations": async (model, task, options = {}) =>
    randomLocations(await scalarsFor(model, task, options), { seed: options.seed }),
  "ablate-top": async (model, task, options = {}) => ablateTop(await scalarsFor(model, task, options), ablated),
  "position-free": (model, task, options = {}) =>
    learn("scalars", model, task.train, { ...learning(task, options), positions: "all" }, "position-free"),
  "per-head": (model, task, options = {}) => perHead(model, task.train, learning(task, options)),
  "select-then-tune": (model, task, { seed, learn = {} } = {}) => {
    const { steps, batchSize, margin, faithfulnessWeight } = learn;
    const tuning = { steps, batchSize, margin, faithfulnessWeight };
    return selectThenTune(model, task.train, { ...tuning, select: learn, seed, task: task.name });
  },
};

async function scalarsFor(model: Model, task: Task, options: BaselineOptions): Promise<LearnedIntervention> {
  return options.scalars ?? learnScalars(model, task.train, learning(task, options));
}

function learning(task: Task, { seed = 0, learn = {} }: BaselineOptions): LearnOptions {
  return { ...learn, seed, task: task.name };
}
