import { ArgumentError, Random } from "../../autograd";
import { type Model, TokenError } from "../../nn";

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

/** A text that a task had to leave out. */
export interface Skipped {
  readonly text: string;
  readonly why: string;
}

/** Prompts, of one token length unless asked otherwise, split so that no group is on both sides. */
export interface Task {
  readonly name: string;
  readonly description: string;
  readonly train: readonly Prompt[];
  readonly test: readonly Prompt[];
  /** How train and test differ, in words. */
  readonly split: string;
  /** Texts that could not be used, and why: answers of several tokens, other lengths. */
  readonly skipped: readonly Skipped[];
  /** The same in a few lines for a reader, each reason with how many texts it cost. */
  readonly warnings: readonly string[];
}

/** How prompts are drawn and split. */
export interface TaskOptions {
  seed?: number;
  /** Share of the groups that are held out. Default 0.3. */
  testShare?: number;
  /** Prompts for each country or pair of names. Default 4. */
  perGroup?: number;
}

/** A prompt before it is tokenized; answers are words without their leading space. */
export interface Draft {
  text: string;
  correct: string;
  wrong: string;
  group: string;
}

/** Which lengths a task keeps: the most frequent one, so that positions mean the same in all prompts, or all. */
export type Lengths = "one" | "any";

/**
 * Turns texts into a task for a model: keeps prompts whose answers are one token each and, unless `lengths` is `any`,
 * only the most frequent token length. What is left out is listed in `skipped`. Throws `ArgumentError` when nothing is
 * left.
 */
export function assemble(
  model: Model,
  parts: { name: string; description: string; train: Draft[]; test: Draft[]; splitBy: string; lengths?: Lengths },
): Task {
  const skipped: Skipped[] = [];
  const read = (drafts: Draft[]) => drafts.flatMap((draft) => tokenize(model, draft, skipped));
  const [train, test] = [read(parts.train), read(parts.test)];
  const counts = new Map<number, number>();
  for (const { ids } of [...train, ...test]) counts.set(ids.length, (counts.get(ids.length) ?? 0) + 1);
  const [length] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [0];
  const keep = (prompts: Prompt[]) =>
    prompts.filter(({ ids, text }) => {
      if (parts.lengths === "any") return true;
      if (ids.length !== length) skipped.push({ text, why: `${ids.length} tokens long, not ${length}` });
      return ids.length === length;
    });
  const [trainKept, testKept] = [keep(train), keep(test)];
  if (trainKept.length === 0 || testKept.length === 0) {
    throw new ArgumentError(parts.name, `no prompt of this task fits "${model.name}"`, {
      ...(skipped[0] && { details: { "for example": skipped[0].text, because: skipped[0].why } }),
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
    warnings: warningsOf(skipped),
  };
}

/** `" David" is 5 tokens, not one (8 prompts left out)`: one line for each reason. */
export function warningsOf(skipped: readonly Skipped[]): string[] {
  const counts = new Map<string, number>();
  for (const { why } of skipped) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].map(([why, n]) => `${why} (${n} ${n === 1 ? "prompt" : "prompts"} left out)`);
}

function tokenize(model: Model, draft: Draft, skipped: Skipped[]): Prompt[] {
  const tokenizer = model.needTokenizer("task");
  try {
    const correct = tokenizer.single(` ${draft.correct}`);
    const wrong = tokenizer.single(` ${draft.wrong}`);
    return [{ text: draft.text, ids: tokenizer.encode(draft.text), correct, wrong, group: draft.group }];
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
    skipped.push({ text: draft.text, why: error.problem });
    return [];
  }
}

/**
 * A task from your own prompts: `correct` and `wrong` are words that follow a space. Split so that no `group` (default:
 * the answers) is on both sides; `lengths: "any"` keeps prompts of all lengths, for learners that are tied to no position.
 * Throws `ArgumentError` when nothing can be used or there is only one group.
 */
export function promptTask(
  model: Model,
  prompts: readonly PromptDraft[],
  options: { name?: string; description?: string; seed?: number; testShare?: number; lengths?: Lengths } = {},
): Task {
  const { name = "prompts", description = "Prompts with two answers each.", seed = 0, testShare = 0.3 } = options;
  const { lengths = "one" } = options;
  if (lengths !== "one" && lengths !== "any") {
    throw new ArgumentError(name, `no lengths "${lengths}"`, { hint: "Valid: one, any." });
  }
  const drafts = prompts.map((draft, i) => checkDraft(name, draft, i));
  const groups = [...new Set(drafts.map(({ group }) => group))];
  if (groups.length < 2) {
    throw new ArgumentError(name, `${groups.length} group of prompts cannot be split into training and test`, {
      hint: "Give prompts of two groups or more: other answers, or other values of group.",
    });
  }
  const order = new Random(seed).shuffle(groups);
  const held = Math.min(Math.max(Math.round(groups.length * testShare), 1), groups.length - 1);
  const test = new Set(order.slice(0, held));
  const side = (isTest: boolean) => drafts.filter(({ group }) => test.has(group) === isTest);
  return assemble(model, { name, description, train: side(false), test: side(true), splitBy: "groups", lengths });
}

/** One of your own prompts; see `promptTask`. */
export type PromptDraft = Omit<Draft, "group"> & { group?: string };

function checkDraft(name: string, draft: PromptDraft, at: number): Draft {
  const { text, correct, wrong } = draft ?? {};
  for (const [key, value] of Object.entries({ text, correct, wrong })) {
    if (typeof value === "string" && value !== "") continue;
    throw new ArgumentError(name, `prompt ${at} has no ${key}`, {
      hint: 'A prompt is { "text": "…", "correct": "Paris", "wrong": "Rome" }.',
    });
  }
  return { text, correct, wrong, group: draft.group ?? `${correct} ${wrong}` };
}
