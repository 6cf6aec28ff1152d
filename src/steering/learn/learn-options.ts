import type { Site } from "../../nn";
import type { LearnReport, Settings } from "./learn-settings";
import type { Kind, Positions } from "./learned";
import type { Faithfulness } from "./objective";
import { type Places, sitesOf } from "./places";
import type { Sparsity } from "./sparsity";

/** All values are ours: the paper's are not known. */
export interface LearnOptions {
  /** Where to learn. Default `["attn_out", "mlp_out"]`, or the sites of `places`. */
  sites?: readonly Site[];
  /** Learns only there: `{ mlp_out: [[layer, position], …] }`, or what `activeLocations()` found. Default: everywhere. */
  places?: Places;
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
  /** `l1` (default): ℓ1 and group lasso, as proximal steps. `l0`: hard-concrete gates, whose number is the penalty. */
  sparsity?: Sparsity;
  /** λ_M of the ℓ1 norm. Default 0.6 for scalars, 0 for vectors, 0.1 for dynamic scalars. */
  minimality?: number;
  /** λ_M of the group lasso, one group for each location. Default 2 for vectors, 0 for the others. */
  groupMinimality?: number;
  /** λ_M of the expected number of open gates, with `l0`. Default 0.1. */
  gateMinimality?: number;
  /** Fits what is not 0 once more without the penalty (see `refit`), where anything is left. Default false. */
  debias?: boolean;
  /** Stop when the mean loss over this many updates no longer falls by 1%; 0 never stops early. Default 60. */
  patience?: number;
  /** Name of the task, kept with the result. */
  task?: string;
  onProgress?: (report: LearnReport) => void;
  /** Ends learning: it rejects with the signal's reason, an `AbortError` unless another was given. */
  signal?: AbortSignal;
}

const defaults = {
  sites: ["attn_out", "mlp_out"] as readonly Site[],
  seed: 0,
  steps: 400,
  batchSize: 16,
  margin: 3,
  faithfulnessWeight: 0.5,
  faithfulness: "kl-others" as Faithfulness,
  sparsity: "l1" as Sparsity,
  debias: false,
  patience: 60,
};

type Own = "positions" | "lr" | "minimality" | "groupMinimality" | "gateMinimality";
/** Settings of each kind. `npm run bench:minimality` and `bench:sparsity` show how the minimality was chosen. */
const perKind: Readonly<Record<Kind, Pick<Settings, Own>>> = {
  scalars: { positions: "each", lr: 0.05, minimality: 0.6, groupMinimality: 0, gateMinimality: 0.1 },
  // Entries of a residual vector have no meaning of their own: whole vectors are to vanish, not entries.
  vectors: { positions: "each", lr: 0.1, minimality: 0, groupMinimality: 2, gateMinimality: 0.1 },
  // Chosen on training prompts: with less, `ccc` disturbs other tokens more; with more, `ioi` carries over less.
  dynamic: { positions: "all", lr: 0.01, minimality: 0.1, groupMinimality: 0, gateMinimality: 0.1 },
};

/** The options of a learner with every default filled in. */
export function settingsFor(kind: Kind, options: LearnOptions): Settings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const sites = options.places && sitesOf(options.places);
  return { ...defaults, ...perKind[kind], ...(sites?.length && { sites }), ...given };
}
