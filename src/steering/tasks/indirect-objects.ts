import { ArgumentError, Random } from "../../autograd";
import type { Model } from "../../nn";
import { checkWording, type TaskFamily } from "./family";
import { ioiPrompt, isHeldOutIoi, randomConflict, randomFacts, textOf } from "./sentences";
import { assemble, type Draft, type Task, type TaskOptions } from "./task";
import { ioiPatterns, names as knownNames, objects, places } from "./words";

/** How indirect-object prompts are built. */
export interface IndirectObjectsOptions extends TaskOptions {
  /** Which of the sentence templates; each has a length of its own. Default 0. */
  template?: number;
  /** First names to draw from. Default: those that are one token of the model, from a list of common ones. */
  names?: readonly string[];
}

/** Names of children's stories, for models that know few others. */
const storyNames = ["Lily", "Tim", "Timmy", "Sam", "Max", "Mia", "Bob", "Sue", "Amy", "Sara"];
/** Fewer names cannot be split into two groups that each have pairs to draw. */
const fewestToSplit = 6;

/**
 * IOI: `When Mary and John went to the shop, John gave a book to`. `correct` is the name that is not repeated, `wrong`
 * the giver. Both orders of the names. Split by name, so that no name is on both sides; with fewer than 6 names by place.
 */
export function indirectObjects(model: Model, options: IndirectObjectsOptions = {}): Task {
  const { seed = 0, testShare = 0.3, perGroup = 4, template = 0 } = options;
  checkWording("indirectObjects", indirectObjectsFamily.wording, template);
  const names = options.names ?? namesFor(model);
  if (new Set(names).size < 2) {
    throw new ArgumentError("indirectObjects", `${names.length} name is not enough`, {
      hint: "Give two names or more that are single tokens of the model.",
    });
  }
  const random = new Random(seed);
  const isSplitByName = names.length >= fewestToSplit;
  const order: readonly string[] = random.shuffle(isSplitByName ? names : places);
  const heldCount = Math.round(order.length * testShare);
  const draw = isSplitByName ? draftsByName : draftsByPlace;
  const build = (side: readonly string[], isTest: boolean) => draw({ side, isTest, random, perGroup, template, names });
  return assemble(model, {
    name: indirectObjectsFamily.name,
    description: "Indirect objects: who receives, when one of two names is repeated as the giver.",
    train: build(order.slice(heldCount), false),
    test: build(order.slice(0, heldCount), true),
    splitBy: isSplitByName ? "names" : "places",
  });
}

/** The known names that are one token; where these are few, those of stories as well. */
function namesFor(model: Model): string[] {
  const tokenizer = model.needTokenizer("indirectObjects");
  const usable = (list: readonly string[]) => list.filter((name) => tokenizer.isSingle(` ${name}`));
  const found = usable(knownNames);
  return found.length >= fewestToSplit ? found : [...found, ...usable(storyNames)];
}

interface Draw {
  side: readonly string[];
  isTest: boolean;
  random: Random;
  perGroup: number;
  template: number;
  names: readonly string[];
}

const orders = ["ABBA", "BABA"] as const;

function draftsByName({ side, isTest, random, perGroup, template }: Draw): Draft[] {
  return side.flatMap((a) => {
    const drafts: Draft[] = [];
    while (drafts.length < 2 * perGroup) {
      const b = random.pick(side.filter((name) => name !== a));
      const parts = { a, b, place: random.pick(places), object: random.pick(objects), template };
      if (isTest !== isHeldOutIoi(parts)) continue;
      const text = ioiPrompt({ ...parts, order: orders[drafts.length % 2]! });
      drafts.push({ text, correct: a, wrong: b, group: a });
    }
    return drafts;
  });
}

/** Every pair of names with every object: their lengths differ, and only those of one length are kept. */
function draftsByPlace({ side, random, perGroup, template, names }: Draw): Draft[] {
  const pairs = names.flatMap((a) => names.filter((b) => b !== a).map((b) => [a, b] as const));
  return side.flatMap((place) =>
    pairs.flatMap(([a, b]) =>
      random.shuffle(objects).flatMap((object, i) => {
        const text = ioiPrompt({ a, b, place, object, template, order: orders[i % 2]! });
        return i < 2 * perGroup ? [{ text, correct: a, wrong: b, group: place }] : [];
      }),
    ),
  );
}

/** IOI as data. */
export const indirectObjectsFamily: TaskFamily<"ioi", "template", number, IndirectObjectsOptions> = {
  name: "ioi",
  summary: "indirect objects",
  title: "Names",
  question: "Two names, one of them twice: who is meant?",
  wording: {
    option: "template",
    help: "which ioi sentence",
    several: "ioi sentences",
    all: ioiPatterns.map((_, template) => template),
    usual: 0,
    // By length on the built-in model every second one: 13, 15 and 17 of 13-19 tokens.
    trainOn: [2, 1, 4],
  },
  lists: { names: "first names for ioi, comma-separated (default: those that are one token)" },
  unrelated: [(random) => textOf(...randomFacts(random)), (random) => textOf(randomConflict(random))],
  build: indirectObjects,
};
