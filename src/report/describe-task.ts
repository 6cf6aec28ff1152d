import { type Model, nextTokens } from "../nn";
import {
  betaDial,
  bootstrap,
  type DialRow,
  type LearnedIntervention,
  logitDiff,
  logitsAt,
  type Prompt,
  pruningBand,
  type Task,
} from "../steering";
import type { Curve, Dial, Example, MovedFader, SiteMap, TaskData } from "./data";
import { attentionOf, insideOf } from "./describe-inside";

/** What several methods learned on one split of a task, by method. */
export interface SeedRun {
  seed: number;
  task: Task;
  learned: Readonly<Record<string, LearnedIntervention>>;
}

/** The largest ones; the maps and their CSV files have all. */
const shownFaders = 20;

/** Describes a task by the interventions of one or several seeds: what shows a single one shows those of the first. */
export function describeTask(model: Model, id: string, runs: readonly [SeedRun, ...SeedRun[]]): TaskData {
  const [{ seed, task, learned }] = runs;
  const prompt = task.test[0]!;
  const example = exampleOf(model, prompt, learned);
  const all = Object.entries(learned);
  const scalars = all.find(([, { kind }]) => kind === "scalars")?.[1];
  const vectors = all.find(([, { kind }]) => kind === "vectors")?.[1];
  return {
    id,
    description: task.description,
    split: task.split,
    seed,
    prompts: task.test.length,
    example,
    methods: all.map(([method]) => method),
    faders: scalars ? faderMapsOf(scalars) : [],
    vectors: vectors ? normMapsOf(vectors) : [],
    moved: scalars ? movedFaders(scalars, example.tokens).slice(0, shownFaders) : [],
    dials: all.map(([method, own]) => ({ method, points: dialOf(model, task, own) })),
    curves: all.map(([method]) => curveOf(model, method, runs)),
    tables: [],
    ...(all[0] && { inside: insideOf(model, prompt, ...all[0]), attention: attentionOf(model, prompt, ...all[0]) }),
  };
}

function exampleOf(model: Model, prompt: Prompt, learned: SeedRun["learned"]): Example {
  const word = (id: number) => model.tokenizer?.token(id) ?? String(id);
  const row = (label: string, beta: number | null, intervention?: LearnedIntervention) => {
    const interventions = intervention?.at(beta ?? 0) ?? {};
    const all = nextTokens(model, prompt.ids, { interventions, count: model.config.vocab_size });
    const probability = (id: number) => all.find((entry) => entry.id === id)!.probability;
    const [logits] = logitsAt(model, [prompt.ids], interventions, [1]);
    return {
      label,
      beta,
      answer: all[0]!.token,
      pCorrect: probability(prompt.correct),
      pWrong: probability(prompt.wrong),
      delta: logitDiff(logits!, [prompt]).item(),
      top: all.slice(0, 5).map(({ token, probability: p }) => ({ token, probability: p })),
    };
  };
  return {
    prompt: prompt.text,
    tokens: prompt.ids.map(word),
    correct: word(prompt.correct),
    wrong: word(prompt.wrong),
    rows: [
      row("clean", null),
      ...Object.entries(learned).flatMap(([label, own]) => [-1, 0, 1].map((beta) => row(label, beta, own))),
    ],
  };
}

/** The scalars of each site; at sites with heads, those of each head. */
function faderMapsOf({ sites, parameters, hasPositions }: LearnedIntervention): SiteMap[] {
  return sites.flatMap((site) => {
    const own = parameters[site]!.alpha!;
    // One column where the parameters are the same for all positions.
    const alpha = hasPositions ? own : own.unsqueeze(1);
    if (alpha.rank === 2) return [{ site, values: alpha.toArray() as number[][] }];
    return Array.from({ length: alpha.shape[2]! }, (_, head) => ({
      site: `${site}, head ${head}`,
      values: alpha
        .slice([null, null, [head, head + 1]])
        .squeeze(2)
        .toArray() as number[][],
    }));
  });
}

/** The norms of each site's vectors. */
function normMapsOf({ sites, parameters, hasPositions }: LearnedIntervention): SiteMap[] {
  return sites.map((site) => {
    const own = parameters[site]!.v!;
    const v = hasPositions ? own : own.unsqueeze(1);
    const axes = v.shape.map((_, i) => i).slice(2);
    return { site, values: v.square().sum(axes).sqrt().toArray() as number[][] };
  });
}

function movedFaders(scalars: LearnedIntervention, tokens: readonly string[]): MovedFader[] {
  return scalars.activeLocations().map(({ site, layer, position, value }) => ({
    site,
    layer,
    ...(position !== undefined && { position, token: tokens[position]! }),
    alpha: value,
  }));
}

/** Means over the held-out prompts. Those of a group are not independent, so that intervals draw groups. */
function dialOf(model: Model, { test }: Task, learned: LearnedIntervention): Dial["points"] {
  const groups = [...new Set(test.map(({ group }) => group))];
  const members = groups.map((group) => test.flatMap((prompt, i) => (prompt.group === group ? [i] : [])));
  return betaDial(model, test, learned).map(({ beta, prompts }) => {
    const interval = (key: keyof DialRow) =>
      bootstrap(members, (drawn) => {
        const values = drawn.flatMap((rows) => rows.map((row) => prompts[row]![key]));
        return values.reduce((sum, value) => sum + value, 0) / values.length;
      });
    return {
      beta,
      delta: interval("delta"),
      correct: interval("correct"),
      wrong: interval("wrong"),
      others: interval("others"),
    };
  });
}

function curveOf(model: Model, method: string, runs: readonly SeedRun[]): Curve {
  const own = runs.flatMap(({ task, learned }) => {
    const intervention = learned[method];
    return intervention === undefined ? [] : [{ intervention, prompts: task.test }];
  });
  return { method, points: pruningBand(model, own) };
}
