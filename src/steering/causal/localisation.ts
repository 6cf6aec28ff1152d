import { ArgumentError, Random } from "../../autograd";
import type { Model, Place } from "../../nn";
import { fixed, withInterval } from "../../text/numbers";
import { clip, textTable } from "../../text/table";
import type { LearnedIntervention } from "../learn/learned";
import { tokenLabels } from "../learn/provenance";
import type { Contestants } from "../measure/compare";
import { auroc, type BootstrapOptions, bootstrapOf, type Interval, isAmongLargest, spearman } from "../statistics";
import type { Task } from "../tasks/task";
import { activationPatching } from "./activation-patching";
import { attributionPatching } from "./attribution-patching";
import type { PlaceMap } from "./place-map";
import { reachesAnswer, scoresOf } from "./scores";
import { type PatchMode, patchModes } from "./settings";

/** How `localisation` measures. */
export interface LocalisationOptions extends BootstrapOptions {
  /** What was learned, by name; several of one name are several seeds. All at the same sites. */
  learned: Contestants;
  /** How places are disturbed. Default: all three. */
  modes?: readonly PatchMode[];
  /** Most held-out prompts to patch, drawn by seed. Default 64. */
  prompts?: number;
  /** Share of the places that count as important: those with the largest effects. Default 0.1. */
  topShare?: number;
  /** Draws prompts, counterfactuals and the bootstrap. Default 0. */
  seed?: number;
  /** Told of each part of the work when it is done. */
  onProgress?: (done: string) => void;
}

/**
 * Do learned |α| and ‖v‖, and attribution patching, point at the places that matter? Patches every place on held-out
 * prompts and compares mean |effect on Δ| with the scores: Spearman correlation over the places, and AUROC for finding
 * the largest `topShare` of them. Places that cannot reach the answer (last block, before the last position) are left
 * out: every score knows them, which would flatter all. Intervals: bootstrap over prompts and, where there are several,
 * seeds; the value is the mean over seeds.
 *
 * @throws ArgumentError for learned interventions that differ in sites or do not fit the prompts.
 */
export function localisation(model: Model, task: Task, options: LocalisationOptions): Localisation {
  const { modes = patchModes, topShare = 0.1, seed = 0, prompts: most = 64 } = options;
  if (!(topShare > 0 && topShare < 1)) throw new ArgumentError("localisation", `topShare is ${topShare}`);
  if (!Number.isInteger(most) || most < 1) throw new ArgumentError("localisation", `prompts is ${most}`);
  const prompts = new Random(seed).shuffle(task.test).slice(0, most);
  const lists = Object.entries(options.learned).map(([name, given]) => [name, listOf(given)] as const);
  const sites = lists[0]?.[1][0]?.sites;
  if (sites === undefined) {
    throw new ArgumentError("localisation", "nothing learned to compare", { hint: "Pass { faders, vectors }." });
  }
  const length = prompts[0]?.ids.length ?? 0;
  const learned = lists.map(([name, list]) => [name, scoresOf(name, list, sites, length)] as const);
  const results = modes.map((mode): ModeResult => {
    const patched = { sites, mode, seed };
    const causal = activationPatching(model, prompts, patched);
    options.onProgress?.(`${task.name}: ${mode} patched`);
    const estimate = attributionPatching(model, prompts, patched);
    const live = causal.places().flatMap((place, i) => (reachesAnswer(place, causal.layers, length) ? [i] : []));
    const top = Math.max(1, Math.round(live.length * topShare));
    const compared = (scores: Scores) => agreement(scores, causal, live, top, { ...options, seed });
    return {
      mode,
      places: live.length,
      top,
      causal,
      agreement: {
        ...Object.fromEntries(learned.map(([name, seeds]) => [name, compared(fixedScores(seeds))])),
        attribution: compared({ seeds: 1, of: (drawn) => estimate.meanAbsolute(drawn) }),
      },
    };
  });
  const seeds = Math.max(...learned.map(([, list]) => list.length));
  return new Localisation(task.name, tokenLabels(model, prompts), seeds, results);
}

/** Scores of all places, by the prompts that are drawn and the seed of the learner. */
interface Scores {
  seeds: number;
  of(prompts: readonly number[], seed: number): readonly number[];
}

