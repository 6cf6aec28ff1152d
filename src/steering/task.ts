import { ArgumentError, Random } from "../autograd";
import {
  type ConflictForm,
  cccPrompt,
  conflictForms,
  ioiPrompt,
  isHeldOutConflict,
  isHeldOutIoi,
} from "../builtin/corpus";
import { capitalOf, capitals, countries } from "../builtin/facts";
import { ioiPatterns, names, objects, places } from "../builtin/words";
import type { Model } from "../nn";

/** A text whose next token should be one of two. */
export interface Prompt {
  readonly text: string;
  readonly ids: readonly number[];
  /** Token ids of the answers. Δ = logit(correct) − logit(wrong). */
  readonly correct: number;
  readonly wrong: number;
  /** What the split is made by, e.g. the country. */
  readonly group: string;
}

/** Prompts of one token length, split so that no group is on both sides. */
export interface Task {
  readonly name: string;
  readonly description: string;
  readonly train: readonly Prompt[];
  readonly test: readonly Prompt[];
  /** How train and test differ, in words. */
  readonly split: string;
  /** Texts that could not be used, and why: answers of several tokens, other lengths. */
  readonly skipped: readonly string[];
}

export interface TaskOptions {
  seed?: number;
  /** Share of the groups that are held out. Default 0.3. */
  testShare?: number;
  /** Prompts for each country or pair of names. Default 4. */
  perGroup?: number;
}

export interface CountryCapitalsOptions extends TaskOptions {
  /** How the conflict is asked. Default `qa`. */
  form?: ConflictForm;
}

/**
 * CCC: the context names a capital that clashes with what the model knows. `correct` is the capital that the model
 * knows, `wrong` the one in the context. Split by country; capitals of held-out countries appear only in test prompts,
 * in combinations that the built-in model never trained on.
 */
export function countryCapitals(model: Model, options: CountryCapitalsOptions = {}): Task {
  const { seed = 0, testShare = 0.3, perGroup = 4, form = "qa" } = options;
  if (!conflictForms.includes(form)) {
    throw new ArgumentError("countryCapitals", `no form "${form}"`, { hint: `Valid: ${conflictForms.join(", ")}.` });
  }
  const random = new Random(seed);
  // Two countries may share a capital; splitting by capital keeps both on one side.
  const order = random.shuffle(capitals);
  const held = new Set(order.slice(0, Math.round(order.length * testShare)));
  const build = (isTest: boolean): Draft[] => {
    const side = countries.filter((country) => held.has(capitalOf(country)) === isTest);
    const others = capitals.filter((capital) => held.has(capital) === isTest);
    return side.flatMap((country) => {
      const known = capitalOf(country);
      const fitting = others.filter((o) => o !== known && (!isTest || isHeldOutConflict(country, o)));
      const drawn = random.shuffle(fitting).slice(0, perGroup);
      return drawn.map((other) => ({
        text: cccPrompt(country, other, form),
        correct: known,
        wrong: other,
        group: country,
      }));
    });
  };
  return assemble(model, {
    name: "ccc",
    description: "Country-capital conflicts: the context names another capital than the one that the model knows.",
    train: build(false),
    test: build(true),
    splitBy: "countries",
  });
}

export interface IndirectObjectsOptions extends TaskOptions {
  /** Which of the sentence templates; each has a length of its own. Default 0. */
  template?: number;
}

/**
 * IOI: `When Mary and John went to the shop, John gave a book to`. `correct` is the name that is not repeated, `wrong`
 * the giver. Both orders of the names. Split by name: no name is on both sides.
 */
export function indirectObjects(model: Model, options: IndirectObjectsOptions = {}): Task {
  const { seed = 0, testShare = 0.3, perGroup = 4, template = 0 } = options;
  if (ioiPatterns[template] === undefined) {
    throw new ArgumentError("indirectObjects", `no template ${template}`, {
      hint: `Valid: 0-${ioiPatterns.length - 1}.`,
    });
  }
  const random = new Random(seed);
  const order = random.shuffle(names);
  const heldCount = Math.round(order.length * testShare);
  const build = (side: readonly string[], isTest: boolean): Draft[] =>
    side.flatMap((a) => {
      const drafts: Draft[] = [];
      while (drafts.length < 2 * perGroup) {
        const b = random.pick(side.filter((name) => name !== a));
        const parts = { a, b, place: random.pick(places), object: random.pick(objects), template };
        if (isTest !== isHeldOutIoi(parts)) continue;
        const orders = ["ABBA", "BABA"] as const;
        const text = ioiPrompt({ ...parts, order: orders[drafts.length % 2]! });
        drafts.push({ text, correct: a, wrong: b, group: a });
      }
      return drafts;
    });
  return assemble(model, {
    name: "ioi",
    description: "Indirect objects: who receives, when one of two names is repeated as the giver.",
    train: build(order.slice(heldCount), false),
    test: build(order.slice(0, heldCount), true),
    splitBy: "names",
  });
}

/** A prompt before it is tokenized; answers are words without their leading space. */
export interface Draft {
  text: string;
  correct: string;
  wrong: string;
  group: string;
}

/**
 * Turns texts into a task for a model: keeps prompts whose answers are one token each and, so that positions mean the
 * same in all of them, only the most frequent token length. What is left out is listed in `skipped`. Throws
 * `ArgumentError` when nothing is left.
 */
export function assemble(
  model: Model,
  parts: { name: string; description: string; train: Draft[]; test: Draft[]; splitBy: string },
): Task {
  const skipped: string[] = [];
  const read = (drafts: Draft[]) => drafts.flatMap((draft) => tokenize(model, draft, skipped));
  const [train, test] = [read(parts.train), read(parts.test)];
  const counts = new Map<number, number>();
  for (const { ids } of [...train, ...test]) counts.set(ids.length, (counts.get(ids.length) ?? 0) + 1);
  const [length] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [0];
  const keep = (prompts: Prompt[]) =>
    prompts.filter(({ ids, text }) => {
      if (ids.length !== length) skipped.push(`${ids.length} tokens, not ${length}: ${text}`);
      return ids.length === length;
    });
  const [trainKept, testKept] = [keep(train), keep(test)];
  if (trainKept.length === 0 || testKept.length === 0) {
    throw new ArgumentError(parts.name, `no prompt of this task fits "${model.name}"`, {
      ...(skipped[0] && { details: { "for example": skipped[0] } }),
    });
  }
  const groups = (prompts: Prompt[]) => new Set(prompts.map((prompt) => prompt.group)).size;
  return {
    name: parts.name,
    description: parts.description,
    train: trainKept,
    test: testKept,
    split: `${groups(trainKept)} training ${parts.splitBy}, ${groups(testKept)} held-out ${parts.splitBy}`,
    skipped,
  };
}

function tokenize(model: Model, draft: Draft, skipped: string[]): Prompt[] {
  const tokenizer = model.needTokenizer("task");
  try {
    const correct = tokenizer.single(` ${draft.correct}`);
    const wrong = tokenizer.single(` ${draft.wrong}`);
    return [{ text: draft.text, ids: tokenizer.encode(draft.text), correct, wrong, group: draft.group }];
  } catch (error) {
    skipped.push(`${(error as Error).message.split("\n")[0]}: ${draft.text}`);
    return [];
  }
}
