import { ArgumentError, Random } from "../../autograd";

/** How intervals are drawn. */
export interface BootstrapOptions {
  seed?: number;
  /** How often is drawn. Default 1000. */
  samples?: number;
  /** Share of the draws inside the interval. Default 0.95. */
  level?: number;
}

/** A statistic of the items as they are, and where the middle `level` of its bootstrap values lies. */
export interface Interval {
  value: number;
  low: number;
  high: number;
}

/**
 * Percentile bootstrap: draws as many items as there are, with replacement, and computes the statistic, `samples` times.
 * The items should be what was drawn at random in the first place (prompts, seeds), not what is measured on each.
 * Draws where the statistic is NaN are left out.
 *
 * @throws ArgumentError for no items and for options out of range.
 */
export function bootstrap<T>(
  items: readonly T[],
  statistic: (items: readonly T[]) => number,
  options: BootstrapOptions = {},
): Interval {
  return bootstrapOf([items.length], (drawn) => statistic(drawn.map((i) => items[i]!)), options);
}

/**
 * Percentile bootstrap over several lists at once, each resampled on its own, e.g. prompts and seeds. `counts`: their lengths; the
 * statistic sees the indices drawn from each.
 */
export function bootstrapOf(
  counts: readonly number[],
  statistic: (...drawn: number[][]) => number,
  options: BootstrapOptions = {},
): Interval {
  const { seed = 0, samples = 1000, level = 0.95 } = options;
  if (counts.length === 0 || counts.some((count) => !Number.isInteger(count) || count < 1)) {
    throw new ArgumentError("bootstrap", "there is nothing to draw from");
  }
  if (!Number.isInteger(samples) || samples < 1) throw new ArgumentError("bootstrap", `samples is ${samples}`);
  if (!(level > 0 && level < 1)) {
    throw new ArgumentError("bootstrap", `level is ${level}`, { hint: "Use a number between 0 and 1, such as 0.95." });
  }
  const random = new Random(seed);
  const draw = (count: number) => Array.from({ length: count }, () => random.integer(0, count));
  const values = Array.from({ length: samples }, () => statistic(...counts.map(draw)))
    .filter((value) => !Number.isNaN(value))
    .sort((a, b) => a - b);
  const value = statistic(...counts.map((count) => Array.from({ length: count }, (_, i) => i)));
  return { value, low: quantile(values, (1 - level) / 2), high: quantile(values, (1 + level) / 2) };
}

/** The mean with its bootstrap interval. */
export function meanInterval(values: readonly number[], options: BootstrapOptions = {}): Interval {
  return bootstrap(values, (drawn) => drawn.reduce((sum, value) => sum + value, 0) / drawn.length, options);
}

/** The value below which a share `p` of ascending values lies, interpolated linearly; NaN of none. */
export function quantile(ascending: readonly number[], p: number): number {
  if (ascending.length === 0) return Number.NaN;
  const at = p * (ascending.length - 1);
  const below = Math.floor(at);
  const [low, high] = [ascending[below]!, ascending[Math.min(below + 1, ascending.length - 1)]!];
  return low + (at - below) * (high - low);
}
