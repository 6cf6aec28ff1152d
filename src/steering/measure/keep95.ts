import { ArgumentError } from "../../autograd";
import type { Model } from "../../nn";
import type { LearnedIntervention } from "../learn/learned";
import type { Prompt } from "../tasks/task";
import { pruningCurve } from "./pruning";

/** How few of the largest places keep a share of the effectiveness. */
export interface Kept {
  /** Fewest places. The curve need not rise: with a few more it may fall below again. */
  k: number;
  /** Active places in all. */
  of: number;
  /** Effectiveness (mean of both shares of wins; 0.5 is what no intervention has) with `k` places, and with all. */
  effectiveness: number;
  all: number;
}

/**
 * The point of the pruning curve, walked place by place, where `share` of the whole intervention's effectiveness is
 * reached for the first time. Throws `ArgumentError` for a share that is not in (0, 1].
 */
export function keep95(
  model: Model,
  prompts: readonly Prompt[],
  intervention: LearnedIntervention,
  share = 0.95,
): Kept {
  checkShare(share);
  const of = intervention.activeLocations().length;
  const at = (k: number) => pruningCurve(model, prompts, intervention, [k])[0]!.effectiveness;
  const all = at(of);
  for (let k = 0; k < of; k++) {
    const effectiveness = at(k);
    if (effectiveness >= share * all) return { k, of, effectiveness, all };
  }
  return { k: of, of, effectiveness: all, all };
}

function checkShare(share: number): void {
  if (share > 0 && share <= 1) return;
  throw new ArgumentError("keep95", `share is ${share}`, { hint: "Use a number above 0, at most 1." });
}
