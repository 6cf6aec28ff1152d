import { ArgumentError, Random } from "../../autograd";
import { type BootstrapOptions, type Interval, quantile } from "./bootstrap";

/**
 * Percentile bootstrap in two stages, for runs (seeds) that each measure several units (groups of prompts): runs are drawn
 * with replacement, and within each its units. `statistics` maps a sample to one number or several; an interval comes
 * back for each. Resamples where a statistic is NaN do not count for it; `value` is that of the data as they are.
 */
export function nestedBootstrap<T>(
  runs: readonly (readonly T[])[],
  statistics: (sample: readonly (readonly T[])[]) => readonly number[],
  { samples = 1000, seed = 0, level = 0.95 }: BootstrapOptions = {},
): Interval[] {
  if (runs.length === 0 || runs.some((units) => units.length === 0)) {
    throw new ArgumentError("nestedBootstrap", runs.length === 0 ? "no runs given" : "a run has no units");
  }
  if (!Number.isInteger(samples) || samples < 1 || !(level > 0 && level < 1)) {
    throw new ArgumentError("nestedBootstrap", `samples ${samples}, level ${level}`, {
      hint: "Use 1 sample or more, and a level between 0 and 1.",
    });
  }
  const random = new Random(seed);
  const draw = <U>(items: readonly U[]) => items.map(() => random.pick(items));
  const values = statistics(runs);
  const drawn: number[][] = values.map(() => []);
  for (let i = 0; i < samples; i++) {
    statistics(draw(runs).map(draw)).forEach((value, at) => {
      if (!Number.isNaN(value)) drawn[at]!.push(value);
    });
  }
  return values.map((value, at) => {
    const sorted = drawn[at]!.sort((a, b) => a - b);
    return { value, low: quantile(sorted, (1 - level) / 2), high: quantile(sorted, (1 + level) / 2) };
  });
}
