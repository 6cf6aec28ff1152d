import { ArgumentError, Random } from "../../autograd";
import type { Model } from "../../nn";
import { type DocumentKind, documentText } from "./corpus/corpus";
import type { Task } from "./task";

/** Documents of the built-in model's corpus that do not pose the task, by its name. */
const unrelatedKinds: Readonly<Record<string, readonly DocumentKind[]>> = {
  ccc: ["facts", "ioi"],
  ioi: ["facts", "conflict"],
};

/** Documents drawn for each that is kept, so that there is a choice of lengths. */
const drawn = 10;

/**
 * Texts for `harm` out of the built-in model's own corpus: for `ccc` plain facts and sentences with indirect objects,
 * for `ioi` facts and country-capital conflicts, as many of each. Longer documents are preferred until they are as long
 * as the task's prompts, so that what is tied to positions meets a token. Other models can read them too, as far as
 * they fit their context.
 *
 * Throws `ArgumentError` for tasks of your own: what is unrelated to them only you know.
 */
export function unrelatedTexts(
  model: Model,
  task: Task,
  { seed = 0, count = 64 }: { seed?: number; count?: number } = {},
): string[] {
  const kinds = Object.hasOwn(unrelatedKinds, task.name) ? unrelatedKinds[task.name]! : undefined;
  if (kinds === undefined) {
    throw new ArgumentError("unrelatedTexts", `no texts are known that are unrelated to the task "${task.name}"`, {
      hint: "Give harm texts of your own.",
    });
  }
  if (!Number.isInteger(count) || count < 1) throw new ArgumentError("unrelatedTexts", `count is ${count}`);
  const random = new Random(seed);
  // The last token is only predicted, never read.
  const wanted = [...task.train, ...task.test][0]!.ids.length + 1;
  const texts = kinds.flatMap((kind, i) => {
    const share = Math.floor(count / kinds.length) + (i < count % kinds.length ? 1 : 0);
    const draws = Array.from({ length: drawn * share }, () => documentText(kind, () => random.uniform()));
    const sized = [...new Set(draws)].map((text) => ({ text, length: model.encode(text).length }));
    const fitting = sized.filter(({ length }) => length <= model.config.n_ctx + 1);
    const order = fitting.sort((a, b) => Math.min(b.length, wanted) - Math.min(a.length, wanted));
    return order.slice(0, share).map(({ text }) => text);
  });
  if (texts.length > 0) return texts;
  throw new ArgumentError("unrelatedTexts", `no text fits the context of "${model.name}"`, {
    details: { context: `${model.config.n_ctx} tokens` },
  });
}
