import { NumericsError, parameter, Random, step, type Tensor, tensor, valueAndGrad } from "../autograd";
import { Adam, fingerprint, type Interventions, type Model, type Site } from "../nn";
import { checkLearn, type Settings } from "./learn-settings";
import {
  featureOf,
  interventionOf,
  type Kind,
  kinds,
  LearnedIntervention,
  locationAxes,
  logitsAt,
  type Positions,
} from "./learned";
import { type Faithfulness, objective } from "./objective";
import { shrink, shrinkGroups } from "./proximal";
import type { Prompt } from "./task";

/** All values are ours: the paper's are not known. */
export interface LearnOptions {
  /** Where to learn. Default `["attn_out", "mlp_out"]`. */
  sites?: readonly Site[];
  /**
   * `each` (default): parameters of their own for each position of the prompts, which must have one length. `all`: one
   * set for all positions, those of generated tokens too; prompts may have any lengths, and `bake` can hold the result.
   * `dynamic` knows only `all`.
   */
  positions?: Positions;
  seed?: number;
  /** Most updates. Default 400. */
  steps?: number;
  /** Prompts in one update; each runs at β = +1 and −1. Default 16. */
  batchSize?: number;
  /** Default 0.05 for scalars, 0.1 for vectors, 0.01 for dynamic scalars. */
  lr?: number;
  /** m, in logits. Default 3. */
  margin?: number;
  /** λ_F. Default 0.5. */
  faithfulnessWeight?: number;
  faithfulness?: Faithfulness;
  /** λ_M of the ℓ1 norm. Default 0.6 for scalars, 0 for vectors, 0.1 for dynamic scalars. */
  minimality?: number;
  /** λ_M of the group lasso, one group for each location. Default 2 for vectors, 0 for the others. */
  groupMinimality?: number;
  /** Stop when the mean loss over this many updates no longer falls by 1%; 0 never stops early. Default 60. */
  patience?: number;
  /** Name of the task, kept with the result. */
  task?: string;
  onProgress?: (report: LearnReport) => void;
}

export interface LearnReport {
  step: number;
  steps: number;
  loss: number;
  activeParameters: number;
}

const defaults = {
  sites: ["attn_out", "mlp_out"] as readonly Site[],
  seed: 0,
  steps: 400,
  batchSize: 16,
  margin: 3,
  faithfulnessWeight: 0.5,
  faithfulness: "kl-others" as Faithfulness,
  patience: 60,
};
/** Settings of each kind. `npm run bench:minimality` shows how the minimality was chosen. */
export const perKind: Readonly<Record<Kind, Pick<Settings, "positions" | "lr" | "minimality" | "groupMinimality">>> = {
  scalars: { positions: "each", lr: 0.05, minimality: 0.6, groupMinimality: 0 },
  // Entries of a residual vector have no meaning of their own: whole vectors are to vanish, not entries.
  vectors: { positions: "each", lr: 0.1, minimality: 0, groupMinimality: 2 },
  // Chosen on training prompts: with less, `ccc` disturbs other tokens twice as much; with 0.3 `ioi` carries over to 73%.
  dynamic: { positions: "all", lr: 0.01, minimality: 0.1, groupMinimality: 0 },
};

/**
 * ActivScalar (paper, Eq. 5): one scalar for each site, layer and position (see `positions`), such that β = +1 makes `correct` win and
 * β = −1 `wrong`, while other tokens keep their probabilities and most scalars stay 0.
 *
 * Throws `ArgumentError` for settings out of range, and for prompts of several lengths unless `positions` is `all`.
 */
export function learnScalars(model: Model, prompts: readonly Prompt[], options: LearnOptions = {}) {
  return learn("scalars", model, prompts, options);
}

/** SteerVec: one vector for each site, layer and position, learned with the same objective. */
export function learnVectors(model: Model, prompts: readonly Prompt[], options: LearnOptions = {}) {
  return learn("vectors", model, prompts, options);
}

/**
 * DynScalar (paper, Sec. 5): at each site and layer `α = g·ĥ + b` is read off the activation itself, so that it belongs to
 * no position. Learns from prompts of any lengths (ĥ = h / rms(h), and b, are ours), and what it learned edits prompts of
 * any length and generated tokens. The same objective as for scalars.
 *
 * Throws `ArgumentError` for settings out of range.
 */
export function learnDynamic(model: Model, prompts: readonly Prompt[], options: Omit<LearnOptions, "positions"> = {}) {
  return learn("dynamic", model, prompts, options);
}

