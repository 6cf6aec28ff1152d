import { ArgumentError, Random } from "../../autograd";
import type { Model } from "../../nn";
import { taskFamilies } from "./registry";
import type { Task } from "./task";

/** Texts drawn for each that is kept, so that there is a choice of lengths. */
const drawn = 10;

/**
 * Returns texts for `harm` that do not pose the task, of each kind that its family names as many: for `ccc` plain facts and
 * sentences with indirect objects, for `ioi` facts and country-capital conflicts. Longer texts are preferred until they
 * are as long as the task's prompts, so that what is tied to positions meets a token. They are of the kinds that the
 * built-in model was trained on; other models can read them too, as far as they fit their context.
 *
 * @throws `ArgumentError` for tasks of your own: only you know what is unrelated to them.
 */
export function unrelatedTexts(
  model: Model,
  task: Task,
  { seed = 0, count = 64 }: { seed?: number; count?: number } = {},
): string[] {
  const writers = taskFamilies.find(({ name }) => name === task.name)?.unrelated;
  if (writers === undefined) {
    throw new ArgumentError("unrelatedTexts", `no texts are known that are unrelated to the task "${task.name}"`, {
      hint: "Give harm texts of your own.",
    });
  }
  if (!Number.isInteger(count) || count < 1) throw new ArgumentError("unrelatedTexts", `count is ${count}`);
  const random = new Random(seed);
  // The last token is only predicted, never read.
  const wanted = [...task.train, ...task.test][0]!.ids.length + 1;
  const texts = writers.flatMap((write, i) => {
    const share = Math.floor(count / writers.length) + (i < count % writers.length ? 1 : 0);
    const draws = Array.from({ length: drawn * share }, () => write(random));
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
