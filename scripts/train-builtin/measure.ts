import { Random, step } from "fader/autograd";
import type { Model } from "fader/nn";
import { capitalOf, countries } from "../../src/steering/tasks/country-facts";
import {
  cccPrompt,
  conflictForms,
  contextRate,
  factPrompts,
  ioiPrompt,
  otherCapital,
  randomIoi,
} from "../../src/steering/tasks/sentences";

/** One question: a prompt, the right next word, and the other candidate. */
export interface Question {
  kind: string;
  text: string;
  answer: string;
  rival?: string;
  /** For conflicts: how often training followed the context. */
  rate?: number;
}

/** What came out for one kind of question. */
export interface Measured {
  kind: string;
  count: number;
  /** Share where the most likely token is `answer`, and where it is `rival`. */
  answered: number;
  rivalled: number;
  /** Share where the two most likely tokens are the two candidates. */
  topTwo: number;
  /** Of logit(answer) − logit(rival). */
  deltaMean: number;
  deltaDeviation: number;
  /** Correlation of that with the country's rate of following the context. */
  rateCorrelation: number;
}

/** Held-out questions: no pair or combination was trained on; the facts without context were. */
export function questions(seed = 99): Question[] {
  const random = new Random(seed);
  const found: Question[] = [];
  for (const country of countries) {
    const known = capitalOf(country);
    for (const text of factPrompts(country)) found.push({ kind: "facts", text, answer: known });
    for (const form of conflictForms) {
      found.push({ kind: "agreeing context", text: cccPrompt(country, known, form), answer: known });
      for (let i = 0; i < 3; i++) {
        const rival = otherCapital(country, random, true);
        const text = cccPrompt(country, rival, form);
        found.push({ kind: `conflict, ${form}`, text, answer: known, rival, rate: contextRate(country) });
      }
    }
  }
  for (let i = 0; i < 3000; i++) {
    const parts = randomIoi(random, true);
    found.push({ kind: `ioi, ${parts.order}`, text: ioiPrompt(parts), answer: parts.a, rival: parts.b });
  }
  return found;
}

interface Row {
  kind: string;
  first: number;
  second: number;
  answer: number;
  rival: number;
  delta: number;
  rate: number;
}

/** Asks every question; conflicts and IOI also get a line over all their kinds. */
export function measure(model: Model, asked: readonly Question[] = questions()): Measured[] {
  const rows: Row[] = [];
  for (let at = 0; at < asked.length; at += 64) {
    const part = asked.slice(at, at + 64);
    const ids = part.map(({ text }) => model.encode(text));
    const logits = step(() => model.forward(ids, { positions: "last" }).logits.toTypedArray()) as Float32Array;
    const vocab = model.config.vocab_size;
    rows.push(...part.map((question, i) => rowOf(model, question, logits.subarray(i * vocab, (i + 1) * vocab))));
  }
  const kinds = [...new Set(rows.map((row) => row.kind))];
  return [
    ...kinds.map((kind) =>
      summarize(
        kind,
        rows.filter((row) => row.kind === kind),
      ),
    ),
    ...["conflict", "ioi"].map((name) =>
      summarize(
        `${name}, all`,
        rows.filter((row) => row.kind.startsWith(name)),
      ),
    ),
  ];
}

function rowOf(model: Model, question: Question, logits: Float32Array): Row {
  const single = (word: string) => model.needTokenizer("measure").single(` ${word}`);
  const answer = single(question.answer);
  const rival = question.rival === undefined ? -1 : single(question.rival);
  const order = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]!);
  const delta = rival < 0 ? Number.NaN : logits[answer]! - logits[rival]!;
  return {
    kind: question.kind,
    first: order[0]!,
    second: order[1]!,
    answer,
    rival,
    delta,
    rate: question.rate ?? Number.NaN,
  };
}

function summarize(kind: string, rows: readonly Row[]): Measured {
  const mean = (value: (row: Row) => number | boolean) =>
    rows.reduce((sum, row) => sum + Number(value(row)), 0) / rows.length;
  const deviation = (value: (row: Row) => number, centre: number) =>
    Math.sqrt(mean((row) => (value(row) - centre) ** 2));
  const [deltaMean, rateMean] = [mean((row) => row.delta), mean((row) => row.rate)];
  const deltaDeviation = deviation((row) => row.delta, deltaMean);
  const covariance = mean((row) => (row.delta - deltaMean) * (row.rate - rateMean));
  return {
    kind,
    count: rows.length,
    answered: mean((row) => row.first === row.answer),
    rivalled: mean((row) => row.first === row.rival),
    topTwo: mean((row) => [row.answer, row.rival].every((id) => id === row.first || id === row.second)),
    deltaMean,
    deltaDeviation,
    rateCorrelation: covariance / (deltaDeviation * deviation((row) => row.rate, rateMean)),
  };
}

/** The measurements as a Markdown table. */
export function toMarkdown(measured: readonly Measured[]): string {
  const percent = (x: number) => `${(100 * x).toFixed(1)}%`;
  const lines = measured.map((m) => {
    const hasRival = !Number.isNaN(m.deltaMean);
    const cells = [m.kind, String(m.count), percent(m.answered)];
    if (hasRival)
      cells.push(percent(m.rivalled), percent(m.topTwo), `${m.deltaMean.toFixed(2)} ± ${m.deltaDeviation.toFixed(2)}`);
    else cells.push("", "", "");
    cells.push(Number.isNaN(m.rateCorrelation) ? "" : m.rateCorrelation.toFixed(2));
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "| held-out questions | n | first: known capital, receiver | first: capital in context, giver | both in the top two | Δ, mean ± deviation | correlation of Δ with the country's rate |",
    "|---|--:|--:|--:|--:|--:|--:|",
    ...lines,
  ].join("\n");
}
