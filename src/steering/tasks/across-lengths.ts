import { ArgumentError } from "../../autograd";
import type { Model } from "../../nn";
import { buildTask, type TaskFamily, type Wording } from "./family";
import { type BuildOptionsOf, type TaskName, taskFamily, type WordingOf } from "./registry";
import { type Prompt, type Task, type TaskOptions, warningsOf } from "./task";

/** What the family builds its tasks with, and which wordings are on which side. */
export type AcrossLengthsOptions<Name extends TaskName> = BuildOptionsOf<Name> & {
  /** Wordings of the training prompts. Default: those not in `testOn`; without that, every second one by length. */
  trainOn?: readonly WordingOf<Name>[];
  /** Wordings of the test prompts. Default: those not in `trainOn`. */
  testOn?: readonly WordingOf<Name>[];
};

/**
 * Builds a task of several prompt lengths, for what is tied to no position: the test prompts are worded in ways, and of
 * lengths, that no training prompt has, about countries or names that training never saw. Of each wording one length is
 * kept.
 *
 * @throws `ArgumentError` when a side has no wording or prompt, or both share a wording.
 */
export function acrossLengths<Name extends TaskName>(
  model: Model,
  name: Name,
  options: AcrossLengthsOptions<Name> = {} as AcrossLengthsOptions<Name>,
): Task {
  return acrossWordings(model, taskFamily("acrossLengths", name), options);
}

/** Does what `acrossLengths` does, for any family. */
export function acrossWordings(
  model: Model,
  family: TaskFamily,
  options: TaskOptions & { trainOn?: readonly Wording[]; testOn?: readonly Wording[] },
): Task {
  const { trainOn: wanted, testOn: others, ...rest } = options;
  const without = (list: readonly Wording[]) => family.wording.all.filter((wording) => !list.includes(wording));
  const trainOn = wanted ?? (others ? without(others) : family.wording.trainOn);
  const testOn = others ?? without(trainOn);
  checkWordings(trainOn, testOn);
  const build = (wording: Wording) => buildTask(model, family, wording, rest);
  // The seed draws the same split of countries or names for every wording.
  const [seen, unseen] = [trainOn.map(build), testOn.map(build)];
  const skipped = [...seen, ...unseen].flatMap((task) => task.skipped);
  const train = seen.flatMap((task) => task.train);
  const trained = new Set(lengthsOf(train));
  const test = unseen
    .flatMap((task) => task.test)
    .filter(({ ids, text }) => {
      if (trained.has(ids.length)) skipped.push({ text, why: `${ids.length} tokens long, as training prompts are` });
      return !trained.has(ids.length);
    });
  if (test.length === 0) {
    throw new ArgumentError("acrossLengths", "no test prompt has a length that training has not", {
      details: { "training lengths": [...trained], testOn: testOn.join(", ") },
      hint: "Test on other wordings.",
    });
  }
  const [first] = seen as [Task];
  const what = first.split.split(" ").at(-1);
  return {
    name: family.name,
    description: first.description,
    train,
    test,
    split: [side("training", what, train, trainOn.length), side("held-out", what, test, testOn.length)].join("; "),
    skipped,
    warnings: warningsOf(skipped),
  };
}

/** `30 training countries, in 3 wordings of 12, 20 and 24 tokens`. */
function side(which: string, what: string | undefined, prompts: readonly Prompt[], wordings: number): string {
  const groups = new Set(prompts.map((prompt) => prompt.group)).size;
  const lengths = lengthsOf(prompts);
  const list = lengths.length > 1 ? `${lengths.slice(0, -1).join(", ")} and ${lengths.at(-1)}` : lengths[0];
  return `${groups} ${which} ${what}, in ${wordings} ${wordings === 1 ? "wording" : "wordings"} of ${list} tokens`;
}

function lengthsOf(prompts: readonly Prompt[]): number[] {
  return [...new Set(prompts.map(({ ids }) => ids.length))].sort((a, b) => a - b);
}

function checkWordings(trainOn: readonly unknown[], testOn: readonly unknown[]): void {
  for (const [key, wordings] of Object.entries({ trainOn, testOn })) {
    if (wordings.length === 0) throw new ArgumentError("acrossLengths", `${key} is empty`);
    if (new Set(wordings).size < wordings.length) {
      throw new ArgumentError("acrossLengths", `${key} names a wording twice: ${wordings.join(", ")}`);
    }
  }
  const both = trainOn.find((wording) => testOn.includes(wording));
  if (both === undefined) return;
  throw new ArgumentError("acrossLengths", `"${both}" is in trainOn and in testOn`, {
    hint: "Test on wordings that training does not see.",
  });
}
