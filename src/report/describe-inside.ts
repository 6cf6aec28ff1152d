import type { Interventions, Model } from "../nn";
import {
  attentionPatterns,
  directLogitAttribution,
  type LearnedIntervention,
  type LogitAttribution,
  logitDiff,
  logitLens,
  logitsAt,
  type Prompt,
} from "../steering";
import type { Attention, Inside } from "./data";

/** The intervention at the β that is against the model's answer. */
function against(
  model: Model,
  prompt: Prompt,
  learned: LearnedIntervention,
): { interventions: Interventions; beta: number } {
  const [logits] = logitsAt(model, [prompt.ids], {}, [1]);
  return { interventions: learned.at(1), beta: logitDiff(logits!, [prompt]).item() > 0 ? -1 : 1 };
}

/** Reads a prompt with the logit lens and by what each part adds, without and with the β that is against its answer. */
export function insideOf(model: Model, prompt: Prompt, method: string, learned: LearnedIntervention): Inside {
  const { ids, correct, wrong } = prompt;
  const edit = against(model, prompt, learned);
  const [before, after] = [{}, edit].map((edits) => ({
    lens: logitLens(model, ids, { tokens: [correct, wrong], ...edits }).places,
    terms: termsOf(directLogitAttribution(model, ids, { correct, wrong, ...edits })),
  }));
  const answers = (place: (typeof before & object)["lens"][number]) => {
    const [c, w] = place.cells.at(-1)!.tokens;
    return { correct: c!.probability, wrong: w!.probability };
  };
  return {
    method,
    beta: edit.beta,
    lens: before!.lens.map((place, i) => ({
      place: place.name.endsWith("resid_pre") ? "embedding" : `block ${place.name.split(".")[1]}`,
      before: answers(place),
      after: answers(after!.lens[i]!),
    })),
    // Nothing edits the stream itself unless a sweep learns there.
    terms: before!.terms
      .map(({ name, value }, i) => ({ name, before: value, after: after!.terms[i]!.value }))
      .filter((term) => term.before !== 0 || term.after !== 0),
  };
}

/** Attention and MLP of each block, edits included; they add up to Δ. */
function termsOf({ embedding, blocks, finalBias }: LogitAttribution): { name: string; value: number }[] {
  return [
    { name: "embedding", value: embedding },
    ...blocks.flatMap(({ attnOut, mlpOut, edits }, layer) => [
      { name: `attention ${layer}`, value: attnOut },
      { name: `MLP ${layer}`, value: mlpOut },
      { name: `stream ${layer}`, value: (edits.resid_pre ?? 0) + (edits.resid_mid ?? 0) + (edits.resid_post ?? 0) },
    ]),
    { name: "final bias", value: finalBias },
  ];
}

/** Heads that are drawn. */
const shownHeads = 3;
/** Less would print as 0%. */
const leastChange = 0.005;

/** Finds the heads whose attention on a prompt changes most under that intervention; none where none changes. */
export function attentionOf(model: Model, prompt: Prompt, method: string, learned: LearnedIntervention): Attention {
  const edit = against(model, prompt, learned);
  const [before, after] = [{}, edit].map((edits) => attentionPatterns(model, prompt.ids, edits));
  const { n_layers, n_heads } = model.config;
  const heads = Array.from({ length: n_layers * n_heads }, (_, i) => {
    const [layer, head] = [Math.floor(i / n_heads), i % n_heads];
    const [own, edited] = [before!.head(layer, head), after!.head(layer, head)];
    return { layer, head, change: meanChange(own, edited), before: own, after: edited };
  });
  const changed = heads.filter(({ change }) => change >= leastChange).sort((a, b) => b.change - a.change);
  return { method, beta: edit.beta, of: heads.length, heads: changed.slice(0, shownHeads) };
}

/** Total variation, mean over queries. */
function meanChange(before: number[][], after: number[][]): number {
  const moved = before.map((row, query) => row.reduce((sum, p, key) => sum + Math.abs(p - after[query]![key]!) / 2, 0));
  return moved.reduce((sum, change) => sum + change, 0) / moved.length;
}
