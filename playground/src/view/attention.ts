import { heatOf } from "./heat";
import { percent, quoted } from "./words";

/** Cells of one strength, as one path in units of cells. */
export interface Shade {
  readonly path: string;
  readonly opacity: number;
}

const levels = 16;

/** A heat map of queries × keys as few paths, which follow the theme by `currentColor`. */
export function shadesOf(pattern: readonly (readonly number[])[]): Shade[] {
  const paths = Array.from({ length: levels + 1 }, () => "");
  pattern.forEach((row, query) => {
    row.forEach((weight, key) => {
      const level = Math.round(levels * (heatOf(weight, 1, "accent")?.share ?? 0));
      paths[level] += `M${key} ${query}h1v1h-1z`;
    });
  });
  return paths
    .map((path, level) => ({ path, opacity: level / levels }))
    .filter(({ path, opacity }) => path && opacity > 0);
}

/** The share of its attention that a head has moved, 0 … 1: half the sum of changes, at the query with the most. */
export function movedBy(clean: readonly (readonly number[])[], steered: readonly (readonly number[])[]): number {
  const moved = clean.map((row, q) => row.reduce((sum, weight, k) => sum + Math.abs(weight - steered[q]![k]!), 0) / 2);
  return Math.max(0, ...moved);
}

/** The tokens that a query reads most, in words: `“Poland” 43%, “is” 20%`. */
export function mostRead(weights: readonly number[], tokens: readonly string[], count = 3): string {
  return weights
    .map((weight, key) => ({ weight, key }))
    .sort((a, b) => b.weight - a.weight)
    .slice(0, count)
    .filter(({ weight }, i) => i === 0 || weight >= 0.01)
    .map(({ weight, key }) => `${quoted(tokens[key]!)} ${percent(weight)}`)
    .join(", ");
}
