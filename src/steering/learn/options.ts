import { ArgumentError } from "../../autograd";
import type { Place, Site } from "../../nn";
import { checkOptions } from "../../tensor/internal";
import type { Prompt } from "../tasks/task";
import { type Kind, kinds, type Positions } from "./kinds";
import type { LearnedIntervention } from "./learned";
import { listPlaces, type Places } from "./mask";
import type { Sparsity } from "./sparsity";

/** Options of the learners. All defaults are ours: the paper's values are not known. */
export interface LearnOptions {
  /** Where to learn. Default `["attn_out", "mlp_out"]`, or the sites of `places`. */
  sites?: Site | readonly Site[];
  /** Learns only there: `{ mlp_out: [[layer, position], …] }`, or what `activeLocations()` found. Default: everywhere. */
  places?: Places;
  /**
   * `each` (default): parameters of their own for each position of the prompts, which must have one length. `all`: one
   * set for all positions, those of generated tokens too; prompts may have any lengths, and `bake` can hold the result.
   * `dynamic` knows only `all`.
   */
  positions?: Positions;
  /** Seed of the start values, the order of prompts and the gates. Default 0. */
  seed?: number;
  /** Most updates. Default 400. */
  steps?: number;
  /** Prompts in one update; each runs at β = +1 and −1. Default 16. */
  batchSize?: number;
  /** Learning rate of Adam. Default 0.05 for scalars, 0.1 for vectors, 0.01 for dynamic scalars. */
  lr?: number;
  /** m, in logits. Default 3. */
  margin?: number;
  /** λ_F. Default 0.5. */
  faithfulnessWeight?: number;
  /** Stop when the mean loss over this many updates no longer falls by 1%; 0 never stops early. Default 60. */
  patience?: number;
  /** `l1` (default): ℓ1 and group lasso, as proximal steps. `l0`: hard-concrete gates, whose number is the penalty. */
  sparsity?: Sparsity;
  /** λ_M of the ℓ1 norm, with `l1`. Default 0.6 for scalars, 0 for vectors, 0.1 for dynamic scalars. */
  minimality?: number;
  /** λ_M of the group lasso, one group for each location, with `l1`. Default 2 for vectors, 0 for the others. */
  groupMinimality?: number;
  /** λ_M of the expected number of open gates, with `l0`. Default 0.1. */
  gateMinimality?: number;
  /** Fits what is not 0 once more without the penalty (see `refit`), where anything is left. Default false. */
  debias?: boolean;
  /** Name of the task, kept with the result. */
  task?: string;
  /** Called after every update. */
  onProgress?: (report: LearnReport) => void;
  /** Ends learning: it rejects with the signal's reason, an `AbortError` unless another was given. */
  signal?: AbortSignal;
}

/** How far a learner is. */
export interface LearnReport {
  /** Updates so far. */
  step: number;
  /** Most updates, those of the refit included. */
  steps: number;
  /** Of the last update; with `l0` together with the penalty. */
  loss: number;
  /** The terms of the last update as they enter the sum that is made small: `L_E`, `λ_F · L_F` and `λ_M · ‖θ‖`. */
  effectiveness: number;
  faithfulness: number;
  minimality: number;
  /** Numbers that are not exactly 0. */
  activeParameters: number;
  /** What is learned by now, as a copy: computed when it is asked for, with the values of that moment. */
  current(): LearnedIntervention;
}

type Optional = "onProgress" | "signal";

/** The options with every default filled in, and lists as lists. */
export type LearnSettings = Required<Omit<LearnOptions, Optional | "sites" | "places">> &
  Pick<LearnOptions, Optional> & { sites: readonly Site[]; places?: readonly Place[] };

