import { ArgumentError } from "../autograd";
import type { Claim, FailedTrial, Interval } from "../steering";

/** Everything that a report shows: plain data. All texts are plain text, which the report escapes. */
export interface ReportData {
  title: string;
  /** One paragraph. */
  question: string;
  model: { name: string; parameters: number; n_layers: number };
  tasks: readonly TaskData[];
  /** Empty where none were checked. */
  claims: readonly Claim[];
  failed: readonly FailedTrial[];
  reproduce: {
    command: string;
    seeds: readonly number[];
    /** Name and version of what computed. */
    versions: readonly (readonly [name: string, version: string])[];
    /** How long it took, where the same command may say something else the next time. */
    seconds?: number;
    /** The folder beside the page that has its figures, where they are written. */
    figures?: string;
  };
}

/** One task. What shows one learned intervention is of one seed, pruning of a few; fronts and tables of all. */
export interface TaskData {
  /** `ccc-qa` */
  id: string;
  description: string;
  /** Names both sides, as in "137 training countries, 60 held-out countries". */
  split: string;
  /** Of the figures that show one learned intervention. */
  seed: number;
  /** Held-out prompts. */
  prompts: number;
  example: Example;
  /** The methods in the order of their colours. */
  methods: readonly string[];
  /** Learned scalars by site; those with several for each place (heads) have an entry for each. Empty where none were learned. */
  faders: readonly SiteMap[];
  /** L2 norms of learned vectors by site. */
  vectors: readonly SiteMap[];
  /** The faders that moved, largest first; it may be only the head of a longer list. */
  moved: readonly MovedFader[];
  /** Effectiveness against what it costs, where settings are compared. */
  fronts?: { parameters: readonly FrontPoint[]; klOthers: readonly FrontPoint[] };
  dials: readonly Dial[];
  curves: readonly Curve[];
  tables: readonly TableData[];
  inside?: Inside;
  attention?: Attention;
}

/** One prompt, its two candidate answers, and what each intervention does to them. */
export interface Example {
  prompt: string;
  /** The decoded text of every position: the columns of the maps. */
  tokens: readonly string[];
  correct: string;
  wrong: string;
  rows: readonly ExampleRow[];
}

/** The model's answer under one intervention at one `β`. */
export interface ExampleRow {
  /** The intervention without its β, such as "faders". */
  label: string;
  /** `null` for the clean model, which has no β. */
  beta: number | null;
  answer: string;
  pCorrect: number;
  pWrong: number;
  /** logit(correct) − logit(wrong). */
  delta: number;
  top: readonly { token: string; probability: number }[];
}

/** Layers × tokens, or layers × 1 where all tokens share a value. */
export interface SiteMap {
  site: string;
  values: readonly (readonly number[])[];
}

/** One learned scalar that is not zero. */
export interface MovedFader {
  site: string;
  layer: number;
  /** Absent where the scalar is the same at every token. */
  position?: number;
  token?: string;
  alpha: number;
}

/** One method at one setting. */
export interface FrontPoint {
  method: string;
  /** The sites and the penalty. */
  setting: string;
  /** Share of prompts, both directions. */
  flips: Interval;
  cost: Interval;
  /** No other point beats it in both. */
  isOnFront: boolean;
}

/** What held-out prompts answer as β goes from one end to the other: means with 95% intervals over groups of prompts. */
export interface Dial {
  method: string;
  points: readonly { beta: number; delta: Interval; correct: Interval; wrong: Interval; others: Interval }[];
}

/** Share of prompts won (0 to 1) with only the `k` largest locations kept. */
export interface Curve {
  method: string;
  points: readonly { k: number; effectiveness: Interval }[];
}

/** A table of texts; columns of numbers are found from their cells. */
export interface TableData {
  /** Within its task, such as `harm`. */
  id: string;
  title: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  note: string;
}

/** The example without an intervention, and with it at one β. */
export interface Inside {
  method: string;
  beta: number;
  /** What the logit lens reads after the last token, from the embedding to the last block: probabilities of the answers. */
  lens: readonly { place: string; before: Answers; after: Answers }[];
  /** What each part of the model adds to Δ, in logits, in the order of the forward pass. */
  terms: readonly { name: string; before: number; after: number }[];
}

/** Probabilities of the two answers. */
export interface Answers {
  correct: number;
  wrong: number;
}

/** The heads whose attention on the example changes most, the one that changes most first. */
export interface Attention {
  method: string;
  beta: number;
  /** Heads in the model. */
  of: number;
  heads: readonly {
    layer: number;
    head: number;
    /** Total variation between both patterns, mean over tokens: 0 to 1. */
    change: number;
    /** `[query][key]` */
    before: readonly (readonly number[])[];
    after: readonly (readonly number[])[];
  }[];
}

/**
 * Checks that every map is layers × tokens (or one column for all tokens) and finite: a wrong shape would draw a wrong
 * picture silently.
 *
 * @throws ArgumentError naming the map and the place.
 */
export function checkReportData({ model, tasks }: Pick<ReportData, "model" | "tasks">): void {
  for (const { example, faders, vectors } of tasks) {
    const width = example.tokens.length;
    const maps = [
      ...faders.map(({ site, values }) => ({ name: `faders at ${site}`, values })),
      ...vectors.map(({ site, values }) => ({ name: `vectors at ${site}`, values })),
    ];
    for (const { name, values } of maps) {
      const refuse = (what: string) => {
        throw new ArgumentError("report", `${name}${what}`);
      };
      if (values.length !== model.n_layers) refuse(`: ${values.length} layers, but the model has ${model.n_layers}`);
      values.forEach((row, layer) => {
        if (row.length !== width && row.length !== 1) {
          refuse(`, layer ${layer}: ${row.length} positions, but the prompt has ${width} tokens`);
        }
        const bad = row.findIndex((value) => !Number.isFinite(value));
        if (bad >= 0) refuse(`, layer ${layer}, position ${bad}: ${row[bad]} is not finite`);
      });
    }
  }
}
