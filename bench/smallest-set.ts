import { ArgumentError, Random, step, type Tensor } from "../src/autograd";
import { type Model, placeName, type Site } from "../src/nn";
import { learn } from "../src/steering/learn/learn";
import { type LearnedIntervention, logitsAt } from "../src/steering/learn/learned";
import { effectiveness } from "../src/steering/learn/objective";
import { refit } from "../src/steering/learn/refit";
import { evaluate, type Metrics } from "../src/steering/measure/evaluate";
import type { Prompt, Task } from "../src/steering/tasks/task";
import { fixed, percent } from "../src/text/numbers";
import { textTable } from "../src/text/table";

/**
 * `l1`, `l0`: what a learner keeps at each weight of its path. `pruning`: the largest places of each of those.
 * `elimination`: from the smallest set so far, the place whose loss costs least goes, as long as the rest is enough.
 */
export type SmallestSetMethod = "l1" | "l0" | "pruning" | "elimination";
export const smallestSetMethods: readonly SmallestSetMethod[] = ["l1", "l0", "pruning", "elimination"];

/** All values are ours. */
export interface SmallestSetOptions {
  /** Default all. One of `l1` and `l0` must be among them: the others start from what these find. */
  methods?: readonly SmallestSetMethod[];
  /** Share of the prompts that must be flipped, in each direction. Default 0.9. */
  target?: number;
  seed?: number;
  sites?: readonly Site[];
  /** Weights of the ℓ1 norm on its path. Default 0.6, 0.8. */
  minimality?: readonly number[];
  /** Weights of open gates on the path of L0. Default 0.1, 0.6. */
  gateMinimality?: readonly number[];
  /** Most updates of each learner. Default 400. */
  steps?: number;
  /** After each set that was tried. */
  onProgress?: (trial: SearchTrial) => void;
}

/** Share of the training groups that sets are chosen with, and the most removals tried in one round of elimination. */
const choiceShare = 0.25;
const mostRemovals = 4;

/**
 * Looks for the fewest scalars that flip `target` of the prompts both ways. Sets are fitted on three quarters of the
 * groups of `task.train` and must reach the target there and on the rest of `task.train`; the chosen set is then refitted
 * on all of it. `task.test` is looked at once, for the result. The search is greedy: a smaller set may exist.
 *
 * Throws `ArgumentError` for options out of range, and when no learner keeps any place.
 */
export async function smallestSet(model: Model, task: Task, options: SmallestSetOptions = {}): Promise<SmallestSet> {
  const { target = 0.9, seed = 0, methods = smallestSetMethods, steps, sites } = options;
  const { minimality = [0.6, 0.8], gateMinimality = [0.1, 0.6], onProgress } = options;
  check(methods, target);
  const [fitting, choosing] = splitGroups(task.train, seed);
  const trials: SearchTrial[] = [];
  let best: { intervention: LearnedIntervention; trial: SearchTrial } | undefined;

  /** Refits a set, and keeps it where it is better than the best so far. */
  const consider = async (method: SmallestSetMethod, set: LearnedIntervention): Promise<boolean> => {
    const intervention = await refit(model, fitting, set);
    const trial = {
      method,
      places: intervention.activeLocations().length,
      fitted: flipsBothWays(evaluate(model, fitting, intervention)),
      chosenWith: flipsBothWays(evaluate(model, choosing, intervention)),
    };
    trials.push(trial);
    onProgress?.(trial);
    if (best === undefined || isBetter(trial, best.trial, target)) best = { intervention, trial };
    return worseShare(trial) >= target;
  };

  const sources: LearnedIntervention[] = [];
  const common = { seed, task: task.name, ...(steps !== undefined && { steps }), ...(sites && { sites }) };
  const paths = [
    ...minimality.map((weight) => ({ sparsity: "l1" as const, minimality: weight })),
    ...gateMinimality.map((weight) => ({ sparsity: "l0" as const, gateMinimality: weight })),
  ].filter(({ sparsity }) => methods.includes(sparsity));
  for (const path of paths) {
    const learned = await learn("scalars", model, fitting, { ...common, ...path });
    if (learned.activeParameters === 0) continue;
    sources.push(learned);
    await consider(path.sparsity, learned);
  }
  if (best === undefined) {
    throw new ArgumentError("smallestSet", "no learner kept any place", { hint: "Use smaller weights on the paths." });
  }
  if (methods.includes("pruning")) {
    for (const source of sources) {
      const limit = worseShare(best.trial) >= target ? best.trial.places : source.activeLocations().length;
      for (let k = 1; k < limit; k++) if (await consider("pruning", source.keepLargest(k))) break;
    }
  }
  if (methods.includes("elimination")) {
    let isSmaller = worseShare(best.trial) >= target;
    while (isSmaller && best.trial.places > 1) {
      isSmaller = false;
      for (const smaller of removals(model, fitting, best.intervention).slice(0, mostRemovals)) {
        isSmaller = await consider("elimination", smaller);
        if (isSmaller) break;
      }
    }
  }
  const intervention = await refit(model, task.train, best.intervention);
  const metrics = evaluate(model, task.test, intervention);
  return new SmallestSet(intervention.withMetrics({ ...metrics }), metrics, target, task.split, trials);
}

