import type { Interventions, Model } from "../nn";
import type { AttentionReport, Inside } from "../report";
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

/** Heads that are drawn. */
const shownHeads = 3;

/** The intervention at the β that is against the model's answer. */
function against(
  model: Model,
  prompt: Prompt,
  learned: LearnedIntervention,
): { interventions: Interventions; beta: number } {
  const [logits] = logitsAt(model, [prompt.ids], {}, [1]);
  return { interventions: learned.at(1), beta: logitDiff(logits!, [prompt]).item() > 0 ? -1 : 1 };
}

/** The prompt under the intervention at the β that is against its answer, seen from inside. */
export function insideOf(model: Model, prompt: Prompt, method: string, learned: LearnedIntervention): Inside {
  const { ids, correct, wrong } = prompt;
  const before = directLogitAttribution(model, ids, { correct, wrong });
  const edit = against(model, prompt, learned);
  const after = directLogitAttribution(model, ids, { correct, wrong, ...edit });
  const lens = [{}, edit].map((edits) => logitLens(model, ids, { tokens: [correct, wrong], ...edits }).places);
  const pair = (side: number, place: number) => {
    const [c, w] = lens[side]![place]!.cells.at(-1)!.tokens;
    return { correct: c!.probability, wrong: w!.probability };
  };
  const names = lens[0]!.map(({ name }) => (name.endsWith("resid_pre") ? "embedding" : `block ${name.split(".")[1]}`));
  return {
    method,
    beta: edit.beta,
    lens: names.map((place, i) => ({ place, before: pair(0, i), after: pair(1, i) })),
    // Nothing edits the stream itself unless a sweep learns there.
    terms: termsOf(before)
      .map(({ name, value }, i) => ({ name, before: value, after: termsOf(after)[i]!.value }))
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

/** The heads whose attention on the prompt changes most under that intervention; none where none changes. */
export function attentionOf(
  model: Model,
  prompt: Prompt,
  method: string,
  learned: LearnedIntervention,
): AttentionReport {
  const edit = against(model, prompt, learned);
  const [before, after] = [{}, edit].map((edits) => attentionPatterns(model, prompt.ids, edits));
  const { n_layers, n_heads } = model.config;
  const heads = Array.from({ length: n_layers * n_heads }, (_, i) => {
    const [layer, head] = [Math.floor(i / n_heads), i % n_heads];
    const [own, edited] = [before!.head(layer, head), after!.head(layer, head)];
    return { layer, head, change: meanChange(own, edited), before: own, after: edited };
  });
  const changed = heads.filter(({ change }) => change >= leastChange).sort((a, b) => b.change - a.change);
  const tokens = [...before!.tokens];
  return { method, beta: edit.beta, tokens, of: heads.length, heads: changed.slice(0, shownHeads) };
}

/** What would print as 0%. */
const leastChange = 0.005;

/** Total variation, mean over queries. */
function meanChange(before: number[][], after: number[][]): number {
  const moved = before.map((row, query) => row.reduce((sum, p, key) => sum + Math.abs(p - after[query]![key]!) / 2, 0));
  return moved.reduce((sum, change) => sum + change, 0) / moved.length;
}
