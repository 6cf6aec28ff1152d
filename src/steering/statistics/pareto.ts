/**
 * The items that no other beats: none has at least their gain at no more cost, and more gain or less cost. By rising
 * cost. Of items that are equal in both all are kept; items with NaN are left out.
 */
export function paretoFront<T>(items: readonly T[], of: (item: T) => { gain: number; cost: number }): T[] {
  const points = items.map((item) => ({ item, ...of(item) })).filter(({ gain, cost }) => !Number.isNaN(gain + cost));
  const isBeaten = (p: (typeof points)[number]) =>
    points.some((q) => q.gain >= p.gain && q.cost <= p.cost && (q.gain > p.gain || q.cost < p.cost));
  return points
    .filter((point) => !isBeaten(point))
    .sort((a, b) => a.cost - b.cost)
    .map(({ item }) => item);
}