function check(methods: readonly SmallestSetMethod[], target: number): void {
  const unknown = methods.find((method) => !smallestSetMethods.includes(method));
  if (unknown !== undefined) {
    throw new ArgumentError("smallestSet", `no method "${unknown}"`, {
      hint: `Valid: ${smallestSetMethods.join(", ")}.`,
    });
  }
  if (!methods.includes("l1") && !methods.includes("l0")) {
    throw new ArgumentError("smallestSet", `nothing to start from with ${methods.join(", ") || "no methods"}`, {
      hint: "Add l1 or l0.",
    });
  }
  if (!(target > 0 && target <= 1)) {
    throw new ArgumentError("smallestSet", `target is ${target}`, { hint: "Use a number above 0, at most 1." });
  }
}

/** Prompts to fit on, and prompts of other groups to choose with. */
function splitGroups(prompts: readonly Prompt[], seed: number): [Prompt[], Prompt[]] {
  const groups = [...new Set(prompts.map((prompt) => prompt.group))];
  if (groups.length < 2) {
    throw new ArgumentError("smallestSet", `${groups.length} training group cannot be split to choose with`);
  }
  const count = Math.max(1, Math.round(choiceShare * groups.length));
  const held = new Set(new Random(seed).shuffle(groups).slice(0, count));
  const side = (isHeld: boolean) => prompts.filter(({ group }) => held.has(group) === isHeld);
  return [side(false), side(true)];
}

const worseShare = ({ fitted, chosenWith }: SearchTrial) => Math.min(fitted, chosenWith);

/** Fewer places where both reach the target, else what comes closer to it. */
function isBetter(a: SearchTrial, b: SearchTrial, target: number): boolean {
  const [ofA, ofB] = [worseShare(a), worseShare(b)];
  if (ofA >= target && ofB >= target && a.places !== b.places) return a.places < b.places;
  if (ofA >= target !== ofB >= target) return ofA >= target;
  return ofA > ofB;
}

/** The set without each one of its places, that first which is worth least: the loss of effectiveness is smallest. */
function removals(model: Model, prompts: readonly Prompt[], set: LearnedIntervention): LearnedIntervention[] {
  const ids = prompts.map((prompt) => prompt.ids);
  const margin = Number(set.provenance.settings.margin);
  const all = set.activeLocations();
  return all
    .map((gone) => {
      const places = all.filter((place) => place !== gone);
      const rest = set.onlyAt(places);
      const loss = step(() => {
        const [plus, minus] = logitsAt(model, ids, rest.at(1), [1, -1]) as [Tensor, Tensor];
        return effectiveness({ clean: plus, plus, minus }, prompts, margin).item();
      });
      return { rest, loss };
    })
    .sort((a, b) => a.loss - b.loss)
    .map(({ rest }) => rest);
}

