// biome-ignore-all lint/suspicious/noExplicitAny: the expected values of a fixture folder are checked as they are used.

import { loadModel } from "fader";
import { step } from "fader/autograd";
import type { Model } from "fader/nn";
import { largestError, numbers, type Report } from "./compare";
import { verifyHalf } from "./half";
import { verifyIntervention, verifyLanguageModelLoss } from "./interventions";
import { checkProbes, logitBound, placesOf } from "./probes";
import { verifyGeneration, verifyPerplexity } from "./sequences";

/** What weights are loaded as. */
export const dtypes = ["f32", "auto", "f16", "bf16"] as const;
export type VerifyDType = (typeof dtypes)[number];

/** Those that say something about a folder: `auto` is `f32` unless weights are stored in 16 bits. */
export function sensibleDTypes(expected: any): VerifyDType[] {
  const stored: string[] = expected.model?.stored_dtype ?? [];
  return dtypes.filter((dtype) => dtype !== "auto" || stored.some((name) => name !== "F32"));
}

/**
 * Checks a model folder, loaded as users load it, against its `expected.json`. Tolerances are those of the fixtures'
 * README, also with `auto`, as what is stored in 16 bits is kept exactly; for weights rounded to 16 bits see `half.ts`.
 */
export async function verifyModel(
  folder: string,
  expected: any,
  report: Report,
  dtype: VerifyDType = "f32",
): Promise<void> {
  const model = await loadModel(folder, { dtype });
  if (dtype === "f16" || dtype === "bf16") {
    verifyHalf(model, await loadModel(folder), dtype, expected, report);
    return;
  }
  verifyLogits(model, expected, report);
  verifyGreedy(model, expected, report);
  verifyGeneration(model, expected, report);
  verifyPerplexity(model, expected, report);
  verifyProbes(model, expected, report);
  for (const intervention of expected.interventions ?? []) verifyIntervention(model, expected, intervention, report);
  if (expected.lm_loss) verifyLanguageModelLoss(model, expected, report);
}

function verifyLogits(model: Model, { prompts, logits }: any, report: Report): void {
  const check = (what: string, ids: number[] | number[][], positions: "all" | "last", want: any) => {
    if (want === undefined) return;
    const got = step(() => model.forward(ids, { positions }).logits);
    report.add("logits", what, largestError(got.toTypedArray(), numbers(want)), logitBound);
  };
  check("batch_last", prompts.batch, "last", logits.batch_last);
  check("batch0_all", prompts.batch[0], "all", logits.batch0_all);
  if (prompts.single) check("single_last", prompts.single, "last", logits.single_last);
  if (prompts.long) check("long_last", prompts.long, "last", logits.long_last);
}

/** Each step from the full prefix, as `greedy` is defined. */
function verifyGreedy(model: Model, { greedy }: any, report: Report): void {
  if (!greedy) return;
  const ids = [...greedy.prompt];
  for (const want of greedy.new_tokens) {
    const next = step(() => model.forward(ids, { positions: "last" }).logits.argmax()).item();
    report.add("greedy tokens", `token ${ids.length}`, next === want ? 0 : 1, 0);
    ids.push(want);
  }
}

function verifyProbes(model: Model, { prompts, probes }: any, report: Report): void {
  if (!probes) return;
  const { activations } = step(() => model.forward(prompts.batch, { capture: placesOf(probes) }));
  checkProbes("probes", probes, activations, report);
}
