import type { Claim, FailedTrial, Interval } from "../steering";
import type { Curve, Example, ReportData } from "./data";
import type { ParetoPoint } from "./pareto";
import type { Term } from "./terms";

/** What the report of a sweep is made from. All texts are plain text: the report escapes them. */
export interface SweepReportData {
  title: string;
  /** One paragraph. */
  question: string;
  model: ReportData["model"];
  tasks: TaskReport[];
  claims: readonly Claim[];
  failed: readonly FailedTrial[];
  reproduce: {
    command: string;
    seeds: readonly number[];
    /** Name and version of what computed. */
    versions: [name: string, version: string][];
  };
}

/** One task. Maps, dial, baselines and the view inside are of one seed, pruning of a few; fronts and other tables of all. */
export interface TaskReport {
  /** `ccc-qa` */
  id: string;
  description: string;
  split: string;
  /** Of the figures that show one learned intervention. */
  seed: number;
  example: Example;
  /** Empty where the sweep learned none. */
  faders: ReportData["faders"];
  vectors: ReportData["vectors"];
  places: ReportData["places"];
  /** The methods in the order of their colours. */
  methods: string[];
  pareto: { parameters: ParetoPoint[]; klOthers: ParetoPoint[] };
  dials: Dial[];
  /** The prompts that the dials are means over. */
  prompts: number;
  curves: Curve[];
  table: ReportData["table"];
  /** Off-task harm of every setting; none where it was not measured. */
  harm?: ReportData["table"];
  baselines?: ReportData["table"];
  inside?: Inside;
  attention?: AttentionReport;
}

/** What held-out prompts answer as β goes from one end to the other: means with 95% intervals over groups of prompts. */
export interface Dial {
  method: string;
  points: { beta: number; delta: Interval; correct: Interval; wrong: Interval; others: Interval }[];
}

/** The example without an intervention and with it at one β. */
export interface Inside {
  method: string;
  beta: number;
  /** What the logit lens reads after the last token, from the embedding to the last block. */
  lens: { place: string; before: Pair; after: Pair }[];
  terms: Term[];
}

/** The heads whose attention on the example changes most, the one that changes most first. */
export interface AttentionReport {
  method: string;
  beta: number;
  tokens: string[];
  /** Heads in the model. */
  of: number;
  heads: {
    layer: number;
    head: number;
    /** Total variation between both patterns, mean over tokens: 0 to 1. */
    change: number;
    /** `[query][key]` */
    before: number[][];
    after: number[][];
  }[];
}

/** Probabilities of the two answers. */
export interface Pair {
  correct: number;
  wrong: number;
}