/** One set that was fitted. Shares: see `flipsBothWays`. */
export interface SearchTrial {
  method: SmallestSetMethod;
  places: number;
  /** On the training prompts that it was fitted on. */
  fitted: number;
  /** On the training prompts that sets are chosen with. */
  chosenWith: number;
}

export interface NamedPlace {
  /** `blocks.1.mlp_out` */
  name: string;
  position: number | undefined;
  /** What stands there: `‹varies›` where the prompts differ. */
  token: string;
  /** The scalar; at `z` the norm over heads. */
  alpha: number;
}

/**
 * Share of the prompts flipped in the worse of both directions. Where no prompt is on the wrong side of a direction, so
 * that none can be flipped, the share that stays on the right side counts.
 */
export function flipsBothWays({ flipsPlus, flipsMinus, winsPlus, winsMinus }: Metrics): number {
  return Math.min(Number.isNaN(flipsPlus) ? winsPlus : flipsPlus, Number.isNaN(flipsMinus) ? winsMinus : flipsMinus);
}

/** What `smallestSet` found. `toString()` fits 80 columns. */
export class SmallestSet {
  constructor(
    readonly intervention: LearnedIntervention,
    /** On the held-out prompts. */
    readonly metrics: Metrics,
    readonly target: number,
    readonly split: string,
    /** Every set that was tried, in order. */
    readonly trials: readonly SearchTrial[],
  ) {}

  /** Whether the target is reached on the held-out prompts. */
  get isReached(): boolean {
    return flipsBothWays(this.metrics) >= this.target;
  }

  /** The places, the largest scalar first. */
  get places(): NamedPlace[] {
    const { tokens } = this.intervention.provenance;
    return this.intervention.activeLocations().map(({ site, layer, position, value }) => ({
      name: placeName(site, layer),
      position,
      token: position === undefined ? "" : tokens[position]!,
      alpha: value,
    }));
  }

  /** The smallest set of each method that reached the target on the training prompts. */
  private fewest(): [string, number][] {
    const best = new Map<string, number>();
    for (const { method, places, fitted, chosenWith } of this.trials) {
      const size = Math.min(fitted, chosenWith) >= this.target ? places : Number.POSITIVE_INFINITY;
      best.set(method, Math.min(size, best.get(method) ?? Number.POSITIVE_INFINITY));
    }
    return [...best];
  }

  toString(): string {
    const { metrics, target, intervention, split } = this;
    // A near miss must not be rounded to the target.
    const share = (x: number) => percent(x, this.isReached ? 0 : 1);
    const rows = [
      ["place", "position", "token", "α"],
      ...this.places.map((place) => [
        place.name,
        String(place.position ?? "all"),
        place.token.startsWith("‹") ? place.token : JSON.stringify(place.token).slice(0, 30),
        fixed(place.alpha, 3, true),
      ]),
    ];
    const found = this.isReached ? "flip" : "were to flip";
    const count = `${this.places.length} of ${intervention.parameterCount} faders`;
    const fewest = this.fewest().map(([name, k]) => `${name} ${Number.isFinite(k) ? k : "none"}`);
    return [
      `${count} ${found} at least ${percent(target)} both ways`,
      "",
      ...textTable(rows, { left: [0, 2] }),
      "",
      `${metrics.prompts} held-out prompts: flips β=+1 ${share(metrics.flipsPlus)}, β=−1 ${share(metrics.flipsMinus)}`,
      `all of them: wins β=+1 ${share(metrics.winsPlus)}, β=−1 ${share(metrics.winsMinus)}`,
      `kl-others ${metrics.klOthers.toFixed(3)}, best other token kept ${percent(metrics.bestOtherKept)}`,
      `split: ${split}`,
      `fewest faders by method, on training prompts: ${fewest.join(", ")}`,
    ].join("\n");
  }
}