function fixedScores(seeds: readonly (readonly number[])[]): Scores {
  return { seeds: seeds.length, of: (_, seed) => seeds[seed]! };
}

/** Both statistics with their intervals, over the places `live`. */
function agreement(
  scores: Scores,
  causal: PlaceMap,
  live: readonly number[],
  top: number,
  options: BootstrapOptions,
): Agreement {
  const pick = (values: readonly number[]) => live.map((i) => values[i]!);
  const over = (compare: (scores: readonly number[], effects: readonly number[]) => number) =>
    bootstrapOf(
      [causal.prompts, scores.seeds],
      (drawn, seeds) => {
        const effects = pick(causal.meanAbsolute(drawn));
        return mean(seeds!.map((seed) => compare(pick(scores.of(drawn!, seed)), effects)));
      },
      options,
    );
  return { spearman: over(spearman), auroc: over((s, effects) => auroc(s, isAmongLargest(effects, top))) };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

const listOf = (given: Contestants[string]) =>
  (Array.isArray(given) ? given : [given]) as readonly LearnedIntervention[];

/** How well one score finds what matters. NaN where a score is constant. */
export interface Agreement {
  /** Rank correlation with mean |effect on Δ|, over places. */
  spearman: Interval;
  /** Area under the ROC curve for the places with the largest effects; 0.5 is chance. */
  auroc: Interval;
}

/** The comparison with one way of disturbing places. */
export interface ModeResult {
  mode: PatchMode;
  /** Places compared. */
  places: number;
  /** How many of them count as important. */
  top: number;
  causal: PlaceMap;
  /** By name: what was learned, and `attribution`. */
  agreement: Readonly<Record<string, Agreement>>;
}

/** How many of the largest effects are printed. */
const shown = 5;

/** Which scores point at the places that matter. `toString()` is a table that fits 80 columns. */
export class Localisation {
  constructor(
    readonly task: string,
    /** The token at each position, `‹varies›` where prompts differ. */
    readonly tokens: readonly string[],
    /** Learned interventions of one name. */
    readonly seeds: number,
    readonly results: readonly ModeResult[],
  ) {}

  /** The places with the largest mean |effect| in one mode, the largest first. */
  largestEffects(mode: PatchMode, count = shown): (Required<Place> & { effect: number })[] {
    const { causal } = this.results.find((result) => result.mode === mode)!;
    const effects = causal.meanAbsolute();
    return causal
      .places()
      .map((place, i) => ({ ...place, effect: effects[i]! }))
      .sort((a, b) => b.effect - a.effect)
      .slice(0, count);
  }

  /** A text table: a row for each measure. */
  toString(): string {
    const head = ["effect of", "score", "Spearman", "AUROC"];
    const rows = this.results.flatMap(({ mode, agreement }) =>
      Object.entries(agreement).map(([name, { spearman, auroc }], i) => [
        i === 0 ? mode : "",
        clip(name, 16),
        show(spearman),
        show(auroc),
      ]),
    );
    const [first] = this.results;
    return [
      ...(first ? [this.title(first)] : []),
      ...textTable([head, ...rows], { left: [0, 1, 2, 3], ruled: true }),
      ...this.results.flatMap(({ mode }) => this.effectLines(mode)),
    ].join("\n");
  }

  /** The results as plain data. */
  toJSON() {
    const { task, tokens, seeds } = this;
    const results = this.results.map((result) => ({
      ...result,
      largest: this.largestEffects(result.mode, result.top),
    }));
    return { task, tokens, seeds, results };
  }

  private title({ causal, places, top }: ModeResult): string {
    const seeds = this.seeds === 1 ? "1 seed" : `${this.seeds} seeds`;
    return `${this.task}: ${causal.prompts} held-out prompts, ${seeds}, ${places} places, the top ${top} to be found`;
  }

  private effectLines(mode: PatchMode): string[] {
    return [
      `Largest effects (${mode}), mean |change of Δ| in logits:`,
      ...this.largestEffects(mode).map(({ site, layer, position, effect }) => {
        const place = `  ${layer} ${site}`.padEnd(14);
        return `${place} position ${String(position).padStart(2)} ${clip(JSON.stringify(this.tokens[position]), 20).padEnd(20)} ${effect.toFixed(2).padStart(7)}`;
      }),
    ];
  }
}

const show = (interval: Interval) => withInterval(interval, (x) => fixed(x, 2));
