import type { Tensor } from "../autograd";
import { type Model, nextTokens } from "../nn";
import type { Curve, ExampleRow, ReportData } from "../report";
import { type Comparison, type LearnedIntervention, logitDiff, logitsAt, type Prompt, type Task } from "../steering";
import { version } from "./version";

/** Everything that a run found out. */
export interface Findings {
  model: Model;
  task: Task;
  /** The held-out prompt that the report shows. */
  example: Prompt;
  faders: LearnedIntervention;
  vectors: LearnedIntervention;
  comparison: Comparison;
  curves: Curve[];
  seed: number;
  seconds: number;
}

/** What the report shows of a run. */
export function describe(found: Findings): ReportData {
  const { model, task, example, faders, vectors, comparison, curves, seed, seconds } = found;
  const word = (id: number) => model.tokenizer?.token(id) ?? String(id);
  const tokens = example.ids.map(word);
  const { columns, rows } = comparison.table();
  return {
    title: "Faders against vectors",
    question:
      `Can a few multipliers on activations that are already inside the model decide which of two answers it gives, ` +
      `and back, as well as learned vectors that are added to them? ${task.description}`,
    model: { name: model.name, parameters: model.parameterCount, n_layers: model.config.n_layers },
    task: { name: task.name, description: task.description, split: task.split },
    example: {
      prompt: example.text,
      tokens,
      correct: word(example.correct),
      wrong: word(example.wrong),
      rows: [
        exampleRow(model, example, undefined, "clean", null),
        ...[-1, 0, 1].map((beta) => exampleRow(model, example, faders, "faders", beta)),
        ...[-1, 0, 1].map((beta) => exampleRow(model, example, vectors, "vectors", beta)),
      ],
    },
    faders: { sites: faderSites(faders) },
    vectors: { sites: vectorSites(vectors) },
    places: placesOf(faders, tokens),
    table: { columns, rows, note: `${comparison.prompts} held-out prompts; ${task.split}.` },
    curves,
    reproduce: { command: `npx fader demo --seed ${seed} --task ${task.name}`, seed, version, seconds },
  };
}

/** The scalars of each site. */
export function faderSites(faders: LearnedIntervention): ReportData["faders"]["sites"] {
  return faders.sites.flatMap((site) => scalarMaps(site, byPosition(faders, faders.parameters[site]!.alpha!)));
}

/** The norms of each site's vectors. */
export function vectorSites(vectors: LearnedIntervention): ReportData["vectors"]["sites"] {
  return vectors.sites.map((site) => {
    const v = byPosition(vectors, vectors.parameters[site]!.v!);
    const axes = v.shape.map((_, i) => i).slice(2);
    return { site, norm: v.square().sum(axes).sqrt().toArray() as number[][] };
  });
}

/** The scalars that are not zero, with the tokens of the example. */
export function placesOf(faders: LearnedIntervention, tokens: readonly string[]): ReportData["places"] {
  return faders.activeLocations().map(({ site, layer, position, value }) => ({
    site,
    layer,
    ...(position !== undefined && { position, token: tokens[position]! }),
    alpha: value,
  }));
}

/** `[layers, positions, …]`: one column where the parameters are the same for all positions. */
function byPosition({ hasPositions }: LearnedIntervention, x: Tensor): Tensor {
  return hasPositions ? x : x.unsqueeze(1);
}

/** One map for a site, or one for each head at `z`. */
function scalarMaps(site: string, alpha: Tensor): { site: string; alpha: number[][] }[] {
  if (alpha.rank === 2) return [{ site, alpha: alpha.toArray() as number[][] }];
  return Array.from({ length: alpha.shape[2]! }, (_, head) => {
    const part = alpha.slice([null, null, [head, head + 1]]).squeeze(2);
    return { site: `${site}, head ${head}`, alpha: part.toArray() as number[][] };
  });
}

/** What the model answers to a prompt under one intervention at one β. */
export function exampleRow(
  model: Model,
  prompt: Prompt,
  intervention: LearnedIntervention | undefined,
  label: string,
  beta: number | null,
): ExampleRow {
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
}
