/** What a report is made from. All texts are plain text: the report escapes them. */
export interface ReportData {
  title: string;
  /** One paragraph. */
  question: string;
  model: { name: string; parameters: number; n_layers: number };
  /** `split` names both sides, as in "137 training countries, 60 held-out countries". */
  task: { name: string; description: string; split: string };
  example: Example;
  /**
   * One heat map per entry, layers × tokens, or a single column for all tokens; sites with several scalars per location
   * (heads) give one entry each.
   */
  faders: { sites: { site: string; alpha: number[][] }[] };
  /** L2 norms, one heat map per entry. */
  vectors: { sites: { site: string; norm: number[][] }[] };
  /** The places that moved, largest first; it may be only the head of a longer list. */
  places: Place[];
  table: { columns: string[]; rows: string[][]; note?: string };
  /** Pruning curves: the share of prompts flipped (0 to 1) with only the `k` largest locations kept. */
  curves?: Curve[];
  reproduce: { command: string; seed: number; version: string; seconds: number };
}

/** One prompt, its two candidate answers, and what each intervention does to them. */
export interface Example {
  prompt: string;
  /** The decoded text of every position: the columns of the heat maps. */
  tokens: string[];
  correct: string;
  wrong: string;
  rows: ExampleRow[];
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
  top: { token: string; probability: number }[];
}

/** One learned scalar that is not zero. */
export interface Place {
  site: string;
  layer: number;
  /** Absent where the scalar is the same at every token. */
  position?: number;
  token?: string;
  alpha: number;
}

/** One pruning curve, with 95% intervals where it is a mean. */
export interface Curve {
  name: string;
  points: { k: number; effectiveness: number; low?: number; high?: number }[];
}

/** Checks that every heat map is layers × tokens (or one column for all tokens) and finite; a wrong shape would draw a wrong picture silently. */
export function checkReportData(
  data: Pick<ReportData, "example" | "faders" | "vectors"> & { model: { n_layers: number } },
): void {
  const maps = [
    ...data.faders.sites.map(({ site, alpha }) => ({ name: `faders at ${site}`, values: alpha })),
    ...data.vectors.sites.map(({ site, norm }) => ({ name: `vectors at ${site}`, values: norm })),
  ];
  const width = data.example.tokens.length;
  for (const { name, values } of maps) {
    if (values.length !== data.model.n_layers) {
      throw new RangeError(`report: ${name}: ${values.length} layers, but the model has ${data.model.n_layers}`);
    }
    values.forEach((row, layer) => {
      if (row.length !== width && row.length !== 1) {
        throw new RangeError(
          `report: ${name}, layer ${layer}: ${row.length} positions, but the prompt has ${width} tokens`,
        );
      }
      const bad = row.findIndex((value) => !Number.isFinite(value));
      if (bad >= 0) throw new RangeError(`report: ${name}, layer ${layer}, position ${bad}: ${row[bad]} is not finite`);
    });
  }
}
