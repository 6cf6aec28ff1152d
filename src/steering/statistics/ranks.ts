import { ArgumentError } from "../../autograd";

/** Ranks from 1 for the smallest; equal values share the mean of their ranks. */
export function ranks(values: readonly number[]): number[] {
  checkNumbers("ranks", values);
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const result = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    // The mean of start + 1, …, end.
    for (let k = start; k < end; k++) result[order[k]!] = (start + 1 + end) / 2;
    start = end;
  }
  return result;
}

/**
 * Spearman's rank correlation, in [−1, 1]; ties share their mean rank. NaN when one side is constant, as nothing can be
 * said then.
 *
 * @throws ArgumentError for lists of different lengths, fewer than two values, or values that are not finite.
 */
export function spearman(a: readonly number[], b: readonly number[]): number {
  checkPair("spearman", a, b);
  if (a.length < 2) throw new ArgumentError("spearman", `${a.length} pairs have no correlation`);
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length + 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  x.forEach((rank, i) => {
    const [dx, dy] = [rank - mean, y[i]! - mean];
    xy += dx * dy;
    xx += dx * dx;
    yy += dy * dy;
  });
  return xx === 0 || yy === 0 ? Number.NaN : xy / Math.sqrt(xx * yy);
}

/**
 * Area under the ROC curve: the chance that a random positive has a larger score than a random negative, where equal
 * scores count half. 0.5 is chance. NaN without positives or without negatives.
 *
 * @throws ArgumentError for lists of different lengths or scores that are not finite.
 */
export function auroc(scores: readonly number[], labels: readonly boolean[]): number {
  checkPair("auroc", scores, labels);
  const positives = labels.filter(Boolean).length;
  const negatives = labels.length - positives;
  if (positives === 0 || negatives === 0) return Number.NaN;
  const rankSum = ranks(scores).reduce((sum, rank, i) => sum + (labels[i] ? rank : 0), 0);
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Marks the `count` largest values; of equal ones the first. */
export function isAmongLargest(values: readonly number[], count: number): boolean[] {
  if (!Number.isInteger(count) || count < 0) throw new ArgumentError("isAmongLargest", `count is ${count}`);
  checkNumbers("isAmongLargest", values);
  const order = values.map((_, i) => i).sort((i, j) => values[j]! - values[i]! || i - j);
  const chosen = new Set(order.slice(0, count));
  return values.map((_, i) => chosen.has(i));
}

function checkPair(where: string, a: readonly number[], b: readonly unknown[]): void {
  if (a.length !== b.length) {
    throw new ArgumentError(where, "the lists differ in length", { details: { first: a.length, second: b.length } });
  }
  checkNumbers(where, a);
}

function checkNumbers(where: string, values: readonly number[]): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new ArgumentError(where, `value ${at} is ${values[at]}`);
}