/** Learns an intervention of any kind with Adam and a proximal step. */
export async function learn(
  kind: Kind,
  model: Model,
  prompts: readonly Prompt[],
  options: LearnOptions,
): Promise<LearnedIntervention> {
  const settings: Settings = { ...defaults, ...perKind[kind], ...withoutUndefined(options) };
  const length = checkLearn(kind, prompts, settings);
  const random = new Random(settings.seed);
  const { positions } = settings;
  const locations = positions === "all" ? [model.config.n_layers] : [model.config.n_layers, length];
  const theta = startValues(kind, model, locations, settings.sites, random);
  const optimizer = new Adam(theta, { lr: settings.lr });
  const clean = rememberClean(model);
  const history: number[] = [];
  let done = 0;
  let order: readonly Prompt[] = [];
  while (done < settings.steps) {
    const batch: Prompt[] = [];
    while (batch.length < Math.min(settings.batchSize, prompts.length)) {
      if (order.length === 0) order = random.shuffle(prompts);
      batch.push(order[0]!);
      order = order.slice(1);
    }
    const loss = step(() => {
      const { value, grads } = lossAndGradients(kind, model, batch, theta, clean(batch), settings);
      optimizer.step(grads);
      return value.item();
    });
    if (!Number.isFinite(loss)) {
      throw new NumericsError("learn", `the loss is ${loss} at step ${done + 1}`, { hint: "Lower the learning rate." });
    }
    for (const x of Object.values(theta)) {
      shrink(x, settings.lr * settings.minimality);
      shrinkGroups(x, locationAxes(kind, positions), settings.lr * settings.groupMinimality);
    }
    done++;
    history.push(loss);
    settings.onProgress?.({ step: done, steps: settings.steps, loss, activeParameters: countActive(theta) });
    if (hasSettled(history, settings.patience)) break;
    // Lets progress bars draw and browsers breathe.
    if (done % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const { onProgress: _, positions: __, sites, seed, steps: ___, task = "", ...numbers } = settings;
  return new LearnedIntervention(kind, bySite(theta), {
    task,
    model: model.name,
    fingerprint: fingerprint(model),
    ...(positions === "all" ? { positions, tokens: [] } : { tokens: labels(model, prompts) }),
    seed,
    settings: { ...numbers, sites: sites.join(",") },
    steps: done,
  });
}

/** What stands at each position of prompts of one length. */
function labels(model: Model, prompts: readonly Prompt[]): string[] {
  return prompts[0]!.ids.map((id, i) => {
    const isShared = prompts.every((prompt) => prompt.ids[i] === id);
    return isShared ? (model.tokenizer?.token(id) ?? String(id)) : "‹varies›";
  });
}

/** Keys of the flat parameter list: `attn_out/alpha`. */
type Flat = Record<string, Tensor>;

function lossAndGradients(
  kind: Kind,
  model: Model,
  batch: readonly Prompt[],
  theta: Flat,
  clean: Tensor,
  settings: { positions: Positions; margin: number; faithfulnessWeight: number; faithfulness: Faithfulness },
) {
  const ids = batch.map((prompt) => prompt.ids);
  return valueAndGrad((parameters: Flat) => {
    const interventions: Interventions = Object.fromEntries(
      Object.entries(bySite(parameters)).map(([site, tensors]) => [
        site,
        interventionOf(kind, tensors, 1, settings.positions),
      ]),
    );
    const [plus, minus] = logitsAt(model, ids, interventions, [1, -1]) as [Tensor, Tensor];
    return objective({ clean, plus, minus }, batch, settings);
  })(theta);
}

/** Logits without intervention after the last token; each prompt goes through the model once. */
function rememberClean(model: Model): (batch: readonly Prompt[]) => Tensor {
  const known = new Map<Prompt, Float32Array>();
  const vocab = model.config.vocab_size;
  return (batch) => {
    const missing = batch.filter((prompt) => !known.has(prompt));
    if (missing.length > 0) {
      const ids = missing.map((prompt) => prompt.ids);
      const rows = model.forward(ids, { positions: "last" }).logits.toTypedArray() as Float32Array;
      missing.forEach((prompt, i) => {
        known.set(prompt, rows.slice(i * vocab, (i + 1) * vocab));
      });
    }
    const all = new Float32Array(batch.length * vocab);
    batch.forEach((prompt, i) => {
      all.set(known.get(prompt)!, i * vocab);
    });
    return tensor(all, { shape: [batch.length, vocab] });
  };
}

function bySite(flat: Flat): Record<string, Record<string, Tensor>> {
  const result: Record<string, Record<string, Tensor>> = {};
  for (const [key, x] of Object.entries(flat)) {
    const [site, name] = key.split("/") as [string, string];
    result[site] = { ...result[site], [name]: x };
  }
  return result;
}

/** Small random values: exact zeros would be no saddle, but seeds are to differ. */
function startValues(
  kind: Kind,
  model: Model,
  locations: readonly number[],
  sites: readonly Site[],
  random: Random,
): Flat {
  const theta: Flat = {};
  for (const site of sites) {
    const shapes = kinds[kind].shapes(locations, featureOf(site, model.config));
    for (const [name, shape] of Object.entries(shapes)) {
      const size = shape.reduce((a, b) => a * b, 1);
      const values = Float32Array.from({ length: size }, () => random.normal() * 0.01);
      theta[`${site}/${name}`] = parameter(tensor(values, { shape }));
    }
  }
  return theta;
}

function countActive(theta: Flat): number {
  return Object.values(theta).reduce(
    (sum, x) => sum + (x.storage.data() as Float32Array).reduce((count, v) => count + (v !== 0 ? 1 : 0), 0),
    0,
  );
}

/** True when the mean of the last `window` losses is no more than 1% below that of the ones before. */
function hasSettled(history: readonly number[], window: number): boolean {
  if (window === 0 || history.length < 2 * window) return false;
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  return mean(history.slice(-window)) >= 0.99 * mean(history.slice(-2 * window, -window));
}

function withoutUndefined<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