/** The values that an option takes, and how a command line reads them. */
interface Rule {
  type: "integer" | "number" | "list" | "flag" | "other" | readonly string[];
  fits(value: unknown): boolean;
  hint: string;
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);
const atLeast = (least: number, hint = `Use ${least} or more.`): Rule => ({
  type: "integer",
  fits: (value) => Number.isInteger(value) && (value as number) >= least,
  hint,
});
const numberFrom = (fits: (value: number) => boolean, hint: string): Rule => ({
  type: "number",
  fits: (value) => isNumber(value) && fits(value),
  hint,
});
const weight = numberFrom((value) => value >= 0, "Use a number of 0 or more.");
const oneOf = (...choices: string[]): Rule => ({
  type: choices,
  fits: (value) => choices.includes(value as string),
  hint: `Valid: ${choices.join(", ")}.`,
});
const ofType = (type: string, hint: string): Rule => ({
  type: type === "boolean" ? "flag" : "other",
  fits: (value) => typeof value === type && value !== null,
  hint,
});

/** One option of the learners. */
interface OptionSpec<T> extends Rule {
  /** The value where none is given: one for all kinds, or one for each. */
  default?: T | ((kind: Kind) => T);
  /** The one `sparsity` that uses it. */
  only?: Sparsity;
  /** Kept with the result, because its numbers depend on it. */
  recorded?: true | ((value: NonNullable<T>) => string);
  /** Help text of its flag on a command line. */
  help?: string;
}

const byKind =
  <T>(values: Readonly<Record<Kind, T>>) =>
  (kind: Kind) =>
    values[kind];

/**
 * Every option of the learners. Defaults, checks, what is recorded and the flags of the commands come from here.
 * `npm run bench:minimality` and `bench:sparsity` show how the weights of minimality were chosen.
 */
export const learnOptions: { readonly [Name in keyof LearnOptions]-?: OptionSpec<LearnOptions[Name]> } = {
  sites: {
    type: "list",
    fits: (value) => Array.isArray(value) && value.length > 0 && value.every((site) => typeof site === "string"),
    hint: 'For instance ["mlp_out"].',
    default: ["attn_out", "mlp_out"],
    recorded: (value) => [value].flat().join(","),
    help: "where to learn, comma-separated",
  },
  places: { ...ofType("object", "For instance { mlp_out: [[3, 7]] }."), recorded: () => "given" },
  positions: {
    ...oneOf("each", "all"),
    default: byKind({ scalars: "each", vectors: "each", dynamic: "all" }),
    help: "parameters for each position of the prompts, or one set for all (default: each; dynamic has only all)",
  },
  seed: { type: "integer", fits: Number.isInteger, hint: "Use an integer.", default: 0 },
  steps: { ...atLeast(1), default: 400, help: "most updates" },
  batchSize: { ...atLeast(1), default: 16, recorded: true, help: "prompts in one update" },
  lr: {
    ...numberFrom((value) => value > 0, "Use a number above 0."),
    default: byKind({ scalars: 0.05, vectors: 0.1, dynamic: 0.01 }),
    recorded: true,
    help: "learning rate",
  },
  margin: {
    ...numberFrom(() => true, "Use a finite number."),
    default: 3,
    recorded: true,
    help: "by how many logits the intended answer should lead",
  },
  faithfulnessWeight: { ...weight, default: 0.5, recorded: true, help: "weight of keeping other tokens as they are" },
  patience: { ...atLeast(0, "Use 0 (never stop early) or more."), default: 60, recorded: true },
  sparsity: {
    ...oneOf("l1", "l0"),
    default: "l1",
    recorded: true,
    help: "how parameters become 0: l1 norm, or gates whose number counts",
  },
  minimality: {
    ...weight,
    // Entries of a residual vector have no meaning of their own: whole vectors are to vanish, not entries. Dynamic: chosen
    // on training prompts; with less, `ccc` disturbs other tokens more; with more, `ioi` carries over less.
    default: byKind({ scalars: 0.6, vectors: 0, dynamic: 0.1 }),
    only: "l1",
    recorded: true,
    help: "weight of the l1 norm",
  },
  groupMinimality: {
    ...weight,
    default: byKind({ scalars: 0, vectors: 2, dynamic: 0 }),
    only: "l1",
    recorded: true,
    help: "weight of the group lasso, one group for each place",
  },
  gateMinimality: {
    ...weight,
    default: 0.1,
    only: "l0",
    recorded: true,
    help: "weight of the number of open gates, with l0",
  },
  debias: {
    ...ofType("boolean", "Use true or false."),
    default: false,
    help: "fit what is left once more, without the weight that made the others 0",
  },
  task: { ...ofType("string", "Use a name."), default: "" },
  onProgress: ofType("function", "Use a function."),
  signal: ofType("object", "Use an AbortSignal."),
};

