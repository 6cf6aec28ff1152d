import { Random } from "../../autograd";
import type { Model } from "../../nn";
import type { LearnedIntervention } from "../learn/learned";
import { auroc, isAmongLargest, spearman } from "../statistics";
import type { Prompt } from "../tasks/task";
import { activationPatching } from "./activation-patching";
import { reachesAnswer, scoresOf } from "./scores";

/** How well learned scalars find the places that matter, on one split of a task. */
export interface PlaceAgreement {
  /** Rank correlation of |α| with mean |effect on Δ|, over places that can reach the answer. */
  readonly spearman: number;
  /** Area under the ROC curve for the tenth of the places with the largest effects; 0.5 is chance. */
  readonly auroc: number;
}

/** Held-out prompts that are patched. */
const most = 16;
const topShare = 0.1;

/**
 * Patches every place with counterfactuals on some held-out prompts, as `localisation` does, and compares with |α|.
 * Undefined when all scalars are zero, which name no place, and where fewer than two places
 * reach the answer.
 */
export function agreementWithPatching(
  model: Model,
  prompts: readonly Prompt[],
  learned: LearnedIntervention,
  seed: number,
): PlaceAgreement | undefined {
  if (learned.activeParameters === 0) return undefined;
  const drawn = new Random(seed).shuffle(prompts).slice(0, most);
  const { sites } = learned;
  const length = drawn[0]!.ids.length;
  const causal = activationPatching(model, drawn, { sites, seed });
  const [all] = scoresOf("scalars", [learned], sites, length);
  const live = causal.places().flatMap((place, i) => (reachesAnswer(place, causal.layers, length) ? [i] : []));
  if (live.length < 2) return undefined;
  const scores = live.map((i) => all![i]!);
  const effects = causal.meanAbsolute();
  const own = live.map((i) => effects[i]!);
  const top = Math.max(1, Math.round(live.length * topShare));
  const agreement = { spearman: spearman(scores, own), auroc: auroc(scores, isAmongLargest(own, top)) };
  return Number.isFinite(agreement.spearman + agreement.auroc) ? agreement : undefined;
}
