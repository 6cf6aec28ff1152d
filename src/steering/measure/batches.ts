import { step } from "../../autograd";

/** Prompts that go through the model at once. */
export const batchSize = 32;

/** Calls `f` with batches of `prompts` and the index of their first, each call in a `step`; returns what it returned. */
export function inBatches<P, R>(prompts: readonly P[], f: (batch: readonly P[], start: number) => R): R[] {
  const results: R[] = [];
  for (let start = 0; start < prompts.length; start += batchSize) {
    results.push(step(() => f(prompts.slice(start, start + batchSize), start)));
  }
  return results;
}
