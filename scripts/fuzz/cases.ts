import { Random } from "fader/autograd";
import type { CheckpointDType } from "fader/nn";
import { pickBase } from "./bases";
import { type Draft, type Expected, type Files, filesOf, type Mutation } from "./folder";
import { decorateConfig, mutateConfig } from "./mutate-config";
import { mutateFiles } from "./mutate-files";
import { rearrangeWeights, replaceWeights, spoilWeights } from "./mutate-weights";

/** One mutated checkpoint folder. */
export interface Case {
  readonly what: string;
  readonly files: Files;
  /** The folder as it was. */
  readonly before: Files;
  readonly expected: Expected;
  readonly dtype: CheckpointDType;
  /** How the files are reached. */
  readonly access: "memory" | "dropped" | "disk";
}

/** The same case for the same numbers, whatever ran before. */
export function makeCase(seed: number, index: number, family?: string): Case {
  const random = new Random(seed * 7_919_993 + index);
  const base = pickBase(random, family);
  const before = filesOf(base.draft, new Random(1));
  const draft: Draft = base.draft;
  const steps = mutateDraft(draft, random);
  const files = filesOf(draft, random);
  if (steps.length === 0 || random.uniform() < 0.1) steps.push(mutateFiles(files, random));
  // As stored, a tensor in another dtype is another weight.
  const isWidened = steps.some(({ what }) => what.includes("wider"));
  const dtype = random.pick(["f32", "f32", "f32", isWidened ? "f32" : "auto", "bf16", "f16", "f64"] as const);
  const access = random.pick(["memory", "memory", "memory", "dropped", "disk"] as const);
  return {
    what: `${base.name}, as ${dtype}, from ${access}: ${steps.map(({ what }) => what).join(" | ")}`,
    files,
    before,
    expected: together(steps),
    dtype,
    access,
  };
}

/** Half of the cases change what a checkpoint says, the other half its files. */
function mutateDraft(draft: Draft, random: Random): Mutation[] {
  const choice = random.uniform();
  if (choice < 0.45) return [];
  const kinds = [mutateConfig, mutateConfig, rearrangeWeights, spoilWeights, replaceWeights, decorateConfig];
  const steps = [random.pick(kinds)(draft, random)];
  // What means nothing means nothing twice.
  while (steps.at(-1)!.expected === "same" && random.uniform() < 0.5) {
    steps.push(random.pick([rearrangeWeights, decorateConfig])(draft, random));
  }
  return steps;
}

function together(steps: readonly Mutation[]): Expected {
  if (steps.length === 1 || steps.every(({ expected }) => expected === "same")) return steps[0]!.expected;
  return "either";
}