const entries = Object.entries(learnOptions) as [keyof LearnOptions, OptionSpec<unknown>][];

/** Returns the options that are given: `undefined` counts as not given. */
export function definedOf<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

/** Fills in every default of a learner. Throws `ArgumentError` for an unknown one, with the nearest. */
export function settingsFor(kind: Kind, options: LearnOptions = {}): LearnSettings {
  checkOptions("learn", options, Object.keys(learnOptions));
  const defaults = entries.map(([name, { default: own }]) => [name, typeof own === "function" ? own(kind) : own]);
  const places = options.places && listPlaces(options.places);
  const sites = places && { sites: [...new Set(places.map(({ site }) => site))] };
  const all = { ...Object.fromEntries(defaults), ...sites, ...definedOf({ ...options, places }) };
  return { ...all, sites: [all.sites].flat() };
}

/** Returns the settings that are kept with a result: those that its numbers depend on. */
export function recordedSettings(settings: LearnSettings): Record<string, number | string> {
  const kept: Record<string, number | string> = {};
  for (const [name, { recorded, only }] of entries) {
    const value = settings[name];
    if (!recorded || value === undefined || (only !== undefined && only !== settings.sparsity)) continue;
    kept[name] = recorded === true ? (value as number | string) : recorded(value);
  }
  return kept;
}

/** Returns the length that all prompts have. Throws `ArgumentError` for none, and for several lengths. */
export function lengthOf(where: string, prompts: readonly Prompt[], instead = ""): number {
  if (prompts.length === 0) throw new ArgumentError(where, "no prompts given");
  const lengths = [...new Set(prompts.map((prompt) => prompt.ids.length))];
  if (lengths.length === 1) return lengths[0]!;
  throw new ArgumentError(where, `prompts of ${lengths.join(" and ")} tokens: positions would not mean the same`, {
    hint: `Keep the prompts of one length${instead}.`,
  });
}

/**
 * Checks what a learner works with; `given` are the options before defaults were filled in. Returns the length of the
 * prompts, which is 0 where positions share their parameters.
 *
 * @throws ArgumentError for an unknown kind, a value out of range, and prompts that do not fit.
 */
export function checkLearn(
  where: string,
  kind: Kind,
  prompts: readonly Prompt[],
  settings: LearnSettings,
  given: LearnOptions = {},
): number {
  if (!Object.hasOwn(kinds, kind)) {
    throw new ArgumentError(where, `no kind "${kind}"`, { hint: `Valid: ${Object.keys(kinds).join(", ")}.` });
  }
  for (const [name, { type, fits, hint }] of entries) {
    const value = settings[name];
    if (value === undefined || fits(value)) continue;
    const isNone = Array.isArray(value) && value.length === 0;
    const problem = isNone ? `no ${name} given` : Array.isArray(type) ? `no ${name} "${value}"` : `${name} is ${value}`;
    throw new ArgumentError(where, problem, { hint });
  }
  checkSparsity(where, settings, given);
  if (settings.positions === "each" && !kinds[kind].hasPositions) {
    throw new ArgumentError(where, `${kind} scalars belong to no position`, { hint: "Leave positions out." });
  }
  if (prompts.length > 0 && settings.positions === "all") return 0;
  return lengthOf(where, prompts, ', or learn { positions: "all" }');
}

/** A weight that the chosen kind of sparsity does not have would do nothing. */
function checkSparsity(where: string, { sparsity }: LearnSettings, given: LearnOptions): void {
  const unused = entries.find(([name, { only }]) => only !== undefined && only !== sparsity && given[name]);
  if (unused === undefined) return;
  const [name] = unused;
  const own = entries.filter(([, { only }]) => only === sparsity).map(([weight]) => weight);
  throw new ArgumentError(where, `${name} is ${given[name]}, but sparsity "${sparsity}" does not use it`, {
    hint: `Its ${own.length === 1 ? "weight is" : "weights are"} ${own.join(" and ")}.`,
  });
}
