/** A range of values with the round numbers that are written beside it. */
export interface Axis {
  readonly min: number;
  readonly max: number;
  readonly ticks: readonly number[];
}

/** From 0 to a round number at or above `most`, with about `count` steps. */
export function axisTo(most: number, count = 3): Axis {
  const rough = (most > 0 && Number.isFinite(most) ? most : 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const size = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= rough * (1 - 1e-9))!;
  const steps = Math.ceil(most > 0 && Number.isFinite(most) ? most / size - 1e-9 : count);
  const ticks = Array.from({ length: steps + 1 }, (_, i) => Number((i * size).toPrecision(12)));
  return { min: 0, max: ticks.at(-1)!, ticks };
}

/** Smaller values, 0 too, lie at the bottom of an axis of decades. */
export const leastShown = 0.01;

/** Decades from `leastShown` to the first at or above `most`, and to 10 at least. Its values are those of `decadeOf`. */
export function decadesTo(most: number): Axis {
  const min = decadeOf(leastShown);
  const max = Math.max(1, Number.isFinite(most) ? Math.ceil(decadeOf(most) - 1e-9) : 1);
  return { min, max, ticks: Array.from({ length: max - min + 1 }, (_, i) => min + i) };
}

export function decadeOf(value: number): number {
  return Math.log10(Math.max(value, leastShown));
}

/** Where a value lies between the ends of an axis, in percent. */
export function percentAlong({ min, max }: Axis, value: number): number {
  return Math.min(100, Math.max(0, (100 * (value - min)) / (max - min)));
}

/** The `d` of an SVG path through points, in a box of 100 × 100 whose y goes down. Gaps where a value is not finite. */
export function pathOf(xs: readonly number[], ys: readonly number[], x: Axis, y: Axis): string {
  let isDown = false;
  const round = (value: number) => Number(value.toFixed(2));
  return xs
    .map((at, i) => {
      const value = ys[i]!;
      const isPoint = Number.isFinite(value);
      const command = isDown ? "L" : "M";
      isDown = isPoint;
      return isPoint ? `${command}${round(percentAlong(x, at))} ${round(100 - percentAlong(y, value))}` : "";
    })
    .join("");
}

/** At most about `most` of the points, evenly taken; the first and the last are among them. */
export function thinned<T>(points: readonly T[], most: number): readonly T[] {
  if (points.length <= most) return points;
  const step = Math.ceil((points.length - 1) / (most - 1));
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}

/** The value of a curve at `x`, on the straight line between the points beside it. `xs` rise. */
export function valueAt(xs: readonly number[], ys: readonly number[], x: number): number {
  const after = xs.findIndex((at) => at >= x);
  if (after < 0) return ys.at(-1)!;
  if (after === 0) return ys[0]!;
  const t = (x - xs[after - 1]!) / (xs[after]! - xs[after - 1]!);
  return ys[after - 1]! + t * (ys[after]! - ys[after - 1]!);
}
